"""Manual pages: complete, literal, and clean to the programs that show them."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.cli import manpages
from kmsctl.cli.group import load
from kmsctl.cli.pages import Entry, Example, Page
from kmsctl.cli.surroundings import page_name
from kmsctl.cli.tree import COMMANDS, GROUPS
from kmsctl.version import VERSION

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [*sorted(GROUPS), *sorted(COMMANDS)]
EVERY_PAGE = pytest.mark.parametrize("words", PAGES, ids=lambda words: " ".join(words) or "kmsctl")
#: A page has no date, so that it is the same tomorrow; a name and its summary are one line.
ACCEPTED = ("missing date", "input text line longer than 80 bytes")


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: pages are NOT checked with it")


def shown(source: str) -> str:
    needs("groff")
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tascii", "-P-c", "-rLL=2000n", "-rcR=1"],
        input=source.encode("ascii"),
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    return re.sub(".\b", "", done.stdout.decode())


@EVERY_PAGE
def test_a_page_says_everything(words: tuple[str, ...]) -> None:
    page = manpages.page_of(words)
    titles = [title for title, _ in page.sections]
    for title in ("DESCRIPTION", "EXAMPLES", "EXIT STATUS", "ENVIRONMENT", "FILES", "SEE ALSO"):
        assert titles.count(title) == 1, title
    examples = next(blocks for title, blocks in page.sections if title == "EXAMPLES")
    assert any(isinstance(block, Example) for block in examples)
    assert all("  " not in block for _, blocks in page.sections for block in blocks if block == "")
    entries = {
        block.title.partition("=")[0]
        for _, blocks in page.sections
        for block in blocks
        if isinstance(block, Entry)
    }
    if words in COMMANDS:
        for flag in load(words).flags:
            assert (", ".join([flag.opts[0], *flag.opts[1:]]) in entries) == flag.available


@EVERY_PAGE
def test_pages_refer_to_pages(words: tuple[str, ...]) -> None:
    page = manpages.page_of(words)
    known = {f"{page_name(each)}(1)" for each in PAGES}
    (text,) = next(blocks for title, blocks in page.sections if title == "SEE ALSO")
    assert isinstance(text, str)
    assert set(text.split(", ")) <= known - {f"{page_name(words)}(1)"}


def test_mandoc_has_nothing_to_say(tmp_path: Path) -> None:
    needs("mandoc")
    for words in PAGES:
        (tmp_path / manpages.file_name(words)).write_text(manpages.source(manpages.page_of(words)))
    told = subprocess.run(
        ["mandoc", "-T", "lint", *sorted(tmp_path.iterdir())], capture_output=True, text=True, check=False
    ).stdout
    assert [line for line in told.splitlines() if not any(each in line for each in ACCEPTED)] == []


@EVERY_PAGE
def test_groff_shows_all_of_it(words: tuple[str, ...]) -> None:
    page = manpages.page_of(words)
    text = shown(manpages.source(page))
    assert f"kmsctl {VERSION}" in text
    flat = " ".join(text.split())
    for _, blocks in page.sections:
        for block in blocks:
            if isinstance(block, Entry):
                assert block.title in flat
            if not isinstance(block, Example):
                sentence = " ".join((block.text if isinstance(block, Entry) else block).split())
                assert sentence.encode("ascii", "ignore").decode() in flat.encode("ascii", "ignore").decode()


AWKWARD = ".TH ' \\fB \\(aq \\n(.x -- `x` ^ ~ \"q\" \\\\ .. 'br ... x"


def test_nothing_in_a_text_is_a_request() -> None:
    """Not at the beginning of a line, not in a macro's argument, and nowhere else."""
    page = Page(("keys",), f"X{AWKWARD}", [AWKWARD])
    page.add("DESCRIPTION", [AWKWARD, Entry(AWKWARD, AWKWARD), Example(AWKWARD, AWKWARD)])
    text = " ".join(shown(manpages.source(page)).split())
    # Summary, synopsis, paragraph, the entry's name and text, the example's text and line.
    assert text.count(AWKWARD) == 7


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1))
def test_a_page_is_ascii_whatever_it_says(text: str) -> None:
    page = Page(("keys",), f"x{text}", [text])
    page.add("DESCRIPTION", [text, Entry(text, text), Example(text, text)])
    source = manpages.source(page)
    assert source.isascii()
    requests = {line.split()[0] for line in source.splitlines() if line[:1] in (".", "'") and line.split()}
    assert requests <= {'.\\"', ".TH", ".nr", ".ad", ".SH", ".B", ".PP", ".TP", ".RS", ".RE", ".EX", ".EE"}
