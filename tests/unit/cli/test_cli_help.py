"""`--help` fits a screen; `kmsctl help` shows the whole page, in man where there is one to show it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from kmsctl.cli import help as layout
from kmsctl.cli import pages
from kmsctl.cli.group import load
from kmsctl.cli.manpages import page_of, source
from kmsctl.cli.pages import Entry, Page
from kmsctl.cli.tree import COMMANDS, GROUPS

ROOT = Path(layout.__file__).parents[2]
EVERY_PAGE = pytest.mark.parametrize(
    "words", [*sorted(GROUPS), *sorted(COMMANDS)], ids=lambda words: " ".join(words) or "kmsctl"
)
#: Lines of a terminal that is not small; most pages need half as many.
TALL = 64


def brief(words: tuple[str, ...]) -> str:
    return layout.of_group(words) if words in GROUPS else layout.of_command(load(words))


@EVERY_PAGE
def test_help_fits_a_screen(words: tuple[str, ...]) -> None:
    assert len(brief(words).splitlines()) <= TALL


@EVERY_PAGE
def test_help_of_a_command_gives_an_example(words: tuple[str, ...]) -> None:
    has = "\nEXAMPLES\n" in brief(words)
    assert has == (words in COMMANDS or words == ())


@EVERY_PAGE
def test_the_whole_page_has_every_line_within_the_width(words: tuple[str, ...]) -> None:
    text = layout.whole(page_of(words))
    assert all(len(line) <= 80 or len(line.split()) == 1 for line in text.splitlines())
    assert "\n\n\n" not in text


def titles(page: Page, section: str) -> list[str]:
    blocks = next((blocks for title, blocks in page.sections if title == section), [])
    return [block.title.partition("=")[0] for block in blocks if isinstance(block, Entry)]


def test_flags_are_grouped_as_gcloud_groups_them() -> None:
    page = pages.of_command(load(("keys", "list")))
    assert titles(page, "REQUIRED FLAGS") == ["--keyring", "--location"]
    assert titles(page, "LIST COMMAND FLAGS") == ["--filter", "--limit", "--page-size", "--sort-by", "--uri"]
    assert titles(page, "OPTIONAL FLAGS") == []
    page = pages.of_command(load(("keys", "create")))
    assert titles(page, "POSITIONAL ARGUMENTS") == ["KEY", "--keyring", "--location"]
    assert titles(page, "REQUIRED FLAGS") == ["--purpose"]
    assert "--labels" in titles(page, "OPTIONAL FLAGS")
    assert titles(pages.of_command(load(("keys", "versions", "describe"))), "FLAGS")


def test_long_lists_of_words_are_on_the_whole_page_alone() -> None:
    assert "hmac-sha256" not in brief(("keys", "create"))
    assert "kmsctl help keys create names them." in " ".join(brief(("keys", "create")).split())
    assert "hmac-sha256" in layout.whole(page_of(("keys", "create")))


def environment(place: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": f"{place}:/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        "KMSCTL_HOME": str(place / "home"),
        "TERM": "dumb",
        **more,
    }


def run(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kmsctl", "help", *words]
    return subprocess.run(command, env=environment(place), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [(), ("keys",), ("keys", "versions", "destroy"), ("help",)])
def test_where_nobody_looks_it_is_text(words: tuple[str, ...], tmp_path: Path) -> None:
    done = run(tmp_path, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == layout.whole(page_of(words)) + "\n"
    assert run(tmp_path, "kms", *words).stdout == done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nonsense",), "ERROR: (kmsctl) Invalid choice: 'nonsense'.\n"),
        (("keys", "creat"), "ERROR: (kmsctl.keys) Invalid choice: 'creat'.\nMaybe you meant:\n"),
        (("keys", "create", "db"), "ERROR: (kmsctl.keys.create) Invalid choice: 'db'.\n"),
        (("--nonsense",), "ERROR: (kmsctl.help) unrecognized arguments: --nonsense \n"),
    ],
)
def test_what_is_no_command_is_refused(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = run(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)


def in_terminal(place: Path, *words: str) -> str:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "kmsctl", "help", *words],
        env=environment(place),
        encoding="utf-8",
        timeout=20,
        dimensions=(500, 100),
    )
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    return str(child.before).replace("\r\n", "\n")


def fake_man(place: Path, code: str) -> None:
    man = place / "man"
    man.write_text(f"#!/bin/sh\n{code}\n")
    man.chmod(0o755)


def test_in_a_terminal_man_shows_it(tmp_path: Path) -> None:
    fake_man(tmp_path, 'echo "shown by man: ${1##*/}"; cp "$1" "${0%/*}/page"')
    assert in_terminal(tmp_path, "keys", "create") == "shown by man: kmsctl-keys-create.1\n"
    assert (tmp_path / "page").read_text() == source(page_of(("keys", "create")))


def test_where_man_cannot_it_is_text(tmp_path: Path) -> None:
    fake_man(tmp_path, "exit 3")
    assert in_terminal(tmp_path, "keys", "create") == layout.whole(page_of(("keys", "create"))) + "\n"
