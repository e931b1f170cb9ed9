"""What is generated from the tree of commands is committed as it would be generated now."""

from __future__ import annotations

from pathlib import Path

import pytest

from kmsctl.cli import generate
from kmsctl.cli.completion import SHELLS
from kmsctl.cli.completion.scripts import MARK, script

ROOT = Path(generate.ROOT)
FILES = generate.files()


@pytest.mark.parametrize("path", sorted(FILES))
def test_a_generated_file_is_fresh(path: str) -> None:
    committed = ROOT / path
    assert committed.exists(), "run: python -m kmsctl.cli.generate"
    assert committed.read_text() == FILES[path], "run: python -m kmsctl.cli.generate"


@pytest.mark.parametrize("folder", generate.FOLDERS)
def test_nothing_else_is_in_the_folders(folder: str) -> None:
    found = {f"{folder}/{path.name}" for path in (ROOT / folder).iterdir()}
    assert found <= set(FILES), "run: python -m kmsctl.cli.generate"


def test_the_same_tree_gives_the_same_bytes() -> None:
    assert generate.files() == FILES


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_say_that_they_are_generated(shell: str) -> None:
    assert MARK in script(shell)[:400]
    assert "#@" not in script(shell)
