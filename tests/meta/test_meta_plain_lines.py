"""The generated table of plain command lines is fresh."""

from __future__ import annotations

from pathlib import Path

from kmsctl.cli import plain_source


def test_the_table_is_what_the_commands_declare() -> None:
    committed = Path(plain_source.PATH).read_text()
    assert committed == plain_source.source(), "run: python -m kmsctl.cli.plain_source"
