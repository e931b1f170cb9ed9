"""Checkpoints: what a signed note says of a log, in the format of C2SP tlog-checkpoint.

The text is lines: the origin, the size, the root hash in Base64, and four more of kmsctl's own:

    first NUMBER     the first record that the export has
    before EDGE      the edge of the hash tree before that record, in Base64; a hyphen where there is none
    epoch HEX        of the database: another one where its owner accepted a rollback
    time TIME        when it was signed

After a blank line follow the signatures, as C2SP signed-note has them.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from kmsctl.errors import InvalidArgument
from kmsctl.model.log_tree import HASH_SIZE

SIGNATURE_MARK = "\u2014 "
_NONE = "-"
_EPOCH_SIZE = 16
_SIGNATURE_SIZE = 4 + 64


class Checkpoint:
    """What was said of a log of `size` records: its `root`, and from which record on they are exported."""

    __slots__ = ("before", "epoch", "first", "origin", "root", "size", "time")

    def __init__(
        self, origin: str, size: int, root: bytes, *, first: int, before: bytes, epoch: bytes, time: str
    ) -> None:
        self.origin = origin
        self.size = size
        self.root = root
        self.first = first
        self.before = before
        self.epoch = epoch
        self.time = time

    @property
    def count(self) -> int:
        """How many records the export has."""
        return self.size - self.first + 1

    def text(self) -> str:
        """Returns what is signed."""
        return (
            f"{self.origin}\n{self.size}\n{base64(self.root)}\nfirst {self.first}\n"
            f"before {base64(self.before) if self.before else _NONE}\nepoch {self.epoch.hex()}\n"
            f"time {self.time}\n"
        )


class Note:
    """A signed note: its text, the checkpoint in it, and (key name, key id, signature) of each signature."""

    __slots__ = ("checkpoint", "signatures", "text")

    def __init__(self, text: str, checkpoint: Checkpoint, signatures: list[tuple[str, bytes, bytes]]) -> None:
        self.text = text
        self.checkpoint = checkpoint
        self.signatures = signatures


def base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()


def signature_line(name: str, key_id: bytes, signature: bytes) -> str:
    return f"{SIGNATURE_MARK}{name} {base64(key_id + signature)}\n"


def parse_notes(text: str) -> list[Note]:
    """Parses the notes of a file, one after another with a blank line between.

    Raises:
        InvalidArgument: if it is something else.
    """
    found = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        if not lines[at]:
            at += 1
            continue
        end = at
        while end < len(lines) and lines[end]:
            end += 1
        body = "\n".join(lines[at:end]) + "\n"
        checkpoint = _parse(lines[at:end])
        at = end + 1
        signatures = []
        while at < len(lines) and lines[at].startswith(SIGNATURE_MARK):
            signatures.append(_signature(lines[at]))
            at += 1
        if not signatures:
            raise malformed("it has no signature")
        found.append(Note(body, checkpoint, signatures))
    if not found:
        raise malformed("it is empty")
    return found


def malformed(why: str) -> InvalidArgument:
    return InvalidArgument(f"checkpoint: this is no checkpoint of a kmsctl log: {why}.")


def _parse(lines: list[str]) -> Checkpoint:
    if len(lines) < 7:
        raise malformed("lines are missing")
    origin, size, root, *others = lines
    fields = dict(line.split(" ", 1) for line in others if " " in line)
    try:
        before = fields["before"]
        made = Checkpoint(
            origin,
            _count(size),
            a2b_base64(root, strict_mode=True),
            first=_count(fields["first"]),
            before=b"" if before == _NONE else a2b_base64(before, strict_mode=True),
            epoch=bytes.fromhex(fields["epoch"]),
            time=fields["time"],
        )
    except (KeyError, ValueError, Base64Error):
        raise malformed("a line is not as it should be") from None
    sound = len(made.root) == HASH_SIZE and len(made.epoch) == _EPOCH_SIZE
    edge = HASH_SIZE * (made.first - 1).bit_count() if made.first else -1
    if not sound or not 1 <= made.first <= made.size + 1 or len(made.before) != edge:
        raise malformed("its lines do not fit each other")
    return made


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or (text[0] == "0" and text != "0"):
        raise ValueError(text)
    return int(text)


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(SIGNATURE_MARK).partition(" ")
    try:
        blob = a2b_base64(encoded, strict_mode=True)
    except (ValueError, Base64Error):
        raise malformed("a signature is not as it should be") from None
    if not name or len(blob) != _SIGNATURE_SIZE:
        raise malformed("a signature is not as it should be")
    return name, blob[:4], blob[4:]
