"""Tab in bash, zsh and fish, as they are installed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kmsctl.cli.completion import SHELLS
from tests.completion.shells import COMPLETIONS, TAB, Shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROD = "--location=us-east1 --keyring=prod"
KEYS = "projects/local/locations/us-east1/keyRings/prod/cryptoKeys"

#: What is typed, and what it is after Tab: see `added`.
WORDS = [
    ("kmsctl keyr", "kmsctl keyrings "),
    ("kmsctl keys cr", "kmsctl keys create "),
    ("kmsctl keys versions des", "kmsctl keys versions des"),
    ("kmsctl keys versions dest", "kmsctl keys versions destroy "),
    ("kmsctl kms keys upd", "kmsctl kms keys update "),
    ("kmsctl --quiet keys desc", "kmsctl --quiet keys describe "),
    ("kmsctl --project p keys desc", "kmsctl --project p keys describe "),
    ("kmsctl nonsense x", None),
    ("kmsctl keys nonsense ", None),
    ("kmsctl help keys vers", "kmsctl help keys versions "),
    ("kmsctl help keys versions dest", "kmsctl help keys versions destroy "),
    ("kmsctl help keys create ", None),
    ("kmsctl completion f", "kmsctl completion fish "),
]
FLAGS = [
    ("kmsctl keys create --purp", "kmsctl keys create --purpose="),
    ("kmsctl keys create k --skip-init", "kmsctl keys create k --skip-initial-version-creation "),
    ("kmsctl keys create --no-imp", "kmsctl keys create --no-import-only "),
    ("kmsctl keys create --import-only --import", None),
    ("kmsctl keys create -- --purp", None),
    ("kmsctl --verb", "kmsctl --verbosity="),
    ("kmsctl keys list --proj", "kmsctl keys list --project="),
]
VALUES = [
    ("kmsctl keys create --purpose=enc", "kmsctl keys create --purpose=encryption "),
    ("kmsctl keys create --purpose enc", "kmsctl keys create --purpose encryption "),
    ("kmsctl keys create --default-algorithm=rsa-sign-pss-4", "…4096-sha"),
    ("kmsctl --format=js", "kmsctl --format=json "),
    ("kmsctl keys list --format js", "kmsctl keys list --format json "),
    ("kmsctl keys list --location=us-c", "kmsctl keys list --location=us-central1 "),
    ("kmsctl keys list --location us-c", "kmsctl keys list --location us-central1 "),
    ("kmsctl locations describe us-c", "kmsctl locations describe us-central1 "),
    ("kmsctl config set core/verb", "kmsctl config set core/verbosity "),
    ("kmsctl config set verb", "kmsctl config set verbosity "),
    ("kmsctl config set verbosity warn", "kmsctl config set verbosity warning "),
    ("kmsctl config set core/disable_prompts tr", "kmsctl config set core/disable_prompts true "),
    ("kmsctl config set kms/location us-c", "kmsctl config set kms/location us-central1 "),
    ("kmsctl config set kms/keyring fr", "kmsctl config set kms/keyring frontier "),
]
FILES = [
    ("kmsctl encrypt --plaintext-file=sec", r"kmsctl encrypt --plaintext-file=secret\ file.txt "),
    ("kmsctl encrypt --plaintext-file oth", "kmsctl encrypt --plaintext-file other.enc "),
    ("kmsctl quickstart oth", "kmsctl quickstart other.enc "),
]
NAMES = [
    ("kmsctl keyrings describe --location=us-east1 p", "…prod "),
    ("kmsctl keys list --location=us-east1 --keyring=p", "…prod "),
    ("kmsctl keys list --location us-east1 --keyring p", "…prod "),
    ("kmsctl keys list --keyring=", "kmsctl keys list --keyring=frontier "),
    (f"kmsctl keys describe {PROD} d", f"kmsctl keys describe {PROD} db "),
    (f"kmsctl kms keys describe {PROD} d", f"kmsctl kms keys describe {PROD} db "),
    (f"kmsctl keys describe {PROD} we", f"kmsctl keys describe {PROD} web-"),
    (f"kmsctl encrypt {PROD} --key=m", f"kmsctl encrypt {PROD} --key=mail "),
    (f"kmsctl keys versions describe {PROD} --key=db ", "…1 "),
    (f"kmsctl keys set-primary-version db {PROD} --version=", "…1 "),
    (f"kmsctl keys create {PROD} d", None),
    ("kmsctl keys describe --location=\"us-east1\" --keyring='prod' d", "…b "),
    ("kmsctl --project=other keyrings describe --location=us-east1 t", "…heirs "),
    ("kmsctl keyrings list --project=o", "kmsctl keyrings list --project=other "),
    ("kmsctl keyrings list --project=ex", "…xample.com:app "),
    ("kmsctl keyrings list --project=example.com:", "…app "),
    ("kmsctl keyrings list --project example.com:a", "…app "),
    ("kmsctl --project=example.com:app keyrings describe --location=us-east1 s", "…scoped "),
    (f"kmsctl keys describe {KEYS}/d", f"kmsctl keys describe {KEYS}/db "),
    ("kmsctl iam groups describe te", "…eam@example.com "),
    ("kmsctl iam groups describe team@ex", "…xample.com "),
    ("kmsctl keys add-iam-policy-binding db --member=group:t", "…eam@example.com "),
    ("kmsctl keys add-iam-policy-binding db --member group:team@", "…example.com "),
    ("kmsctl keys add-iam-policy-binding db --role=roles/cloudkms.pub", "…blicKeyViewer "),
    ("kmsctl iam explain cloudkms.cryptoKeys.lis", "…t "),
    ("kmsctl config configurations activate d", "kmsctl config configurations activate default "),
]


@pytest.mark.parametrize(("typed", "expected"), [*WORDS, *FLAGS, *VALUES, *FILES, *NAMES])
def test_tab(shell: Shell, typed: str, expected: str | None) -> None:
    assert shell.completed(typed) == added(typed, expected)


def added(typed: str, expected: str | None) -> str:
    """Returns the line that is expected: what was typed if it is None; behind … it is what is added."""
    if expected is None:
        return typed
    if not expected.startswith("…"):
        return expected
    addition = expected[1:]
    return typed[:-1] + addition if typed[-1] == addition[0] else typed + addition


@pytest.mark.parametrize(("typed", "expected"), [*FLAGS, *VALUES, *FILES, *NAMES])
@pytest.mark.parametrize("breaks", ["", ":", "="], ids=["none", "colon", "equals"])
def test_bash_may_part_words_elsewhere(
    parted: dict[str, Shell], breaks: str, typed: str, expected: str | None
) -> None:
    """Users change COMP_WORDBREAKS, which says what readline takes for a word; some set -u as well."""
    assert parted[breaks].completed(typed) == added(typed, expected)


@pytest.fixture(scope="module")
def parted(environment: dict[str, str], directory: Path) -> Iterator[dict[str, Shell]]:
    started = {
        breaks: Shell(
            "bash",
            environment,
            directory,
            f"set -u; . '{COMPLETIONS}/kmsctl.bash'; COMP_WORDBREAKS=$' \\t\\n\"\\'><;|&(@{breaks}'",
        )
        for breaks in ("", ":", "=")
    }
    yield started
    for shell in started.values():
        shell.close()


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("kmsctl keys ", ["create", "describe", "list", "versions"]),
        ("kmsctl keys list --", ["--filter", "--keyring", "--location", "--sort-by", "--format"]),
        (f"kmsctl keys describe {PROD} ", ["db", "mail", "web-1", "web-2"]),
        ("kmsctl keys versions update --state=", ["enabled", "disabled"]),
    ],
)
def test_what_there_is_to_choose_from_is_shown(shell: Shell, typed: str, shown: list[str]) -> None:
    _, screen = shell.pressed(typed + TAB + TAB)
    assert [word for word in shown if word not in screen] == []
    assert "--no-" not in screen


def test_descriptions(shell: Shell) -> None:
    """bash shows none."""
    _, screen = shell.pressed(f"kmsctl keys describe {PROD} web{TAB}{TAB}")
    assert ("encryption, version 1 enabled" in " ".join(screen.split())) == (shell.name != "bash")
    _, screen = shell.pressed(f"kmsctl keys versions de{TAB}{TAB}")
    assert ("Schedule a version for destruction" in " ".join(screen.split())) == (shell.name != "bash")


HOSTILE = [
    "kmsctl keys describe --location=us-east1 --keyring=$(touch pwned) d",
    "kmsctl keys describe --location=us-east1 --keyring=`touch pwned` d",
    'kmsctl keys describe --location=us-east1 --keyring="$(touch pwned)" d',
    "kmsctl keys describe --location=us-east1 --keyring=prod $(touch pwned)",
    "kmsctl keys describe --location=us-east1 --keyring=prod ';touch pwned;'",
    "kmsctl keys describe --location=us-east1 --keyring=prod *",
    "kmsctl keys describe --location=us-east1 --keyring=prod ~",
    "kmsctl keys describe --location=us-east1 --keyring=prod '",
    'kmsctl keys describe --location=us-east1 --keyring=prod "',
    "kmsctl keys describe --location=us-east1 --keyring=prod \\",
    "kmsctl keys describe --location=us-east1 --keyring=prod d[a-z]",
    "kmsctl keys describe --location=us-east1 --keyring=prod {d,b}",
    "kmsctl keys $(touch pwned) ",
    "kmsctl $(touch pwned)",
    "kmsctl --$(touch pwned)",
    "kmsctl --format=$(touch pwned)",
    "kmsctl --%s%n=a",
    "kmsctl config set $(touch pwned) a",
    "kmsctl --project='a b' keys list --keyring=x",
    "$(touch pwned)/kmsctl keys list --keyring=x",
]


@pytest.mark.parametrize("typed", HOSTILE)
def test_what_is_typed_is_not_run(shell: Shell, directory: Path, typed: str) -> None:
    (directory / "pwned").unlink(missing_ok=True)
    shell.completed(typed)
    assert not (directory / "pwned").exists()
    # The shell is as it was.
    assert shell.completed("kmsctl keys cr") == "kmsctl keys create "


ANSWERS = [
    r"$(touch pwned)\tx",
    r"`touch pwned`\tx",
    r"';touch pwned;'\tx",
    r"a b\tx",
    r"*\tx",
    r"--keyring\tx",
    r"\\\tx",
    r"%s%n\t%s",
    r"\t\t\t",
    r"x:y:z\t:",
]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("name", SHELLS)
def test_what_the_program_says_is_not_run(
    name: str, answer: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """The program says names and nothing else; even if it did not, Tab would run none of it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "kmsctl").write_text(f"#!/bin/sh\nprintf '%b\\n' '{answer.replace(chr(39), chr(39) * 2)}'\n")
    (programs / "kmsctl").chmod(0o755)
    path = f"{programs}:{environment['PATH']}"
    shell = Shell(name, {**environment, "PATH": path}, tmp_path)
    try:
        shell.pressed(f"kmsctl keys describe {TAB}{TAB}")
        assert not (tmp_path / "pwned").exists()
        assert shell.completed("kmsctl keys cr") == "kmsctl keys create "
    finally:
        shell.close()


@pytest.mark.parametrize("name", SHELLS)
def test_without_the_program_words_are_completed_all_the_same(
    name: str, environment: dict[str, str], tmp_path: Path
) -> None:
    shell = Shell(name, {**environment, "PATH": "/usr/local/bin:/usr/bin:/bin"}, tmp_path)
    try:
        assert shell.completed("kmsctl keys cr") == "kmsctl keys create "
        typed = f"kmsctl keys describe {PROD} d"
        assert shell.completed(typed) == typed
    finally:
        shell.close()


def test_a_program_that_is_named_by_its_path_is_asked_itself(
    shell: Shell, environment: dict[str, str]
) -> None:
    program = environment["PATH"].partition(":")[0] + "/kmsctl"
    typed = f"{program} keys describe {PROD} d"
    assert shell.completed(typed) == f"{typed}b "
