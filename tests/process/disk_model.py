"""A disk that may lose power: which writes are safe, and what a directory may look like afterwards.

Files keep what was synced (fsync, fdatasync); of what was written since, any part may be there, in pieces of a
sector, in any order. Directories keep the entries that were there when they were last synced; of the
changes since, any number may be there, in their order. That is what POSIX promises, and no more.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

SECTOR = 512
CALLS = (
    "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,ftruncate,"
    "mkdir,mkdirat,rmdir,fallocate,pwritev,writev,truncate,copy_file_range,sendfile"
)
_CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += +(-?\d+)(.*)$")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_DESCRIPTOR = re.compile(r"(?<![\w\\])(\d+)<((?:\\x[0-9a-f]{2})*)>")
_UNKNOWN = {"fallocate", "pwritev", "writev", "truncate", "copy_file_range", "sendfile"}


class File:
    def __init__(self) -> None:
        self.durable = b""
        self.content = bytearray()
        #: (offset, bytes) of writes since the last sync; (size, None) of a cut
        self.pending: list[tuple[int, bytes | None]] = []

    def write(self, offset: int, data: bytes | None) -> None:
        self.pending.append((offset, data))
        _put(self.content, offset, data)

    def sync(self) -> None:
        self.durable, self.pending = bytes(self.content), []

    def after(self, rng: Random | None, *, kept: bool) -> bytes:
        """Returns what may be there after the cut: all of what is pending or none of it, or what `rng` draws."""
        content = bytearray(self.durable)
        for offset, data in self.pending:
            if rng is None:
                if kept:
                    _put(content, offset, data)
            elif data is None:
                if rng.random() < 0.5:
                    _put(content, offset, None)
            elif rng.random() < 0.7:
                sectors = -(-len(data) // SECTOR)
                kept_sectors = (
                    [rng.random() < 0.8 for _ in range(sectors)] if rng.random() < 0.3 else [True] * sectors
                )
                for number, keep in enumerate(kept_sectors):
                    if keep:
                        start = number * SECTOR
                        _put(content, offset + start, data[start : start + SECTOR])
        return bytes(content)


def _put(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
        return
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


class Directory:
    def __init__(self) -> None:
        self.durable: dict[str, Node] = {}
        self.entries: dict[str, Node] = {}
        #: sets of (name, what it stands for now, or None) that change at once
        self.pending: list[dict[str, Node | None]] = []

    def change(self, **changes: Node | None) -> None:
        self.pending.append(changes)
        _apply(self.entries, changes)

    def sync(self) -> None:
        self.durable, self.pending = dict(self.entries), []

    def after(self, rng: Random | None, *, kept: bool) -> dict[str, Node]:
        entries = dict(self.durable)
        count = len(self.pending) if kept else 0
        if rng is not None:
            count = rng.randrange(len(self.pending) + 1)
        for changes in self.pending[:count]:
            _apply(entries, changes)
        return entries


Node = File | Directory


def _apply(entries: dict[str, Node], changes: dict[str, Node | None]) -> None:
    for name, node in changes.items():
        if node is None:
            entries.pop(name, None)
        else:
            entries[name] = node


class Disk:
    """The directory `root`, which was empty and safe when it began."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self.top = Directory()
        self._places: dict[str, int] = {}  # where the next `write` goes, by descriptor
        #: how many lines were written to standard output
        self.said = 0
        #: how many calls changed anything
        self.changes = 0

    def play(self, line: str) -> bool:
        """Takes one line of a trace. Returns whether it changed what is, or what is safe."""
        found = _CALL.match(line)
        if found is None or int(found[3]) < 0:
            return False
        call, arguments, result, rest = found[1], found[2], int(found[3]), found[4]
        texts = [(bytes.fromhex(text.replace("\\x", "")), cut) for text, cut in _TEXT.findall(arguments)]
        assert not any(cut for _, cut in texts), "the trace was cut off"
        descriptor = _DESCRIPTOR.search(arguments)
        if call == "write" and descriptor is not None and descriptor[1] == "1":
            self.said += texts[0][0].count(b"\n")
            return False
        paths = [text.decode(errors="replace") for text, _ in texts]
        place = _unescaped(descriptor[2]) if descriptor is not None else ""
        concerned = any(self._is_inside(path) for path in ([place] if call in _ON_DESCRIPTORS else paths))
        if not concerned or (place or paths[0]).endswith("-shm"):
            return False  # the index of the log is made anew where it is missing
        assert call not in _UNKNOWN, line[:200]
        before = self.changes
        getattr(self, f"_{call}")(place, texts, paths, arguments, result, rest)
        return self.changes > before

    def _is_inside(self, path: str) -> bool:
        return path.startswith(self._root + "/") or path == self._root

    def _find(self, path: str) -> Node | None:
        node: Node = self.top
        for part in os.path.relpath(path, self._root).split("/"):
            if part == ".":
                continue
            found = node.entries.get(part) if isinstance(node, Directory) else None
            if found is None:
                return None
            node = found
        return node

    def _parent(self, path: str) -> Directory:
        node = self._find(os.path.dirname(path))
        assert isinstance(node, Directory), path
        return node

    def _file(self, path: str) -> File | None:
        node = self._find(path.removesuffix(" (deleted)"))
        return node if isinstance(node, File) and not path.endswith(" (deleted)") else None

    # One method a call: what `play` has made of its line.

    def _openat(
        self, place: str, texts: object, paths: list[str], arguments: str, result: int, rest: str
    ) -> None:
        [path] = paths
        if self._find(path) is None and "O_CREAT" in arguments:
            self._parent(path).change(**{os.path.basename(path): File()})
            self.changes += 1
        file = self._file(path)
        if file is not None and "O_TRUNC" in arguments:
            file.write(0, None)
            self.changes += 1
        self._places[str(result)] = 0

    def _pwrite64(
        self,
        place: str,
        texts: list[tuple[bytes, str]],
        paths: object,
        arguments: str,
        result: int,
        rest: str,
    ) -> None:
        self._write_at(place, int(arguments.rpartition(", ")[2]), texts[0][0][:result])

    def _write(
        self,
        place: str,
        texts: list[tuple[bytes, str]],
        paths: object,
        arguments: str,
        result: int,
        rest: str,
    ) -> None:
        number = arguments.partition("<")[0]
        self._write_at(place, self._places[number], texts[0][0][:result])
        self._places[number] += result

    def _write_at(self, place: str, offset: int, data: bytes) -> None:
        file = self._file(place)
        if file is not None:
            file.write(offset, data)
            self.changes += 1

    def _ftruncate(
        self, place: str, texts: object, paths: object, arguments: str, result: int, rest: str
    ) -> None:
        size = arguments.rpartition(", ")[2]
        file = self._file(place)
        if file is not None:
            file.write(int(size, 0), None)
            self.changes += 1

    def _fsync(
        self, place: str, texts: object, paths: object, arguments: str, result: int, rest: str
    ) -> None:
        node = self._find(place)
        if node is not None:
            node.sync()
            self.changes += 1

    _fdatasync = _fsync

    def _mkdir(
        self, place: str, texts: object, paths: list[str], arguments: str, result: int, rest: str
    ) -> None:
        self._parent(paths[0]).change(**{os.path.basename(paths[0]): Directory()})
        self.changes += 1

    def _unlink(
        self, place: str, texts: object, paths: list[str], arguments: str, result: int, rest: str
    ) -> None:
        self._parent(paths[0]).change(**{os.path.basename(paths[0]): None})
        self.changes += 1

    _rmdir = _unlink

    def _link(
        self, place: str, texts: object, paths: list[str], arguments: str, result: int, rest: str
    ) -> None:
        self._parent(paths[1]).change(**{os.path.basename(paths[1]): self._find(paths[0])})
        self.changes += 1

    _linkat = _link

    def _rename(
        self, place: str, texts: object, paths: list[str], arguments: str, result: int, rest: str
    ) -> None:
        old, new = paths
        assert os.path.dirname(old) == os.path.dirname(new)
        node = self._find(old)
        self._parent(old).change(**{os.path.basename(old): None, os.path.basename(new): node})
        self.changes += 1

    _renameat = _renameat2 = _rename

    def write_to(self, path: Path, rng: Random | None, *, kept: bool = False) -> None:
        """Makes a directory as it may be found after the cut."""
        _write_directory(self.top, path, rng, kept=kept)


_ON_DESCRIPTORS = {"write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "pwritev", "writev"}


def _unescaped(text: str) -> str:
    return bytes.fromhex(text.replace("\\x", "")).decode(errors="replace")


def _write_directory(node: Directory, path: Path, rng: Random | None, *, kept: bool) -> None:
    path.mkdir(mode=0o700)
    for name, entry in node.after(rng, kept=kept).items():
        if isinstance(entry, Directory):
            _write_directory(entry, path / name, rng, kept=kept)
        else:
            file = path / name
            file.write_bytes(entry.after(rng, kept=kept))
            file.chmod(0o600)
