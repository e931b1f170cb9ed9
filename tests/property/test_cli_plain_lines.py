"""Plain lines: whatever is read without click is read as the whole parser reads it."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from kmsctl.cli import parsing, plain, plain_lines
from kmsctl.cli.failures import CommandError, HelpRequested, UsageError
from kmsctl.cli.group import load
from kmsctl.cli.options import GLOBAL
from kmsctl.cli.session import Session
from kmsctl.cli.tree import COMMANDS

VALUES = st.sampled_from(
    ["", "a", "-", "--", "-1", "x=y", "projects/p/locations/l", "--key", "-q", "a b", "é"]
)


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """Command lines, mostly right ones, of any command."""
    path = draw(st.sampled_from(sorted(COMMANDS)))
    command = load(path)
    words = []
    for flag in draw(st.lists(st.sampled_from([*command.flags, *GLOBAL]), max_size=6)):
        spelling = draw(st.sampled_from([*flag.opts, *flag.secondary_opts]))
        if flag.is_flag:
            words.append([spelling])
        elif draw(st.booleans()):
            words.append([f"{spelling}={draw(VALUES)}"])
        else:
            words.append([spelling, draw(VALUES)])
    words += [[draw(VALUES)] for _ in command.positionals]
    if draw(st.integers(0, 9)) == 0:
        words.append([draw(st.sampled_from(["--nonsense", "--ke=1", "extra", "-h", "--no-quiet"]))])
    mixed = draw(st.permutations(words))
    prefix = ["kms"] if draw(st.booleans()) else []
    return [*prefix, *path, *(word for group in mixed for word in group)]


def read_whole(args: list[str]) -> tuple[tuple[str, ...], dict[str, object], dict[str, object]]:
    session = Session({"KMSCTL_KMS_LOCATION": "global", "KMSCTL_KMS_KEYRING": "ring"})
    rest = args[1:] if args[0] == "kms" else args
    for length in (1, 2, 3):
        if tuple(rest[:length]) in COMMANDS:
            break
    command = load(tuple(rest[:length]))
    values = parsing.parse_command(command, session, rest[length:])
    return command.words, values, session.settings


@settings(max_examples=400, deadline=None)
@given(lines())
def test_what_is_plain_is_read_alike(args: list[str]) -> None:
    line = plain.read(args)
    if line is None:
        return
    try:
        words, values, flags = read_whole(args)
    except (UsageError, CommandError, HelpRequested) as error:
        pytest.fail(f"plain, but refused by the whole parser: {args}: {error!r}")
    assert (line.words, line.values, line.settings) == (words, values, flags)


def test_common_lines_are_plain() -> None:
    names = ["--key=k", "--keyring", "r", "--location=global"]
    assert plain.read(["encrypt", *names, "--plaintext-file=-", "--ciphertext-file", "-", "--quiet"])
    assert plain.read(["kms", "keys", "list", "--keyring=r", "--location=global", "--format=json"])
    assert plain.read(["keys", "versions", "destroy", "1", *names])


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["kms"],
        ["--quiet", "keys", "list", "--keyring=r"],
        ["keys", "list"],
        ["keys", "list", "--keyring=r", "--limit=1"],
        ["keys", "list", "--keyring=r", "--help"],
        ["keys", "list", "--keyring=r", "--", "x"],
        ["keys", "list", "--keyring"],
        ["keys", "describe", "a", "b"],
        ["keys", "create", "a"],
        ["encrypt", "--key=k", "--plaintext-file=-"],
    ],
)
def test_doubtful_lines_are_not(args: list[str]) -> None:
    line = plain.read(args)
    assert line is None or line.fallbacks


def test_every_command_is_in_the_table() -> None:
    assert set(plain_lines.PLAIN) == set(COMMANDS)
