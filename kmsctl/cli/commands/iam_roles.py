"""``kmsctl iam roles``: predefined roles, and a project's own."""

from __future__ import annotations

from kmsctl.cli import output
from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.model.iam_resources import IamRole
    from kmsctl.model.names import ProjectName

_EXAMPLES = {
    "delete": ("To delete a custom role:", "iam roles delete rotator --project=local"),
    "describe": ("To show what a role permits:", "iam roles describe roles/cloudkms.admin"),
    "undelete": ("To bring a custom role back:", "iam roles undelete rotator --project=local"),
}
_FILE_FIELDS = frozenset({"description", "etag", "includedPermissions", "name", "stage", "title"})


def list_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "iam roles list",
        run_list,
        [
            options.switch("show-deleted", "Show deleted roles too."),
            *(flag for flag in options.list_flags() if flag.name != "uri"),
        ],
        about="Lists the predefined roles, or with --project the custom roles of a project.",
        examples=[("To list the roles of Cloud KMS:", "iam roles list --filter=name:roles/cloudkms")],
    )


def describe() -> Command:
    return _about_one("describe", run_describe, "Shows a predefined role, or with --project a custom one.")


def delete() -> Command:
    return _about_one("delete", run_delete, "Deletes a custom role. It grants nothing until it is undeleted.")


def undelete() -> Command:
    return _about_one("undelete", run_undelete, "Brings a deleted custom role back.")


def create() -> Command:
    from kmsctl.cli import iam_options
    from kmsctl.cli.command import Command

    command = Command(
        "iam roles create",
        run_create,
        [_role(), *_texts(), iam_options.permissions(required=False)],
        about="Creates a custom role in the project, from flags or from a JSON or YAML file.",
        examples=[
            (
                "To create a role that may rotate keys and not destroy them:",
                """
                iam roles create rotator --title=Rotator
                --permissions=cloudkms.cryptoKeyVersions.create,cloudkms.cryptoKeys.update
                """,
            )
        ],
    )
    command.exclusive = [("file", each) for each in ("permissions", "title", "description", "stage")]
    return command


def update() -> Command:
    from kmsctl.cli import iam_options, options, params
    from kmsctl.cli.command import Command

    command = Command(
        "iam roles update",
        run_update,
        [
            _role(),
            *_texts(),
            iam_options.permissions(required=False),
            options.flag("add-permissions", "Permissions to add.", params.Items(), metavar="PERMISSION,..."),
            options.flag(
                "remove-permissions", "Permissions to remove.", params.Items(), metavar="PERMISSION,..."
            ),
        ],
        examples=[
            (
                "To add a permission:",
                "iam roles update rotator --add-permissions=cloudkms.cryptoKeys.get",
            )
        ],
    )
    command.exclusive = [
        *(("permissions", each) for each in ("add-permissions", "remove-permissions")),
        *(("file", each) for each in ("permissions", "add-permissions", "remove-permissions")),
    ]
    return command


def run_list(session: Session, args: Args) -> None:
    from kmsctl.model.iam_resources import role_json

    if session.settings.get("project") is None:
        found = session.kms.list_predefined_roles(session.context)
    else:
        parent = _project(session)
        found = session.kms.list_custom_roles(
            session.context, parent, show_deleted=bool(args["show_deleted"])
        )
    output.show_list(session, (role_json(each, with_permissions=False) for each in found), "default", args)


def run_describe(session: Session, args: Args) -> None:
    from kmsctl.model.iam_resources import role_json

    text: str = args["role"]
    if text.startswith("roles/"):
        found = session.kms.get_predefined_role(session.context, text)
    else:
        found = session.kms.get_custom_role(session.context, *_named(session, text))
    output.show(session, role_json(found))


def run_create(session: Session, args: Args) -> None:
    from kmsctl.model.iam_resources import IamRole

    parent, role = _named(session, args["role"])
    given = _given(session, args)
    wanted = IamRole(
        "",
        str(given.get("title", "")),
        str(given.get("description", "")),
        str(given.get("stage", "")),
        _permissions(given.get("permissions")),
    )
    made = session.kms.create_custom_role(session.context, parent, role, wanted)
    session.status(f"Created role [{role}].")
    _show(session, made)


def run_update(session: Session, args: Args) -> None:
    parent, role = _named(session, args["role"])
    changes = _given(session, args)
    etag = str(changes.pop("etag", ""))
    if args["file"] is not None and not etag:
        session.log(
            "warning",
            'The role file has no "etag" of the version to replace: a change that somebody else makes at the '
            "same time can be lost.",
        )
    if args["add_permissions"] or args["remove_permissions"]:
        before = session.kms.get_custom_role(session.context, parent, role)
        left = set(before.permissions) | set(args["add_permissions"] or ())
        changes["permissions"] = sorted(left - set(args["remove_permissions"] or ()))
        etag = before.etag
    if not changes:
        raise CommandError("Name at least one thing to change.")
    _show(session, session.kms.update_custom_role(session.context, parent, role, changes, etag))


def run_delete(session: Session, args: Args) -> None:
    parent, role = _named(session, args["role"])
    _show(session, session.kms.set_custom_role_deleted(session.context, parent, role, deleted=True))


def run_undelete(session: Session, args: Args) -> None:
    parent, role = _named(session, args["role"])
    _show(session, session.kms.set_custom_role_deleted(session.context, parent, role, deleted=False))


def _about_one(verb: str, run: object, about: str) -> Command:
    from kmsctl.cli.command import Command

    example = _EXAMPLES[verb]
    return Command(f"iam roles {verb}", run, [_role()], about=about, examples=[example])  # type: ignore[arg-type]


def _role() -> click.Parameter:
    from kmsctl.cli import options

    text = "ID of the role, roles/ID, or projects/PROJECT/roles/ID."
    return options.Positional("role", text, metavar="ROLE_ID")


def _texts() -> list[click.Parameter]:
    from kmsctl.cli import options

    return [
        options.flag("title", "Name for people."),
        options.flag("description", "What the role is for."),
        options.flag("stage", "ALPHA, BETA, GA, DEPRECATED, DISABLED or EAP."),
        options.input_file("file", "role, in JSON or YAML"),
    ]


def _given(session: Session, args: Args) -> dict[str, object]:
    """Returns what is said of a role, by flags or by a file: title, description, stage, permissions, etag."""
    if args["file"] is None:
        names = ("title", "description", "stage", "permissions")
        return {name: args[name] for name in names if args[name] is not None}
    from kmsctl.cli.iam_options import read_mapping

    given = read_mapping(session, args["file"], "role")
    unknown = sorted(given.keys() - _FILE_FIELDS)
    if unknown:
        raise CommandError(f"The role file [{args['file']}] has an unknown field [{unknown[0]}].")
    if "includedPermissions" in given:
        given["permissions"] = _permissions(given.pop("includedPermissions"))
    given.pop("name", None)
    return given


def _permissions(given: object) -> list[str]:
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise CommandError("The permissions of a role are a list of texts.")
    return given


def _named(session: Session, text: str) -> tuple[ProjectName, str]:
    from kmsctl.model.names import ProjectName

    parts = text.split("/")
    if len(parts) == 4 and parts[0] == "projects" and parts[2] == "roles":
        return ProjectName(parts[1]), parts[3]
    return _project(session), text


def _project(session: Session) -> ProjectName:
    from kmsctl.model.names import ProjectName

    return ProjectName(session.project)


def _show(session: Session, role: IamRole) -> None:
    from kmsctl.model.iam_resources import role_json

    output.show(session, role_json(role))
