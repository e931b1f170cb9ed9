"""``kmsctl iam groups``: groups of accounts, for policies. gcloud has such groups elsewhere."""

from __future__ import annotations

from kmsctl.cli import output, terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.model.iam_resources import Group
    from kmsctl.model.names import ProjectName

_EXAMPLES = {
    "add-members": (
        "To add an account:",
        "iam groups add-members ops@example.com --members=user:ann@example.com",
    ),
    "create": ("To create a group:", "iam groups create ops@example.com"),
    "delete": ("To delete a group:", "iam groups delete ops@example.com"),
    "describe": ("To show a group and its members:", "iam groups describe ops@example.com"),
    "remove-members": (
        "To remove an account:",
        "iam groups remove-members ops@example.com --members=user:ann@example.com",
    ),
}
TABLE = "table(email, displayName, members.len():label=MEMBERS)"


def create() -> Command:
    from kmsctl.cli import options

    return _about_one(
        "create",
        run_create,
        options.flag("display-name", "Name for people."),
        options.flag("description", "What the group is for."),
        about="Creates a group, which the project looks after. Policies of any project may name it.",
    )


def describe() -> Command:
    return _about_one("describe", run_describe)


def delete() -> Command:
    return _about_one("delete", run_delete)


def add_members() -> Command:
    return _about_one("add-members", run_add_members, _members())


def remove_members() -> Command:
    return _about_one("remove-members", run_remove_members, _members())


def list_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "iam groups list",
        run_list,
        options.list_flags(),
        examples=[("To list the groups of a project:", "iam groups list --project=local")],
    )


def import_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "iam groups import",
        run_import,
        [options.Positional("groups_file", "File with the groups, in JSON or YAML; - is standard input.")],
        about="""
            Makes groups what a file says: a list as kmsctl iam groups list --format=json prints
            it. Each has an email and members, and may have a displayName and a description.
            Those that are not there are created; of those that are, everything is replaced;
            groups that are not in the file stay as they are. If one is wrong, nothing changes.
        """,
        examples=[("To make groups what a file says:", "iam groups import groups.yaml")],
    )


def run_create(session: Session, args: Args) -> None:
    made = session.kms.create_group(
        session.context,
        _project(session),
        args["group"],
        display_name=args["display_name"] or "",
        description=args["description"] or "",
    )
    session.status(f"Created group [{made.email}].")
    output.show_silent(session, _json(made))


def run_describe(session: Session, args: Args) -> None:
    output.show(session, _json(session.kms.get_group(session.context, _project(session), args["group"])))


def run_list(session: Session, args: Args) -> None:
    found = session.kms.list_groups(session.context, _project(session))
    output.show_list(session, (_json(each) for each in found), TABLE, args)


def run_import(session: Session, args: Args) -> None:
    from kmsctl.cli.failures import CommandError
    from kmsctl.cli.iam_options import read_data
    from kmsctl.model.iam_resources import parse_groups

    parent = _project(session)
    given = read_data(args["groups_file"], "groups")
    if not isinstance(given, list | dict):
        raise CommandError(
            f"Groups file [{args['groups_file']}] is not a properly formatted YAML or JSON groups file."
        )
    changed = session.kms.import_groups(session.context, parent, parse_groups(given, parent.project))
    session.status(f"Imported {len(changed)} group(s).")
    output.show_found(session, map(_json, changed), TABLE)


def run_delete(session: Session, args: Args) -> None:
    terminal.confirm(f"You are about to delete group [{args['group']}]", quiet=session.quiet)
    session.kms.delete_group(session.context, _project(session), args["group"])
    session.status(f"Deleted group [{args['group']}].")


def run_add_members(session: Session, args: Args) -> None:
    changed = session.kms.change_group_members(
        session.context, _project(session), args["group"], add=args["members"]
    )
    session.status(f"Updated group [{changed.email}].")
    output.show(session, _json(changed))


def run_remove_members(session: Session, args: Args) -> None:
    changed = session.kms.change_group_members(
        session.context, _project(session), args["group"], remove=args["members"]
    )
    session.status(f"Updated group [{changed.email}].")
    output.show(session, _json(changed))


def _about_one(verb: str, run: object, *flags: click.Parameter, about: str = "") -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    group = options.Positional("group", "E-mail address of the group.")
    return Command(
        f"iam groups {verb}",
        run,  # type: ignore[arg-type]
        [group, *flags],
        about=about,
        examples=[_EXAMPLES[verb]],
    )


def _members() -> click.Parameter:
    from kmsctl.cli import options, params

    text = "Members: user:EMAIL, serviceAccount:EMAIL or group:EMAIL."
    return options.flag("members", text, params.Items(), metavar="PRINCIPAL,...", required=True)


def _project(session: Session) -> ProjectName:
    from kmsctl.model.names import ProjectName

    return ProjectName(session.project)


def _json(group: Group) -> dict[str, object]:
    from kmsctl.model.iam_resources import group_json

    return group_json(group)
