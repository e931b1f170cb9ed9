"""Asks which condition is meant, where a policy has some and the command line names none."""

from __future__ import annotations

from kmsctl.cli.failures import CommandError
from kmsctl.cli.terminal import ask_line, can_ask, choose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kmsctl.cli.session import Session
    from kmsctl.model.policies import Binding, Condition, Policy

_QUESTION = (
    "The policy contains bindings with conditions, so specifying a condition is required when {} a binding. "
    "Please specify a condition."
)
_ADDING = (
    "Adding a binding without specifying a condition to a policy containing conditions is prohibited in "
    "non-interactive mode. Run the command again with `--condition=None`"
)
_REMOVING = (
    "Removing a binding without specifying a condition from a policy containing conditions is prohibited in "
    "non-interactive mode. Run the command again with `--condition=None` to remove a binding without "
    "condition or run command with `--all` to remove all bindings of the specified principal and role."
)
_NONE = "None"
_NEW = (
    "Condition is either `None` or a list of key=value pairs. If not `None`, `expression` and `title` are "
    "required keys.\nExample: --condition=expression=[expression],title=[title],description=[description].\n"
    "Specify the condition:  "
)


def for_adding(session: Session, policy: Policy) -> Condition | None:
    """Asks with which condition a member is to be added: one that the policy has, None, or a new one.

    Raises:
        CommandError: if nobody can be asked, or the answer is no condition.
    """
    _check_can_ask(session, _ADDING)
    known = _conditions(policy.bindings)
    choices = [*known, *([] if _NONE in known else [_NONE]), "Specify a new condition"]
    chosen = choose(_QUESTION.format("adding"), choices, refusal=_ADDING)
    if chosen < len(choices) - 1:
        return known.get(choices[chosen])
    return _new(ask_line(_NEW))


def for_removing(session: Session, policy: Policy, member: str, role: str) -> tuple[bool, Condition | None]:
    """Asks from which bindings a member is to be removed: (from all, or else with which condition).

    Raises:
        CommandError: if nobody can be asked, or there is none to remove it from.
    """
    _check_can_ask(session, _REMOVING)
    known = _conditions(each for each in policy.bindings if each.role == role and member in each.members)
    if not known:
        raise CommandError("Policy binding with the specified principal and role not found!")
    choices = [*known, "all conditions"]
    chosen = choose(_QUESTION.format("removing"), choices, refusal=_REMOVING)
    return chosen == len(choices) - 1, known.get(choices[chosen])


def _check_can_ask(session: Session, refusal: str) -> None:
    if session.quiet or not can_ask():
        raise CommandError(refusal)


def _conditions(bindings: Iterable[Binding]) -> dict[str, Condition | None]:
    """Returns the conditions of bindings by what they are shown as; that there is none comes last."""
    known = {_shown(each.condition): each.condition for each in bindings}
    return {text: known[text] for text in sorted(known, key=lambda text: (text == _NONE, text))}


def _shown(condition: Condition | None) -> str:
    if condition is None:
        return _NONE
    shown = f"EXPRESSION={condition.expression}, TITLE={condition.title}"
    return shown + (f", DESCRIPTION={condition.description}" if condition.description else "")


def _new(answer: str) -> Condition | None:
    import click

    from kmsctl.cli.iam_options import ConditionArg, condition_of_mapping

    try:
        given = ConditionArg().convert(answer.strip(), None, None)
    except click.BadParameter as error:
        raise CommandError(f"Invalid condition: {error.message}") from None
    return condition_of_mapping(given) if given else None
