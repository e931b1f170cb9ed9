"""Colours of tables on a terminal: headings, states, and what ``color()`` asks for."""

from __future__ import annotations

_BOLD = "\x1b[1m"
_PLAIN = "\x1b[0m"
CODES = {"red": "\x1b[31m", "yellow": "\x1b[33m", "green": "\x1b[32m", "blue": "\x1b[34m"}

#: State of a version or an import job → its colour: usable, not now, gone or failed.
STATES = {
    "ENABLED": "green",
    "ACTIVE": "green",
    "DISABLED": "yellow",
    "EXPIRED": "yellow",
    "PENDING_GENERATION": "yellow",
    "PENDING_IMPORT": "yellow",
    "DESTROY_SCHEDULED": "red",
    "DESTROYED": "red",
    "GENERATION_FAILED": "red",
    "IMPORT_FAILED": "red",
}


class Coloured(str):
    """A text that is shown in a colour where there are colours, and is that text everywhere else."""

    __slots__ = ("colour",)

    colour: str

    def __new__(cls, text: str, colour: str) -> Coloured:
        made = super().__new__(cls, text)
        made.colour = colour
        return made


def painted(cell: str, padded: str) -> str:
    """Returns a padded cell in its colour, if it has one; the padding has none."""
    colour = cell.colour if isinstance(cell, Coloured) else STATES.get(cell)
    if not colour or not cell:
        return padded
    return padded.replace(cell, f"{CODES[colour]}{cell}{_PLAIN}", 1)


def headed(label: str, padded: str) -> str:
    """Returns a padded heading in bold."""
    return padded.replace(label, f"{_BOLD}{label}{_PLAIN}", 1) if label else padded
