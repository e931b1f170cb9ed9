"""``kmsctl config``: properties."""

from __future__ import annotations

from kmsctl.cli import output, properties
from kmsctl.cli.configurations import Configurations
from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.options import Positional
    from kmsctl.cli.session import Args, Session


def get() -> Command:
    return _get("config get")


def get_value() -> Command:
    return _get("config get-value")


def _get(words: str) -> Command:
    from kmsctl.cli.command import Command

    return Command(
        words,
        run_get,
        [_property("Property to print, such as core/project, or project.")],
        about="Prints the value of a property, as commands would use it.",
        examples=[("To print the project:", f"{words} project")],
    )


def list_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "config list",
        run_list,
        [
            options.Positional(
                "property",
                "Property, or section and slash, to list alone.",
                metavar="SECTION/PROPERTY",
                required=False,
            ),
            options.Flag("all", "List all properties there are, also those that are not set."),
        ],
        about=_table(),
        examples=[("To list all properties:", "config list --all")],
    )


def set_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "config set",
        run_set,
        [_property("Property to set."), options.Positional("value", "Its value.")],
        about=_table(),
        examples=[("To name the location of all that follows:", "config set kms/location us-east1")],
    )


def unset() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "config unset",
        run_unset,
        [_property("Property to unset.")],
        examples=[("To unset the location:", "config unset kms/location")],
    )


def run_get(session: Session, args: Args) -> None:
    name = properties.full_name(args["property"])
    value = _effective(session, name)
    if session.properties.configuration != properties.DEFAULT:
        session.status(f"Your active configuration is: [{session.properties.configuration}]")
    if value is None:
        session.status("(unset)")
    output.show_value(session, value)


def run_list(session: Session, args: Args) -> None:
    chosen = _chosen(session, args["property"])
    values = {name: _set_value(session, name) for name in chosen}
    if not args["all"]:
        values = {name: value for name, value in values.items() if value is not None}
    output.show_sections(session, values)
    session.status(f"\nYour active configuration is: [{session.properties.configuration}]")


def run_set(session: Session, args: Args) -> None:
    name = properties.full_name(args["property"])
    value: str = args["value"]
    if value != value.strip():
        raise CommandError(f"Invalid value for property [{name}]: there are blanks around it.")
    properties.check(name, value)
    _change(session, name, value)
    session.status(f"Updated property [{name}].")


def run_unset(session: Session, args: Args) -> None:
    name = properties.full_name(args["property"])
    _change(session, name, None)
    session.status(f"Unset property [{name}].")


def _change(session: Session, name: str, value: str | None) -> None:
    overriding = session.properties.overriding(name)
    if overriding is not None:
        setting = f"{properties.variable(name)}={overriding}"
        bare = name.partition("/")[2]
        session.log("warning", f"Property [{bare}] is overridden by environment setting [{setting}]")
    properties.change(_file_to_change(session), name, value)


def _file_to_change(session: Session) -> str:
    name, path = session.properties.configuration, session.properties.path
    if name == properties.NONE:
        raise CommandError(f"Properties in configuration [{name}] cannot be set.")
    if path is None or name not in Configurations(session.paths.config).names():
        raise CommandError(f"Cannot set property in configuration [{name}], it does not exist.")
    return path


def _effective(session: Session, name: str) -> str | None:
    """Returns what commands use, defaults included, for the properties that everyone asks for."""
    if name == "core/project":
        return session.project
    if name == "core/account":
        return session.account
    return session.properties.get(name)


def _set_value(session: Session, name: str) -> str | None:
    """Returns what is set, right or wrong: a wrong value is listed to be seen."""
    overriding = session.properties.overriding(name)
    return session.properties.stored().get(name) if overriding is None else overriding


def _chosen(session: Session, text: str | None) -> list[str]:
    known = sorted({*properties.TABLE, *filter(properties.is_token, session.properties.stored())})
    if text is None:
        return known
    if text.endswith("/"):
        found = [name for name in known if name.startswith(text)]
        if not found:
            raise CommandError(f'Section "{text[:-1]}" does not exist.')
        return found
    return [properties.full_name(text)]


def _property(text: str) -> Positional:
    from kmsctl.cli import options

    return options.Positional("property", text, metavar="SECTION/PROPERTY")


def _table() -> str:
    entries = "".join(f"\n\n{name}: {about}" for name, (about, _) in properties.TABLE.items())
    return (
        "These are the properties. An environment variable, such as KMSCTL_CORE_PROJECT for core/project, "
        f"sets one for a single command.{entries}"
    )
