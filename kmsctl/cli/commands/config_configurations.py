"""``kmsctl config configurations``: named sets of properties."""

from __future__ import annotations

from kmsctl.cli import output, properties, terminal
from kmsctl.cli.configurations import Configurations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.options import Positional
    from kmsctl.cli.session import Args, Session

TABLE = (
    "table(name, is_active, properties.core.account, properties.core.project, "
    "properties.kms.location:label=KMS_LOCATION, properties.kms.keyring:label=KMS_KEYRING)"
)
_NAMES = (
    "Its name starts with a lower-case letter and has lower-case letters, digits and hyphens. The "
    "configuration NONE has no properties and is always there."
)


def create() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "config configurations create",
        run_create,
        [
            _name("create"),
            options.switch("activate", "Activate the new configuration, which is the default."),
        ],
        about=f"Creates a configuration, a set of properties, and activates it.\n\n{_NAMES}",
        examples=[("To create a configuration for tests:", "config configurations create tests")],
    )


def activate() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "config configurations activate",
        run_activate,
        [_name("activate")],
        about="""
            Activates a configuration: all that follows takes its properties. For a single command,
            --configuration or the environment variable KMSCTL_ACTIVE_CONFIG_NAME does.
        """,
        examples=[("To go back to the first configuration:", "config configurations activate default")],
    )


def list_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "config configurations list",
        run_list,
        [each for each in options.list_flags() if each.name not in ("page_size", "uri")],
        about="Lists the configurations, with those of their properties that matter most.",
        examples=[
            (
                "To print the name of the active configuration:",
                "config configurations list --filter=is_active=true --format='value(name)'",
            )
        ],
    )


def describe() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "config configurations describe",
        run_describe,
        [_name("show"), options.Flag("all", "Show all properties there are, also those that are not set.")],
        examples=[("To show a configuration:", "config configurations describe tests")],
    )


def delete() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "config configurations delete",
        run_delete,
        [
            options.Positional(
                "configuration_names",
                "Names of the configurations to delete; none of them can be active.",
                several=True,
            )
        ],
        about="Deletes configurations with their properties. The active configuration cannot be deleted.",
        examples=[("To delete two configurations:", "config configurations delete tests trial")],
    )


def rename() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "config configurations rename",
        run_rename,
        [_name("rename"), options.flag("new-name", "Its new name.", required=True)],
        about=f"Renames a configuration that is not active.\n\n{_NAMES}",
        examples=[
            ("To rename a configuration:", "config configurations rename tests --new-name=integration-tests")
        ],
    )


def run_create(session: Session, args: Args) -> None:
    found = Configurations(session.paths.config)
    name: str = args["configuration_name"]
    found.create(name)
    session.status(f"Created [{name}].")
    if args["activate"] is False:
        session.status(
            "To use this configuration, activate it by running:\n"
            f"  $ kmsctl config configurations activate {name}\n\n"
        )
    else:
        found.activate(name)
        session.status(f"Activated [{name}].")
    output.show_if_asked(session, name)


def run_activate(session: Session, args: Args) -> None:
    name: str = args["configuration_name"]
    Configurations(session.paths.config).activate(name)
    session.status(f"Activated [{name}].")
    output.show_if_asked(session, name)


def run_list(session: Session, args: Args) -> None:
    found = Configurations(session.paths.config)
    used = session.properties.configuration
    records = [_record(found, name, used, everything=True) for name in found.names()]
    output.show_list(session, records, TABLE, args)


def run_describe(session: Session, args: Args) -> None:
    found = Configurations(session.paths.config)
    used = session.properties.configuration
    output.show(session, _record(found, args["configuration_name"], used, everything=bool(args["all"])))


def run_delete(session: Session, args: Args) -> None:
    found = Configurations(session.paths.config)
    names: list[str] = args["configuration_names"]
    listed = "\n".join(f" - {name}" for name in names)
    terminal.agree(f"The following configurations will be deleted:\n{listed}", quiet=session.quiet)
    found.check_deletable(names, session.properties.configuration)
    for name in names:
        found.delete(name)
        session.status(f"Deleted [{name}].")
    output.show_nothing(session, stdout_taken=False)


def run_rename(session: Session, args: Args) -> None:
    name, new = args["configuration_name"], args["new_name"]
    Configurations(session.paths.config).rename(name, new)
    session.status(f"Renamed [{name}] to be [{new}].")
    output.show_if_asked(session, new)


def _record(found: Configurations, name: str, used: str, *, everything: bool) -> dict[str, object]:
    values: dict[str, str | None] = dict.fromkeys(properties.TABLE) if everything else {}
    values.update((key, value) for key, value in found.stored(name).items())
    return {"is_active": name == used, "name": name, "properties": properties.sections(values)}


def _name(verb: str) -> Positional:
    from kmsctl.cli import options

    return options.Positional("configuration_name", f"Name of the configuration to {verb}.")
