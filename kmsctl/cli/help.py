"""Lays pages out for the terminal: ``--help``, which fits a screen, and ``kmsctl help``, which is whole."""

from __future__ import annotations

from kmsctl.cli import pages
from kmsctl.cli.pages import Entry, Example
from kmsctl.cli.tree import PROGRAM, spoken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kmsctl.cli.command import Command
    from kmsctl.cli.pages import Block, Page

#: Lines of ``--help`` from which on it leaves out what is not flags.
SCREEN = 50
_WIDTH = 80
_INDENT, _ENTRY, _ENTRY_TEXT = 4, 5, 8
#: Where the texts of entries with short names stand, beside the names.
_COLUMN = 28
_BACKSLASH = " \\"


def of_command(command: Command) -> str:
    """Returns the help of a command."""
    return _brief(pages.of_command(command, whole=False))


def of_group(words: tuple[str, ...]) -> str:
    """Returns the help of a group, or of the program."""
    return _brief(pages.of_group(words, whole=False))


def whole(page: Page) -> str:
    """Returns a page as text, with room between its entries."""
    return _laid_out(page, page.sections, entry=_roomy_entry, gap=[""])


def _brief(page: Page) -> str:
    """Returns a page as close text. One that is too long keeps a paragraph and an example."""
    text = _laid_out(page, page.sections, entry=_close_entry, gap=[])
    if text.count("\n") <= SCREEN:
        return text
    more = " ".join(["For more:", PROGRAM, "help", *page.words])
    sections: list[tuple[str, Sequence[Block]]] = []
    for title, blocks in page.sections:
        if title == "DESCRIPTION":
            sections.append((title, [f"{blocks[0]} {more}."]))
        else:
            sections.append((title, blocks[:1] if title == "EXAMPLES" else blocks))
    return _laid_out(page, sections, entry=_close_entry, gap=[])


def _laid_out(
    page: Page, sections: Sequence[tuple[str, Sequence[Block]]], *, entry: _EntryLayout, gap: list[str]
) -> str:
    name = spoken(page.words)
    lines = ["NAME", *filled(f"{name} - {page.summary}", _INDENT), ""]
    lines += ["SYNOPSIS", *_joined([name, *page.synopsis], _INDENT), ""]
    for title, blocks in sections:
        lines.append(title)
        for number, block in enumerate(blocks):
            is_entry = isinstance(block, Entry)
            if number and not (is_entry and isinstance(blocks[number - 1], Entry)):
                lines.append("")
            elif number:
                lines += gap
            if isinstance(block, Entry):
                lines += entry(block)
            elif isinstance(block, Example):
                lines += _example(block)
            else:
                lines += filled(block, _INDENT)
        lines.append("")
    return "\n".join(lines)


def _example(example: Example) -> list[str]:
    lines = [*filled(example.text, _INDENT), ""] if example.text else []
    return [*lines, *(" " * 8 + line for line in example_lines(example))]


def example_lines(example: Example) -> list[str]:
    """Returns a command line as it can be copied, broken where it is too long."""
    lines: list[str] = []
    line = f"$ {PROGRAM}"
    for word in example.line.split():
        if 8 + len(line) + 1 + len(word) + len(_BACKSLASH) > _WIDTH:
            lines.append(line + _BACKSLASH)
            line = " " * 3
        line += f" {word}"
    return [*lines, line]


def _roomy_entry(entry: Entry) -> list[str]:
    return [" " * _ENTRY + entry.title, *filled(entry.text, _ENTRY_TEXT)]


def _close_entry(entry: Entry) -> list[str]:
    """Puts the text beside the name if that is short, and below it if not."""
    if _ENTRY + len(entry.title) + 2 > _COLUMN:
        return _roomy_entry(entry)
    first, *others = filled(entry.text, _COLUMN)
    return [f"{' ' * _ENTRY}{entry.title}".ljust(_COLUMN) + first.strip(), *others]


def filled(text: str, indent: int) -> list[str]:
    """Sets the words of `text` into lines."""
    return _joined(text.split(), indent, hanging=0)


def _joined(pieces: Iterable[str], indent: int, *, hanging: int = 4) -> list[str]:
    """Sets pieces into lines; none is broken, and lines after the first are indented further."""
    lines: list[str] = []
    line = " " * indent
    is_empty = True
    for piece in pieces:
        if not is_empty and len(line) + 1 + len(piece) > _WIDTH:
            lines.append(line)
            line = " " * (indent + hanging)
            is_empty = True
        line += piece if is_empty else f" {piece}"
        is_empty = False
    return [*lines, line]


if TYPE_CHECKING:
    from collections.abc import Callable

    _EntryLayout = Callable[[Entry], list[str]]
