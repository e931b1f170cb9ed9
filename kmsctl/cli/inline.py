"""File data that is given and taken in memory, in place of files: what `kmsctl batch` works with.

A path that begins with a zero byte, which no real path can have, names data of the command that runs.
"""

from __future__ import annotations

from kmsctl.cli.failures import CommandError

MARK = "\0"


class Data:
    """The data of one command: `given` to it and `taken` from it, by flag (``plaintext-file``)."""

    __slots__ = ("given", "taken")

    def __init__(self) -> None:
        self.given: dict[str, bytes] = {}
        self.taken: dict[str, bytes] = {}


#: Of the command that runs. One process runs one command at a time.
_current = Data()


def use(data: Data) -> None:
    """Makes `data` that of the command that is about to run."""
    global _current  # noqa: PLW0603 - what takes the place of files is as global as files are
    _current = data


def path_of(flag: str) -> str:
    """Returns the path that names the data of a flag."""
    return MARK + flag


def shown(text: str) -> str:
    """Returns a message with such paths as people can read them."""
    return text.replace(MARK, "data: ")


def read(path: str) -> bytes:
    """Returns the data that a path names.

    Raises:
        CommandError: if none was given.
    """
    name = path.removeprefix(MARK)
    if name not in _current.given:
        raise CommandError(
            f'No data was given for --{name}. In a batch, data takes the place of standard input: "data": '
            f'{{"{name}": "BASE64"}}.'
        )
    return _current.given[name]


def write(path: str, data: bytes) -> None:
    """Keeps what a command writes to a path."""
    _current.taken[path.removeprefix(MARK)] = data
