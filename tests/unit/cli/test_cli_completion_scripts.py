"""The scripts that are written for each shell: whole, well-formed, and literal whatever the words are."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import click
import pytest

from kmsctl.cli import properties, reflect
from kmsctl.cli.completion import SHELLS, identities, names, scripts, values
from kmsctl.cli.completion.tables import Tables
from kmsctl.cli.params import Choice
from kmsctl.cli.tree import COMMANDS, GROUPS

if TYPE_CHECKING:
    from pathlib import Path

EVERY_SHELL = pytest.mark.parametrize("shell", SHELLS)
#: Flags that take any text, for which there is nothing to offer.
FREE = {
    *("--account", "--condition", "--description", "--display-name", "--filter"),
    *("--command", "--justification", "--name", "--new-name", "--passphrase-fd", "--title"),
}


def run(shell: str, code: str) -> str:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed: its script is NOT tested")
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    return subprocess.run([shell, *options, "-c", code], capture_output=True, text=True, check=True).stdout


@EVERY_SHELL
def test_the_shell_can_read_its_script(shell: str, tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text(scripts.script(shell))
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed: its script is NOT tested")
    done = subprocess.run([shell, "-n", str(path)], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@EVERY_SHELL
def test_every_command_and_flag_is_there(shell: str) -> None:
    text = scripts.script(shell)
    for path in (*COMMANDS, *GROUPS):
        assert f"'{' '.join(path)}'" in text
    for command in reflect.commands():
        for flag in reflect.available(command):
            assert flag.opts[0] in text


def test_what_gcloud_has_and_kmsctl_has_not_is_not_offered() -> None:
    tables = Tables()
    offered = {
        word.rstrip("=")
        for flags in (tables.flags, *(each.flags for each in tables.commands))
        for word, _ in flags
    }
    assert "--keyring" in offered
    assert not offered & {"--ekm-connection-key-path", "--access-token-file"}


def test_of_every_flag_it_is_known_what_fits() -> None:
    """A new flag gets a row in `kmsctl.cli.completion.values`, or takes any text."""
    own = [(command, flag) for command in reflect.commands() for flag in reflect.available(command)]
    for command, flag in [*own, *((None, flag) for flag in reflect.global_flags())]:
        fitting = values.of(command, flag)
        if isinstance(flag.type, Choice):
            assert [word for word, _ in fitting.words] == list(flag.type.choices)
        elif not flag.is_flag and flag.type is click.STRING:
            assert bool(fitting) == (flag.opts[0] not in FREE), flag.opts


def test_every_source_is_one_that_the_program_answers() -> None:
    sources = {fitting.source for _, _, fitting in Tables().values if fitting.source}
    assert sources - {values.FILE} == {*names.KINDS, *identities.KINDS}


@pytest.mark.parametrize("name", properties.TABLE)
def test_what_is_offered_for_a_property_can_be_set(name: str) -> None:
    for word, _ in values.of_property(name).words:
        properties.check(name, word)


WORDS = [
    ("plain", "is plain"),
    ("a'b", "it's $HOME and `id` and $(id)"),
    ('a"b', 'a "quoted" \\ thing \\n'),
    ("a:b", "with: colons: %s"),
    ("*", "[a-z]* ~ {a,b} !x #y"),
]


class Words:
    """Tables with words that no command has."""

    flags = WORDS
    groups = {"": WORDS}  # noqa: RUF012 - read by the writers alone
    commands: tuple[()] = ()
    values = [("*", "--flag", values.Values(WORDS))]  # noqa: RUF012


@EVERY_SHELL
def test_words_and_descriptions_are_literal(shell: str) -> None:
    """Nothing in them is expanded, and nothing ends their quotes."""
    lines = "\n".join(scripts.WRITERS[shell](Words))  # type: ignore[arg-type]
    if shell == "bash":
        # It has no descriptions, and splits its lists at blanks: words have none.
        told = run(shell, f"{lines}\n_kmsctl_below ''\nset -f\nprintf '%s\\n' $below")
        assert told.splitlines() == [word for word, _ in WORDS]
    elif shell == "zsh":
        told = run(shell, f"{lines}\n_kmsctl_below ''\nprint -rl -- $below")
        escaped = [(word.replace(":", "\\:"), text) for word, text in WORDS]
        assert told.splitlines() == [f"{word}:{text}" for word, text in escaped]
    else:
        code = f"{lines}\nfunction f; set -l below; __kmsctl_below ''; printf '%s\\n' $below; end; f"
        assert run(shell, code).splitlines() == [f"{word}\t{text}" for word, text in WORDS]
