"""What can stand as the value of a flag or positional, as far as a shell can know.

Words are known beforehand and stand in the scripts themselves. Files are looked for by the shell. Names
of resources are asked for: ``kmsctl --complete-names KIND PREFIX`` (`kmsctl.cli.completion.names`).
"""

from __future__ import annotations

from kmsctl.cli import properties
from kmsctl.cli.completion import SHELLS
from kmsctl.cli.failures import CommandError
from kmsctl.cli.options import Flag, Positional
from kmsctl.cli.params import AccessReasons, Choice
from kmsctl.model.iam_resources import STAGES
from kmsctl.model.locations import LOCATIONS
from kmsctl.render.errors import FormatError
from kmsctl.render.printers import FORMATS, find_printer
from kmsctl.render.projection_parser import parse_format

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kmsctl.cli.command import Command

FILE = "file"

#: Name of a flag or positional → the kind of the resource that it names.
_NAMES = {
    "add-permissions": "permission",
    "configuration": "configuration",
    "configuration-name": "configuration",
    "configuration-names": "configuration",
    "group": "group",
    "impersonate-service-account": "service-account",
    "import-job": "import-job",
    "key": "key",
    "keyring": "keyring",
    "member": "member",
    "members": "member",
    "permission": "permission",
    "permissions": "permission",
    "primary-version": "version",
    "project": "project",
    "project-id": "project",
    "remove-permissions": "permission",
    "role": "role",
    "service": "service",
    "service-account": "service-account",
    "version": "version",
}
#: Names of flags and positionals that are files; besides these, all that end in ``-file``.
_FILES = frozenset(
    (FILE, "checkpoint", "directory", "export", "module-path", "public-key", "to", "tombstones")
)
#: What can be done to custom roles alone.
_OF_CUSTOM_ROLES = frozenset(("iam", "roles", verb) for verb in ("delete", "undelete", "update"))
_BOOLEANS = ("true", "false")


class Values:
    """What fits.

    Attributes:
        words: (word, what it is, or nothing), in the order to show them.
        source: `FILE`, or a kind of names to ask the program for; empty where `words` are all.
    """

    __slots__ = ("source", "words")

    def __init__(self, words: Iterable[tuple[str, str]] = (), source: str = "") -> None:
        self.words = tuple(words)
        self.source = source

    def __bool__(self) -> bool:
        return bool(self.words or self.source)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Values) and (self.words, self.source) == (other.words, other.source)

    def __hash__(self) -> int:
        return hash((self.words, self.source))


def of(command: Command | None, parameter: Flag | Positional) -> Values:
    """Returns what fits a parameter of a command; None is the one that every command has."""
    name = (parameter.name or "").replace("_", "-")
    if isinstance(parameter, Flag):
        if isinstance(parameter.type, Choice | AccessReasons):
            return _plain(parameter.type.choices)
    elif command is not None and command.words[-1] == "create":
        # The name of something that is not there yet.
        return Values()
    if name == "role" and command is not None and command.words in _OF_CUSTOM_ROLES:
        return Values(source="custom-role")
    if name in _NAMES:
        return Values(source=_NAMES[name])
    if name in _FILES or name.endswith(("-file", "-files", "-directory")):
        return Values(source=FILE)
    return _TABLES.get(name, Values())


def of_property(name: str) -> Values:
    """Returns what fits a property."""
    bare = name.rpartition("/")[2]
    if bare in _NAMES:
        return Values(source=_NAMES[bare])
    if bare == "verbosity":
        return _plain(properties.VERBOSITIES)
    if _accepts(name, "true") and not _accepts(name, "maybe"):
        return _plain(_BOOLEANS)
    return _TABLES.get(bare, Values())


def _formats() -> Iterator[str]:
    """Yields the formats that need no keys."""
    for name in FORMATS:
        try:
            find_printer(parse_format(name))
        except FormatError:
            continue
        yield name


def _accepts(name: str, value: str) -> bool:
    try:
        properties.check(name, value)
    except CommandError:
        return False
    return True


def _plain(words: Iterable[str]) -> Values:
    return Values((word, "") for word in words)


def _properties() -> Iterator[tuple[str, str]]:
    """Yields every property; the section of core can be left out."""
    for name, (about, _) in properties.TABLE.items():
        text = about.removesuffix(".")
        yield name, text
        if name.startswith("core/"):
            yield name.removeprefix("core/"), text


_LOCATIONS = tuple((each.id, each.place) for each in LOCATIONS)
#: Name of a flag or positional → its words.
_TABLES = {
    "database": Values((("control", "what belongs to no location"), *_LOCATIONS)),
    "format": _plain(_formats()),
    "location": Values(_LOCATIONS),
    "property": Values(_properties()),
    "shell": _plain(SHELLS),
    "stage": _plain(STAGES),
}
