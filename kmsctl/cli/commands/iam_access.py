"""``kmsctl iam explain`` and ``kmsctl iam who-can``. gcloud has no such commands."""

from __future__ import annotations

from kmsctl.cli import output, resources
from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.model.names import Name
    from kmsctl.service.access import Explanation, Ground

TABLE = "table(member, role, level, via:optional, condition:optional)"


def explain() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "iam explain",
        run_explain,
        _parameters(),
        about="""
            Shows whether an account has a permission on a resource, and every binding on the way
            from the project that could give it: at which level, with which condition, and
            whether it does.

            --account names the account that is asked about. Whoever asks is the account of the
            property core/account, and needs resourcemanager.projects.getIamPolicy.
        """,
        examples=[
            (
                "To see why somebody cannot decrypt:",
                """
                iam explain cloudkms.cryptoKeyVersions.useToDecrypt
                projects/local/locations/us-east1/keyRings/prod/cryptoKeys/db --account=ann@example.com
                """,
            )
        ],
    )


def who_can() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "iam who-can",
        run_who_can,
        [*_parameters(), *(flag for flag in options.list_flags() if flag.name != "uri")],
        about="Lists everybody who is granted a permission on a resource, groups spelled out.",
        examples=[
            (
                "To see who may destroy versions of a key:",
                """
                iam who-can cloudkms.cryptoKeyVersions.destroy
                projects/local/locations/us-east1/keyRings/prod/cryptoKeys/db
                """,
            )
        ],
    )


def run_explain(session: Session, args: Args) -> None:
    asked: str = session.account
    session.settings.pop("account", None)  # it is the account that is asked about; the configured one asks
    permission, resource = args["permission"], _resource(args["resource"])
    found = session.kms.explain_access(session.context, permission, resource, asked)
    output.show(session, _json(found))


def run_who_can(session: Session, args: Args) -> None:
    holders = session.kms.who_can(session.context, args["permission"], _resource(args["resource"]))
    found = (
        {
            "member": each.member,
            "role": each.role,
            "level": each.level,
            **({"via": each.via} if each.via else {}),
            **({"condition": each.condition} if each.condition else {}),
        }
        for each in holders
    )
    output.show_list(session, found, TABLE, args)


def _parameters() -> list[click.Parameter]:
    from kmsctl.cli import options

    return [
        options.Positional("permission", "Permission, such as cloudkms.cryptoKeyVersions.useToDecrypt."),
        options.Positional("resource", "Full name of the resource, or address of a service account."),
    ]


def _resource(text: str) -> Name:
    from kmsctl.model.names import ServiceAccountName

    parts = text.split("/")
    if len(parts) == 4 and parts[2] == "serviceAccounts":
        return ServiceAccountName(parts[1], parts[3])
    if "@" in text and len(parts) == 1:
        return ServiceAccountName("-", text)
    name = resources.full_name(text)
    if name is None:
        raise CommandError(
            f"Invalid value for [resource]: {text} is not a full resource name (projects/...)."
        )
    return name


def _json(found: Explanation) -> dict[str, object]:
    shown: dict[str, object] = {
        "account": found.account,
        "granted": found.granted,
        "permission": found.permission,
        "resource": found.resource,
    }
    if found.grounds:
        shown["bindings"] = [_ground_json(each) for each in found.grounds]
    if found.note:
        shown["note"] = found.note
    return shown


def _ground_json(ground: Ground) -> dict[str, object]:
    from kmsctl.model.policy_json import condition_json

    shown: dict[str, object] = {
        "level": ground.level,
        "outcome": ground.outcome,
        "role": ground.binding.role,
    }
    if ground.via:
        shown["member"] = ground.via
    else:
        shown["members"] = list(ground.binding.members)
    if ground.binding.condition is not None:
        shown["condition"] = condition_json(ground.binding.condition)
    if ground.problem:
        shown["problem"] = ground.problem
    return shown
