"""The table of commands, the commands themselves, and their help agree."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from kmsctl.cli import help as pages
from kmsctl.cli import usage
from kmsctl.cli.group import Group, load
from kmsctl.cli.options import Flag
from kmsctl.cli.tree import COMMANDS, GROUPS, NOT_YET, children

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERY_COMMAND = pytest.mark.parametrize("words", sorted(COMMANDS), ids=" ".join)


def walk(group: Group) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        yield (*group.words, name)
        if isinstance(found, Group):
            yield from walk(found)


def test_click_sees_every_command_and_group() -> None:
    assert set(walk(Group(()))) == set(COMMANDS) | set(GROUPS) - {()}


def test_there_is_no_command_that_there_is_not_yet() -> None:
    assert not NOT_YET & (set(COMMANDS) | set(GROUPS))


@EVERY_COMMAND
def test_a_command_knows_its_name(words: tuple[str, ...]) -> None:
    command = load(words)
    assert command.words == words
    assert command.name == words[-1]
    assert command.short_help == COMMANDS[words][2]


@EVERY_COMMAND
def test_summaries_and_texts_are_sentences(words: tuple[str, ...]) -> None:
    command = load(words)
    for text in [COMMANDS[words][2], *(each.text for each in command.positionals)]:
        assert text[0].isupper(), text
        assert text.endswith("."), text
    for flag in command.flags:
        if flag.available:
            assert flag.help, flag
            assert flag.help[0].isupper(), flag.help
            assert flag.help.endswith("."), flag.help


@EVERY_COMMAND
def test_examples_parse(words: tuple[str, ...]) -> None:
    from shlex import shlex, split

    from kmsctl.cli.parsing import parse_command
    from kmsctl.cli.session import Session

    for _, line in load(words).examples:
        example = split(line)
        as_shells_do = shlex(line, posix=True, punctuation_chars=True)
        as_shells_do.whitespace_split, as_shells_do.commenters = True, ""
        assert list(as_shells_do) == example, "a shell wants it quoted"
        assert tuple(example[: len(words)]) == words
        parse_command(load(words), Session({"KMSCTL_HOME": "/nowhere"}), example[len(words) :])


@EVERY_COMMAND
def test_help_names_every_flag(words: tuple[str, ...]) -> None:
    command = load(words)
    text = pages.of_command(command)
    assert command.get_help(click.Context(command)) == text
    for flag in command.flags:
        assert (f"\n     {flag.opts[0]}" in text) == flag.available
    # One flag is longer than a line, and is not broken.
    assert all(len(line) <= 80 or len(line.split()) == 1 for line in text.splitlines())


@pytest.mark.parametrize("words", sorted(GROUPS), ids=lambda words: " ".join(words) or "kmsctl")
def test_help_of_a_group_names_what_is_below(words: tuple[str, ...]) -> None:
    text = pages.of_group(words)
    assert Group(words).get_help(click.Context(Group(words))) == text
    for name, summary in children(words).items():
        assert f"\n     {name}" in text
        assert summary.split()[0] in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert usage.of_group(words).startswith("Usage: kmsctl")


def test_names_of_flags_and_values_do_not_collide() -> None:
    for words in COMMANDS:
        command = load(words)
        names = [each.name for each in command.params]
        assert len(names) == len(set(names)), words
        spellings = [s for each in command.params if isinstance(each, Flag) for s in each.opts]
        assert len(spellings) == len(set(spellings)), words


def test_help_imports_no_command() -> None:
    code = (
        "import sys; from kmsctl.cli.main import main\n"
        "sys.argv = ['kmsctl']; status = main(['--help'])\n"
        "loaded = [name for name in sys.modules if name.startswith('kmsctl.cli.commands.')]\n"
        "print(status, loaded, file=sys.stderr)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, check=True
    )
    assert told.stderr == b"0 []\n"
