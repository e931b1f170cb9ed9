"""``kmsctl projects``."""

from __future__ import annotations

from kmsctl.cli import output
from kmsctl.cli.commands import policy_holders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.model.names import ProjectName

TABLE = "table(projectId:label=PROJECT_ID, name:label=NAME, projectNumber:label=PROJECT_NUMBER)"


def create() -> Command:
    from kmsctl.cli import options, params
    from kmsctl.cli.command import Command

    return Command(
        "projects create",
        run_create,
        [
            *policy_holders.project_parameters(),
            options.flag("name", "Name for people; the id if not given."),
            options.flag("labels", "Labels of the project.", params.Labels(), metavar="[KEY=VALUE,...]"),
        ],
        about="""
            Creates a project, which the account that runs the command then owns. A project that does
            not exist is also made by the first key ring in it.
        """,
        examples=[("To create a project:", "projects create payments")],
    )


def describe() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "projects describe",
        run_describe,
        policy_holders.project_parameters(metavar="PROJECT_ID_OR_NUMBER"),
        examples=[("To show a project and its number:", "projects describe local")],
    )


def list_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "projects list",
        run_list,
        options.list_flags(),
        about="Lists the projects that the account that runs the command may see.",
        examples=[("To list all project ids:", "projects list --format='value(projectId)'")],
    )


def run_create(session: Session, args: Args) -> None:
    from kmsctl.model.iam_resources import project_json
    from kmsctl.model.names import ProjectName

    name = ProjectName(args["project_id"].removeprefix("projects/"))
    made = session.kms.create_project(
        session.context, name, display_name=args["name"] or "", labels=args["labels"] or {}
    )
    session.status(f"Created [https://cloudresourcemanager.googleapis.com/v1/{name}].")
    output.show_silent(session, project_json(made))


def run_describe(session: Session, args: Args) -> None:
    from kmsctl.model.iam_resources import project_json

    output.show(session, project_json(session.kms.get_project(session.context, _project(session, args))))


def run_list(session: Session, args: Args) -> None:
    from kmsctl.model.iam_resources import project_json

    found = session.kms.list_projects(session.context)
    output.show_list(session, (project_json(each) for each in found), TABLE, args)


def _project(session: Session, args: Args) -> ProjectName:
    return policy_holders.project(session, args)  # type: ignore[return-value]  # of all holders it is this one
