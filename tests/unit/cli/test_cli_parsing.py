"""How command lines are read. The cases and texts were recorded from gcloud 528."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.cli import hints
from kmsctl.cli.failures import CommandError, HelpRequested, UsageError
from kmsctl.cli.group import load
from kmsctl.cli.main import run
from kmsctl.cli.parsing import parse_command
from kmsctl.cli.session import Session
from kmsctl.cli.tree import COMMANDS
from kmsctl.errors import KmsError


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session({"KMSCTL_HOME": str(tmp_path)})


def parse(session: Session, line: str | list[str]) -> dict[str, Any]:
    """Parses `line`, whose first words are the command's, up to the first that is not."""
    words = line if isinstance(line, list) else line.split()
    for length in (3, 2, 1):
        path = tuple(words[:length])
        if path in COMMANDS:
            return parse_command(load(path), session, words[length:])
    raise AssertionError(line)


def usage_error(session: Session, line: str | list[str]) -> str:
    words = line if isinstance(line, list) else line.split()
    with pytest.raises(UsageError) as caught:
        run(words, session)
    return hints.misused(caught.value)


def test_flags_and_positionals_mix_in_any_order(session: Session) -> None:
    expected = parse(session, "keys describe k --keyring=r --location=l")
    assert expected == {"key": "k", "keyring": "r", "location": "l"}
    assert parse(session, "keys describe --keyring r k --location l") == expected
    assert parse(session, "keys describe --location=l --keyring r -- k") == expected


@given(st.permutations([["k"], ["--keyring=r"], ["--location", "l"], ["-q"], ["--format=json"]]))
def test_the_order_of_words_does_not_matter(pieces: list[list[str]]) -> None:
    session = Session({"KMSCTL_HOME": "/nowhere"})
    args = parse(session, ["keys", "describe", *(word for piece in pieces for word in piece)])
    assert args == {"key": "k", "keyring": "r", "location": "l"}
    assert session.settings == {"quiet": True, "format": "json"}


@given(st.lists(st.text(st.characters(exclude_characters="\0"), max_size=8), max_size=6))
def test_any_words_are_taken_or_refused(words: list[str]) -> None:
    session = Session({"KMSCTL_HOME": "/nowhere"})
    for command in (["keys", "describe"], ["keys", "versions", "update"], ["config", "list"]):
        try:
            parse(session, [*command, *words])
        except (UsageError, CommandError, HelpRequested):
            continue


def test_the_last_of_a_repeated_flag_counts(session: Session) -> None:
    assert parse(session, "keys describe k --keyring=a --keyring=b")["keyring"] == "b"
    assert parse(session, "keys update k --clear-labels --no-clear-labels")["clear_labels"] is False


def test_repeated_labels_and_lists_add_up(session: Session) -> None:
    args = parse(
        session,
        "keys update k --update-labels=a=1,b=2 --update-labels=c=3 --remove-labels=x --remove-labels=y",
    )
    assert args["update_labels"] == {"a": "1", "b": "2", "c": "3"}
    assert args["remove_labels"] == ["x", "y"]


def test_one_label_in_two_flags_is_refused(session: Session) -> None:
    text = usage_error(session, "keys update k --update-labels=a=1 --update-labels=a=2")
    assert text.startswith("(kmsctl.keys.update) argument --update-labels: ")


@pytest.mark.parametrize("word", ["-", "-1", "-1.5", "-a b", ""])
def test_words_that_look_a_little_like_flags_are_values(session: Session, word: str) -> None:
    assert parse(session, ["keys", "describe", word])["key"] == word
    assert parse(session, ["keys", "describe", "k", "--keyring", word])["keyring"] == word


@pytest.mark.parametrize("following", ["-l", "--location", "--", "--x=y"])
def test_a_flag_is_no_value(session: Session, following: str) -> None:
    text = usage_error(session, ["keys", "list", "--keyring", following])
    assert text.startswith(
        "(kmsctl.keys.list) argument --keyring: expected one argument\nUsage: kmsctl keys list "
    )


def test_after_two_hyphens_everything_is_positional(session: Session) -> None:
    text = usage_error(session, "keys describe -- -k --keyring=r")
    assert text.startswith("(kmsctl.keys.describe) unrecognized arguments: --keyring=r \n")


def test_prefixes_of_flags_are_not_expanded(session: Session) -> None:
    text = usage_error(session, "keys list --loc=x --keyring=r")
    assert "unrecognized arguments: --loc=x (did you mean '--location'?) \n" in text


