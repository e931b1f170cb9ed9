"""Which condition is meant, asked on a terminal as gcloud asks."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from kmsctl.cli import condition_prompts, terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.session import Session
from kmsctl.model.policies import Binding, Condition, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = Condition("request.time.getHours() > 8", "day")
NIGHT = Condition("request.time.getHours() < 8", "night", "while all sleep")
ANN, ROLE = "user:ann@example.com", "roles/viewer"
POLICY = Policy(
    [Binding(ROLE, [ANN], NIGHT), Binding(ROLE, [ANN], DAY), Binding("roles/editor", ["user:b@c.d"])]
)


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    monkeypatch.setattr(terminal, "is_terminal", lambda _: True)
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def session(**settings: object) -> Session:
    made = Session({})
    made.settings.update(settings)
    return made


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1\n", NIGHT),
        ("2\n", DAY),
        ("3\n", None),
        ("0\nx\n\n2\n", DAY),
        ("4\nexpression=true,title=t\n", Condition("true", "t")),
        ("4\nNone\n", None),
    ],
)
def test_adding_asks_for_one_of_the_policys_or_a_new_one(
    answer: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
    typed: str,
    meant: Condition | None,
) -> None:
    answer(typed)
    assert condition_prompts.for_adding(session(), POLICY) == meant
    shown = capsys.readouterr().err
    assert shown.startswith(
        " [1] EXPRESSION=request.time.getHours() < 8, TITLE=night, DESCRIPTION=while all sleep\n"
        " [2] EXPRESSION=request.time.getHours() > 8, TITLE=day\n"
        " [3] None\n"
        " [4] Specify a new condition\n"
        "The policy contains bindings with conditions, so specifying a condition is required when adding a "
        "binding. Please specify a condition.:  "
    )
    assert shown.count("Please enter a value between 1 and 4:  ") == (3 if typed.startswith("0") else 0)


@pytest.mark.parametrize(
    ("typed", "meant"), [("1\n", (False, NIGHT)), ("2\n", (False, DAY)), ("3\n", (True, None))]
)
def test_removing_asks_for_one_of_the_members_or_all(
    answer: Callable[[str], None], typed: str, meant: tuple[bool, Condition | None]
) -> None:
    answer(typed)
    assert condition_prompts.for_removing(session(), POLICY, ANN, ROLE) == meant


def test_removing_what_is_not_there_asks_nothing(
    answer: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    answer("")
    with pytest.raises(CommandError, match="with the specified principal and role not found!"):
        condition_prompts.for_removing(session(), POLICY, ANN, "roles/editor")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("typed", ["", "5\n", "4\nnonsense\n", "4\ntitle=t\n", "4\nexpression=true\n"])
def test_an_answer_that_is_none_changes_nothing(answer: Callable[[str], None], typed: str) -> None:
    answer(typed)
    with pytest.raises(CommandError):
        condition_prompts.for_adding(session(), POLICY)


@pytest.mark.parametrize("quiet", [True, False])
def test_where_nobody_can_be_asked_it_is_refused(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    monkeypatch.setattr(terminal, "is_terminal", lambda _: quiet)
    with pytest.raises(
        CommandError, match=r"Adding .* prohibited in non-interactive mode.*`--condition=None`"
    ):
        condition_prompts.for_adding(session(quiet=quiet), POLICY)
    with pytest.raises(CommandError, match=r"Removing .* or run command with `--all`"):
        condition_prompts.for_removing(session(quiet=quiet), POLICY, ANN, ROLE)
