"""Flags and names of the commands about who may do what."""

from __future__ import annotations

import click

from kmsctl.cli import options, params
from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kmsctl.cli.session import Args, Session
    from kmsctl.model.policies import Condition

NO_CONDITION = "None"
_KEYS = ("None", "description", "expression", "title")


class ConditionArg(click.ParamType[dict[str, str] | None]):
    """``expression=...,title=...[,description=...]``, or ``None``, which is an empty mapping."""

    name = "condition"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, str]:
        from kmsctl.model.labels import parse_list_arg

        if value == NO_CONDITION:
            return {}
        given: dict[str, str] = {}
        for item in parse_list_arg(value):
            key, equals, text = item.partition("=")
            if key not in _KEYS or not equals:
                self.fail(
                    f"valid keys are [{', '.join(_KEYS)}]; received: {key}. An expression with a comma goes "
                    "into a file (--condition-from-file), or takes another delimiter: "
                    "^;^expression=EXPRESSION;title=TITLE",
                    param,
                    ctx,
                )
            given[key] = text
        return given


def member() -> options.Flag:
    return options.flag(
        "member",
        "Principal: user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:DOMAIN or allUsers.",
        metavar="PRINCIPAL",
        required=True,
    )


def role() -> options.Flag:
    text = "Role: roles/ID, or projects/PROJECT/roles/ID of a custom one."
    return options.flag("role", text, required=True)


def conditions() -> list[click.Parameter]:
    return [
        options.flag(
            "condition",
            "Condition: expression=EXPRESSION,title=TITLE[,description=DESCRIPTION], or None.",
            ConditionArg(),
            metavar="KEY=VALUE",
        ),
        options.input_file("condition-from-file", "condition, in JSON or YAML"),
    ]


def permissions(*, required: bool = True) -> options.Flag:
    text = "Permissions, such as cloudkms.cryptoKeys.get."
    return options.flag("permissions", text, params.Items(), metavar="PERMISSION,...", required=required)


def read_mapping(session: Session, path: str, what: str, limit: int = 1 << 20) -> dict[str, object]:
    """Reads a JSON or YAML file that holds one object.

    Raises:
        CommandError: if it cannot be read, or holds something else.
    """
    del session
    found = read_data(path, what, limit)
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise CommandError(
            f"{what.capitalize()} file [{path}] is not a properly formatted YAML or JSON {what} file."
        )
    return found


def read_data(path: str, what: str, limit: int = 1 << 20) -> object:
    """Reads a JSON or YAML file; one that is neither is nothing."""
    import yaml

    from kmsctl.cli.files import Inputs

    data = Inputs().read("--" + what, path, what, limit)
    try:
        found: object = yaml.safe_load(data.decode())
    except (UnicodeDecodeError, RecursionError, yaml.YAMLError):
        return None
    return found


def condition_of(session: Session, args: Args) -> tuple[bool, Condition | None]:
    """Returns whether a condition was asked for (None is one of the answers), and which.

    Raises:
        CommandError: if it has no title or no expression.
    """
    given: dict[str, object] | None = args.get("condition")
    path = args.get("condition_from_file")
    if path is not None:
        given = _read_condition(session, path)
    elif given is None:
        return False, None
    return True, condition_of_mapping(given) if given else None


def _read_condition(session: Session, path: str) -> dict[str, object]:
    """Reads a condition; a file that cannot be read is a mistake of the command line, as in gcloud."""
    from kmsctl.cli.failures import UsageError

    try:
        return read_mapping(session, path, "condition")
    except CommandError as error:
        text = error.message.removeprefix(f"Failed to read condition file [{path}]: ")
        raise UsageError(session.command, f"argument --condition-from-file: {text}") from None


def condition_of_mapping(given: Mapping[str, object]) -> Condition:
    """Returns the condition that its fields are given of.

    Raises:
        CommandError: if it has no title or no expression.
    """
    from kmsctl.model.policy_json import parse_condition

    for field in ("expression", "title"):
        if not given.get(field):
            raise CommandError(f"Missing required field [{field}] of the condition.")
    return parse_condition("condition", given)