def test_unknown_words_are_listed_in_their_order(session: Session) -> None:
    text = usage_error(session, "keys create a b --purpose=encryption --keyrng=x")
    assert text.startswith(
        "(kmsctl.keys.create) unrecognized arguments:\n  b\n  --keyrng=x (did you mean '--keyring'?)\n"
    )


@pytest.mark.parametrize("line", ["keys list -qx --keyring=r", "keys list --no-quiet --keyring=r"])
def test_no_clusters_and_no_inverse_of_quiet(session: Session, line: str) -> None:
    assert "unrecognized arguments: -" in usage_error(session, line)


def test_global_flags_stand_anywhere(session: Session) -> None:
    for line in (
        "--project=p keys describe k --keyring=r --location=l",
        "keys --project=p describe k --keyring=r --location=l",
        "keys describe --project=p k --keyring=r --location=l",
        "kms --project=p keys describe k --keyring=r --location=l",
    ):
        session.settings.clear()
        with pytest.raises(KmsError, match="'l' is not a Cloud KMS location"):
            run(line.split(), session)
        assert session.settings == {"project": "p"}, line


def test_command_flags_stand_after_the_command(session: Session) -> None:
    text = usage_error(session, "keys --keyring=r list")
    assert text.startswith("(kmsctl.keys) unrecognized arguments: --keyring=r")
    for line in ("keys -- list", "-- keys list"):
        assert "unrecognized arguments: -- \n" in usage_error(session, line)


def test_all_that_is_missing_is_named_at_once(session: Session) -> None:
    assert usage_error(session, "encrypt").startswith(
        "(kmsctl.encrypt) argument --ciphertext-file --plaintext-file: Must be specified.\n"
    )
    assert usage_error(session, "keys create").startswith(
        "(kmsctl.keys.create) argument (KEY : --keyring=KEYRING --location=LOCATION) --purpose: "
        "Must be specified.\n"
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("keyrings create --location=l", "--location: KEYRING must be specified."),
        ("keyrings create", "(KEYRING : --location=LOCATION): Must be specified."),
        ("keys list", "(--keyring : --location): Must be specified."),
        ("keys list --location=l", "--location: --keyring must be specified."),
        ("keys describe --location=l --keyring=r", "--keyring --location: KEY must be specified."),
        ("keyrings list", "--location: Must be specified."),
        ("keys versions describe", "VERSION: Must be specified."),
        ("keys set-primary-version k", "--version: Must be specified."),
        ("config set project", "VALUE: Must be specified."),
        ("config get", "SECTION/PROPERTY: Must be specified."),
    ],
)
def test_what_is_missing(session: Session, line: str, message: str) -> None:
    first, _, rest = usage_error(session, line).partition("\n")
    assert first.partition(") argument ")[2] == message
    assert rest.startswith("Usage: kmsctl ")


def test_configured_names_stand_in_for_required_flags(tmp_path: Path) -> None:
    session = Session({"KMSCTL_HOME": str(tmp_path), "KMSCTL_KMS_LOCATION": "l", "KMSCTL_KMS_KEYRING": "r"})
    assert parse(session, "keys list")["keyring"] is None
    assert parse(session, "keyrings list")["location"] is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("keys list --limit=0", "--limit: Value must be greater than or equal to 1; received: 0"),
        ("keys list --limit -1", "--limit: Value must be greater than or equal to 1; received: -1"),
        ("keys list --limit=x", "--limit: Value must be an integer; received: x"),
        ("keys list --limit=", "--limit: Value must be an integer; received empty string"),
        (
            "keys create --rotation-period=1h",
            "--rotation-period: value must be greater than or equal to 1d; received: 1h",
        ),
        (
            "keys create --rotation-period=abc",
            "--rotation-period: Failed to parse duration: Duration unit 'abc' must be preceded by a number",
        ),
        (
            "keys create --destroy-scheduled-duration=121d",
            "--destroy-scheduled-duration: value must be less than or equal to 120d; received: 121d",
        ),
        (
            "keys create --next-rotation-time=abc",
            "--next-rotation-time: Failed to parse date/time: Unknown string format: abc; received: abc",
        ),
        ("keys create --import-only=true", "--import-only: ignored explicit argument 'true'"),
        ("keys list --quiet=1", "--quiet/-q: ignored explicit argument '1'"),
        ("keys create --labels", "--labels: expected one argument"),
        (
            "keys create --foo --purpose=encryption --rotation-period=1h",
            "--rotation-period: value must be greater than or equal to 1d; received: 1h",
        ),
    ],
)
def test_wrong_values_are_named_first(session: Session, line: str, message: str) -> None:
    first, _, rest = usage_error(session, line).partition("\n")
    assert first.partition(") argument ")[2] == message
    assert rest.startswith("Usage: kmsctl keys ")


