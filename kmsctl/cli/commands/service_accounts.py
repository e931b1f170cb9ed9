"""``kmsctl iam service-accounts`` and ``kmsctl services identity``."""

from __future__ import annotations

from kmsctl.cli import output, terminal
from kmsctl.cli.commands import policy_holders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.model.names import ServiceAccountName

TABLE = 'table(displayName:label="DISPLAY NAME", email, disabled.yesno(yes="True", no="False"))'


def create() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "iam service-accounts create",
        run_create,
        [
            options.Positional("name", "ID of the account: 6 to 30 lower-case letters, digits and hyphens."),
            options.flag("display-name", "Name for people."),
            options.flag("description", "What the account is for."),
        ],
        examples=[
            (
                "To create an account for a CI job:",
                "iam service-accounts create ci-runner --display-name=CI",
            )
        ],
    )


def describe() -> Command:
    return _about_one("describe", run_describe)


def enable() -> Command:
    return _about_one("enable", run_enable)


def disable() -> Command:
    return _about_one("disable", run_disable)


def delete() -> Command:
    return _about_one("delete", run_delete)


def list_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "iam service-accounts list",
        run_list,
        options.list_flags(),
        examples=[("To list the accounts of a project:", "iam service-accounts list --project=local")],
    )


def create_identity() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "services identity create",
        run_create_identity,
        [options.flag("service", "Service, such as storage.googleapis.com.", required=True)],
        about="""
            Makes the agent of a service in the project, if it is not there yet, and prints it. Grant
            it a key, and it can be impersonated like any service account.
        """,
        examples=[
            ("To get Cloud Storage's agent:", "services identity create --service=storage.googleapis.com")
        ],
    )


def run_create(session: Session, args: Args) -> None:
    from kmsctl.model.iam_resources import service_account_json
    from kmsctl.model.names import ProjectName

    made = session.kms.create_service_account(
        session.context,
        ProjectName(session.project),
        args["name"],
        display_name=args["display_name"] or "",
        description=args["description"] or "",
    )
    session.status(f"Created service account [{args['name']}].")
    output.show_silent(session, service_account_json(made))


def run_describe(session: Session, args: Args) -> None:
    from kmsctl.model.iam_resources import service_account_json

    found = session.kms.get_service_account(session.context, _account(session, args))
    output.show(session, service_account_json(found))


def run_list(session: Session, args: Args) -> None:
    from kmsctl.model.iam_resources import service_account_json
    from kmsctl.model.names import ProjectName

    found = session.kms.list_service_accounts(
        session.context, ProjectName(session.project), limit=args["limit"]
    )
    output.show_list(session, (service_account_json(each) for each in found), TABLE, args)


def run_enable(session: Session, args: Args) -> None:
    name = _account(session, args)
    session.kms.set_service_account_disabled(session.context, name, disabled=False)
    session.status(f"Enabled service account [{name.email}].")


def run_disable(session: Session, args: Args) -> None:
    name = _account(session, args)
    session.kms.set_service_account_disabled(session.context, name, disabled=True)
    session.status(f"Disabled service account [{name.email}].")


def run_delete(session: Session, args: Args) -> None:
    name = _account(session, args)
    terminal.confirm(f"You are about to delete service account [{name.email}]", quiet=session.quiet)
    session.kms.delete_service_account(session.context, name)
    session.status(f"deleted service account [{name.email}]")


def run_create_identity(session: Session, args: Args) -> None:
    from kmsctl.model.names import ProjectName

    made = session.kms.create_service_identity(session.context, ProjectName(session.project), args["service"])
    session.status(f"Service identity created: {made.email}")
    output.show(session, {"email": made.email, "uniqueId": made.unique_id})


def _about_one(verb: str, run: object) -> Command:
    from kmsctl.cli.command import Command

    example = f"iam service-accounts {verb} ci-runner@local.iam.gserviceaccount.com"
    return Command(
        f"iam service-accounts {verb}",
        run,  # type: ignore[arg-type]
        policy_holders.account_parameters(),
        examples=[(f"To {'show' if verb == 'describe' else verb} an account:", example)],
    )


def _account(session: Session, args: Args) -> ServiceAccountName:
    return policy_holders.service_account(session, args)  # type: ignore[return-value]  # of all holders this one
