"""Verifying an export and its checkpoints with public keys alone: no store is needed."""

from __future__ import annotations

from kmsctl.crypto import notes
from kmsctl.model.checkpoints import parse_notes
from kmsctl.model.log_tree import LogTree, leaf_hash
from kmsctl.service.reports import Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kmsctl.model.checkpoints import Checkpoint, Note

_KEY = "Take the public key from where it was published, and the files from where they were exported."
#: How much of its epoch a record's ``insertId`` begins with, in hexadecimal digits.
_EPOCH_DIGITS = 8
_EXPORT = "Get the export once more from whoever made it; what they signed is not what is here."


def signed(note: Note, public: Sequence[bytes]) -> bool:
    """Tells whether one of these Ed25519 keys signed a note under the name of its origin."""
    data = note.text.encode()
    return any(
        name == note.checkpoint.origin
        and known == notes.key_id(name, key)
        and notes.is_signed(key, signature, data)
        for name, known, signature in note.signatures
        for key in public
    )


def verify(checkpoint: str, pem: bytes, export: Iterable[bytes] | None) -> Iterator[Finding]:
    """Yields what is wrong with checkpoints, and with the export that they are of.

    Args:
        checkpoint: the text of the file of checkpoints.
        pem: the public keys.
        export: the lines of the export, or None to check the signatures alone.

    Raises:
        InvalidArgument: if checkpoint or keys are something else.
    """
    found = parse_notes(checkpoint)
    public = notes.load_public_keys(pem)
    for note in found:
        if not signed(note, public):
            text = "The checkpoint was not signed by the owner of the public key, or was changed."
            yield Finding(note.checkpoint.origin, "SIGNATURE", text, _KEY)
    if export is None:
        return
    lines = _Lines(export)
    for number, note in enumerate(found, 1):
        after = {later.checkpoint.epoch.hex()[:_EPOCH_DIGITS] for later in found[number:]}
        yield from _verify_records(note.checkpoint, lines, after)
    if lines.ahead is not None:
        yield Finding("export", "ADDED", "There are more records than the checkpoints are of.", _EXPORT)


def contents(checkpoint: str, pem: bytes) -> tuple[list[Checkpoint], int]:
    """Returns what checkpoints there are, and how many of the public keys signed none of them.

    Nothing else tells that a log was left out together with its checkpoint.
    """
    found = parse_notes(checkpoint)
    public = notes.load_public_keys(pem)
    unused = sum(not any(signed(note, [key]) for note in found) for key in public)
    return [note.checkpoint for note in found], unused


class _Lines:
    """The lines of an export; `ahead` is the one that is taken next, None at the end."""

    def __init__(self, export: Iterable[bytes]) -> None:
        self._rest = iter(export)
        self.ahead = next(self._rest, None)

    def take(self) -> None:
        self.ahead = next(self._rest, None)


def _verify_records(said: Checkpoint, lines: _Lines, after: set[str]) -> Iterator[Finding]:
    """Yields what is wrong with the records of one log; `after` are the epochs of the logs that follow it."""
    from hashlib import sha256

    def digest(data: bytes) -> bytes:
        return sha256(data).digest()

    tree = LogTree(digest, said.first - 1, said.before)
    while tree.size < said.size:
        line = lines.ahead
        if line is None or _epoch(line) in after:
            one = tree.size + 1 == said.size
            text = f"Record {said.size} is" if one else f"Records {tree.size + 1} to {said.size} are"
            text += " missing."
            yield Finding(said.origin, "REMOVED", text, _EXPORT)
            return
        number = _number(line)
        if number not in {0, tree.size + 1}:
            text = f"In the place of record {tree.size + 1} stands record {number}."
            yield Finding(said.origin, "MOVED", text, _EXPORT)
            if number > tree.size + 1:
                while lines.ahead is not None and _epoch(lines.ahead) not in after:
                    lines.take()
                return
        lines.take()
        tree.append(leaf_hash(digest, line.rstrip(b"\n")))
    if tree.root() != said.root:
        several = said.count != 1
        which = f"Records {said.first} to {said.size} are" if several else f"Record {said.size} is"
        text = f"{which} not what was signed: {'some were' if several else 'it was'} changed."
        yield Finding(said.origin, "EDITED", text, _EXPORT)


def _number(line: bytes) -> int:
    """Returns the number that a record says it has, 0 if it says none: it helps to tell what is wrong."""
    number = _insert_id(line)[2]
    return int(number) if number.isdigit() and len(number) < 16 else 0


def _epoch(line: bytes) -> str:
    """Returns what a record says of the epoch it was written in."""
    return _insert_id(line)[0].decode("ascii", "replace")


def _insert_id(line: bytes) -> tuple[bytes, bytes, bytes]:
    start = line.find(b'"insertId":"')
    return (line[start + 12 : start + 60] if start >= 0 else b"").partition(b'"')[0].rpartition(b"-")