def test_wrong_choices_have_no_usage(session: Session) -> None:
    assert usage_error(session, "keys list --verbosity=loud") == (
        "(kmsctl.keys.list) argument --verbosity: Invalid choice: 'loud'.\n\n"
        "Valid choices are [critical, debug, error, info, none, warning]."
    )


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("Encryption", " Did you mean 'encryption'?"),
        ("asymetric_signing", " Did you mean 'asymmetric-signing'?"),
        ("mc", " Did you mean 'mac'?"),
        ("raw", ""),
    ],
)
def test_near_choices_are_offered(session: Session, value: str, meant: str) -> None:
    first = usage_error(session, f"keys create k --purpose={value}").partition("\n")[0]
    assert first == f"(kmsctl.keys.create) argument --purpose: Invalid choice: '{value}'.{meant}"


def test_flags_that_exclude_each_other(session: Session) -> None:
    first = usage_error(session, "keys update --clear-labels --remove-labels=a").partition("\n")[0]
    assert first == (
        "(kmsctl.keys.update) argument --clear-labels: "
        "At most one of --clear-labels | --remove-labels can be specified."
    )


@pytest.mark.parametrize(
    "line",
    ["", "keys", "keys versions", "config", "kms", "--format=json", "--format=json keys"],
)
def test_a_group_wants_a_command(session: Session, line: str) -> None:
    text = usage_error(session, line)
    assert ") Command name argument expected.\n" in text
    assert "Available commands for kmsctl" in text


@pytest.mark.parametrize("line", ["kesy list", "keys creat", "keys versions foo", "keys ''", "kms keyz"])
def test_unknown_commands(session: Session, line: str) -> None:
    words = [word.strip("'") for word in line.split()]
    assert "Invalid choice: '" in usage_error(session, words)


def test_similar_commands_are_offered(session: Session) -> None:
    text = usage_error(session, "keys creat")
    assert text.startswith("(kmsctl.keys) Invalid choice: 'creat'.\nMaybe you meant:\n  kmsctl keys create\n")
    assert "import-jobs" not in text
    assert "  kmsctl keyrings list\n" in usage_error(session, "lst")


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("key list --keyring=r", "kmsctl keys list"),
        ("keys version destroy 3 --key=k", "kmsctl keys versions destroy"),
        ("list keys", "kmsctl keys list"),
        ("key", "kmsctl keys"),
        ("iam service-account create x", "kmsctl iam service-accounts create"),
    ],
)
def test_the_words_that_follow_tell_which_command_was_meant(session: Session, line: str, first: str) -> None:
    assert usage_error(session, line).splitlines()[1:3] == ["Maybe you meant:", f"  {first}"]


@pytest.mark.parametrize(
    ("line", "group", "command"),
    [("keys foo", "kmsctl keys", "set-primary-version"), ("nosuch", "kmsctl", "encrypt")],
)
def test_where_nothing_is_similar_the_group_is_shown(
    session: Session, line: str, group: str, command: str
) -> None:
    text = usage_error(session, line)
    assert f"Invalid choice: '{line.rsplit(maxsplit=1)[-1]}'.\n\nAvailable groups for {group}:\n" in text
    assert f"\nAvailable commands for {group}:\n" in text
    assert f"\n      {command} " in text


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("single-tenant-hsm list", "kmsctl single-tenant-hsm"),
        ("kms keys versions delete 1", "kmsctl keys versions delete"),
        ("ekm-connections create c", "kmsctl ekm-connections"),
        ("keys create k --crypto-key-backend=x", "--crypto-key-backend"),
        ("keys create k --purpose=encryption --protection-level=external", "--protection-level=external"),
        ("keys list --billing-project=x", "--billing-project"),
    ],
)
def test_what_gcloud_has_and_kmsctl_has_not_yet(session: Session, line: str, what: str) -> None:
    with pytest.raises(CommandError) as caught:
        run(line.split(), session)
    assert caught.value.message == f"{what} is not available in this version of kmsctl."


@pytest.mark.parametrize(
    "line", ["keys create --foo --help", "keys create -h", "keys -h list", "--help", "keys --help"]
)
def test_help_wins_over_what_is_missing_or_unknown(session: Session, line: str) -> None:
    with pytest.raises(HelpRequested):
        run(line.split(), session)


def test_a_wrong_value_before_it_wins_over_help(session: Session) -> None:
    usage_error(session, "keys create --rotation-period=1h --help")
