"""Lays pages out as manual pages, in the man(7) macros that groff and mandoc have in common.

The same tree gives the same bytes: nothing depends on the day or the machine.
"""

from __future__ import annotations

from kmsctl.cli import pages
from kmsctl.cli.pages import Entry, Example
from kmsctl.cli.surroundings import page_name
from kmsctl.cli.tree import GROUPS, PROGRAM, spoken
from kmsctl.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.cli.pages import Block, Page

SECTION = "1"
_LINE = 72
#: groff_char(7): characters that would be set as typographic ones, or end a string.
_ESCAPES = str.maketrans(
    {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti", '"': "\\(dq"}
)


def page_of(words: tuple[str, ...]) -> Page:
    """Returns the whole page of a command, a group, or (no words) the program."""
    if words in GROUPS:
        return pages.of_group(words)
    from kmsctl.cli.group import load

    return pages.of_command(load(words))


def file_name(words: tuple[str, ...]) -> str:
    """Returns the name of the file of a page: ``kmsctl-keys-create.1``."""
    return f"{page_name(words)}.{SECTION}"


def source(page: Page) -> str:
    """Returns a manual page."""
    return "\n".join(_lines(page)) + "\n"


def _lines(page: Page) -> Iterator[str]:
    name = page_name(page.words)
    yield '.\\" Generated from the tree of commands by: python -m kmsctl.cli.generate'
    yield f'.TH {_escaped(name.upper())} {SECTION} "" "{PROGRAM} {VERSION}" "{PROGRAM} manual"'
    # Neither hyphens nor stretched blanks: command lines are copied from here.
    yield ".nr HY 0"
    yield ".ad l"
    yield ".SH NAME"
    yield f"{_escaped(name)} \\- {_escaped(page.summary)}"
    yield ".SH SYNOPSIS"
    # A piece of the synopsis stays whole: its blanks do not break, and stand as they are.
    yield f".B {_escaped(spoken(page.words))}"
    for piece in page.synopsis:
        yield _literal(piece).replace(" ", "\\ ")
    for title, blocks in page.sections:
        yield f".SH {title}"
        for number, block in enumerate(blocks):
            yield from _block(block, first=number == 0)


def _block(block: Block, *, first: bool) -> Iterator[str]:
    if isinstance(block, Entry):
        yield ".TP"
        yield _literal(block.title, macro=".B ")
        yield from _filled(block.text)
    elif isinstance(block, Example):
        yield from _example(block, first=first)
    else:
        if not first:
            yield ".PP"
        yield from _filled(block)


def _example(example: Example, *, first: bool) -> Iterator[str]:
    from kmsctl.cli.help import example_lines

    if not first:
        yield ".PP"
    if example.text:
        yield from _filled(example.text)
        yield ".PP"
    yield ".RS 4"
    yield ".EX"
    yield from (_literal(line) for line in example_lines(example))
    yield ".EE"
    yield ".RE"


def _filled(text: str) -> Iterator[str]:
    """Yields lines of input, which are filled anyway; a sentence begins a line of its own."""
    line = ""
    for word in text.split():
        if line and (len(line) + 1 + len(word) > _LINE or _ends_sentence(line)):
            yield _literal(line)
            line = ""
        line += f" {word}" if line else word
    if line:
        yield _literal(line)


def _ends_sentence(line: str) -> bool:
    return line.endswith((".", "?", "!")) and not line.endswith("...")


def _literal(line: str, macro: str = "") -> str:
    """Escapes a line of text; a control character at its beginning is none."""
    text = _escaped(line)
    return f"{macro}{text}" if macro else f"\\&{text}" if text[:1] == "." else text


def _escaped(text: str) -> str:
    escaped = text.translate(_ESCAPES)
    return "".join(each if each.isascii() else f"\\[u{ord(each):04X}]" for each in escaped)
