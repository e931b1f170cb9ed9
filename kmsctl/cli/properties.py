"""Properties: settings that outlive a command, and the order in which they are looked up.

A flag wins over the environment (``KMSCTL_CORE_PROJECT`` for ``core/project``), which wins over the
file ``properties`` in the configuration directory, which wins over the default. The file is INI.
"""

from __future__ import annotations

import os

from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    T = TypeVar("T")

FILE = "properties"
DEFAULT_PROJECT = "local"
VERBOSITIES = ("debug", "info", "warning", "error", "critical", "none")

_TRUE = ("true", "1", "on", "yes", "y")
_FALSE = ("false", "0", "off", "no", "n", "", "none")

_SET_PROJECT = """
To set your project, run:

  $ kmsctl config set project PROJECT_ID

or to unset it, run:

  $ kmsctl config unset project"""


def _boolean(name: str, value: str) -> None:
    if value.lower() not in _TRUE + _FALSE:
        bare = name.partition("/")[2]
        choices = ", ".join(word or "''" for word in _TRUE + _FALSE)
        raise ValueError(f"The [{bare}] value [{value}] is not valid. Possible values: [{choices}].")


def _project(name: str, value: str) -> None:
    from kmsctl.errors import InvalidArgument
    from kmsctl.model.names import check_project

    del name
    if not value:
        raise CommandError(
            f"The project property is set to the empty string, which is invalid.{_SET_PROJECT}"
        )
    try:
        check_project(value)
    except InvalidArgument:
        raise CommandError(
            f"The project property must be set to a valid project ID, not [{value}]{_SET_PROJECT}"
        ) from None


def _verbosity(name: str, value: str) -> None:
    del name
    if value not in VERBOSITIES:
        raise ValueError(f"Possible values: [{', '.join(VERBOSITIES)}].")


def _destroy_duration(name: str, value: str) -> None:
    from kmsctl.model.durations import check_range, parse_duration

    del name
    check_range(parse_duration(value), "1d", "120d", received=value)


def _printable(value: str) -> None:
    if not value.isprintable():
        raise ValueError("it has characters that cannot be shown.")


def _present(name: str, value: str) -> None:
    if not value:
        raise ValueError(f"The {name} property is set to the empty string, which is invalid.")


#: Property → (what it is, how a value is checked). A check raises ValueError or CommandError.
TABLE: dict[str, tuple[str, Callable[[str, str], None]]] = {
    "core/account": ("Who runs commands, as an e-mail-like name.", _present),
    "core/disable_prompts": ("Take the default of every question, as --quiet does.", _boolean),
    "core/project": ("The project that names without one belong to.", _project),
    "core/user_output_enabled": ("Print resources and messages.", _boolean),
    "core/verbosity": ("The least severe messages that are shown.", _verbosity),
    "kms/destroy_scheduled_duration": (
        "How long versions of new keys stay restorable after destroy, if no flag says so.",
        _destroy_duration,
    ),
    "kms/keyring": ("The key ring of names without one.", _present),
    "kms/location": ("The location of names without one.", _present),
}


def full_name(text: str) -> str:
    """Returns the property that `text` names; a bare name is one of ``core/``.

    Raises:
        CommandError: if there is no such property.
    """
    section, slash, name = text.rpartition("/")
    if not slash:
        section = "core"
    full = f"{section}/{name}"
    if full in TABLE:
        return full
    if not any(known.startswith(f"{section}/") for known in TABLE):
        raise CommandError(f'Section "{section}" does not exist.')
    raise CommandError(f"Section [{section}] has no property [{name}].")


def variable(name: str) -> str:
    """Returns the environment variable of a property: ``KMSCTL_CORE_PROJECT``."""
    return "KMSCTL_" + name.upper().replace("/", "_")


class Properties:
    """The properties as one process sees them; the file is read once, when it is first needed."""

    __slots__ = ("_environment", "_file", "path")

    def __init__(self, directory: str, environment: Mapping[str, str]) -> None:
        self.path = os.path.join(directory, FILE)
        self._environment = environment
        self._file: dict[str, str] | None = None

    def get(self, name: str) -> str | None:
        """Returns a property's value, or None if it is not set.

        Raises:
            CommandError: if the value cannot be one, or the file cannot be read.
        """
        value = self.overriding(name)
        where = variable(name)
        if value is None:
            value = self.stored().get(name)
            where = self.path
        if value is not None:
            try:
                check(name, value)
            except CommandError as error:
                raise CommandError(f"{error.message}\nIt is set in {where}.") from None
        return value

    def flag(self, name: str) -> bool | None:
        """Returns a boolean property, or None if it is not set."""
        value = self.get(name)
        return None if value is None else value.lower() in _TRUE

    def overriding(self, name: str) -> str | None:
        """Returns the value that the environment gives, if it gives one."""
        return self._environment.get(variable(name))

    def stored(self) -> dict[str, str]:
        """Returns what the file sets."""
        if self._file is None:
            self._file = read(self.path)
        return self._file


def check(name: str, value: str) -> None:
    """Checks that a property may have a value.

    Raises:
        CommandError: if it may not.
    """
    try:
        _printable(value)
        TABLE[name][1](name, value)
    except ValueError as error:
        raise CommandError(f"Invalid value for property [{name}]: {error}") from None


def read(path: str) -> dict[str, str]:
    """Reads a property file to property → value; no file is no property."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"Unable to read file [{path}]: {error}") from None
    values = {}
    section = ""
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[" and line[-1] == "]":
            section = line[1:-1].strip()
            continue
        key, equals, value = line.partition("=")
        if not equals or not section or not key.strip():
            raise CommandError(f"{path}, line {number}: this is neither [section] nor property = value.")
        values[f"{section}/{key.strip()}"] = value.strip()
    return values


def change(path: str, name: str, value: str | None) -> None:
    """Sets a property in the file, or removes it for None. The file is replaced whole, mode 0600."""
    import fcntl

    from kmsctl.store.files import make_directory, os_failure, sync_directory, write_new

    directory = os.path.dirname(path)
    make_directory(directory)
    beside = f"{path}.{os.urandom(8).hex()}.new"
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Two changes at once: the second reads what the first wrote.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        values = read(path)
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value
        write_new(beside, layout(values).encode())
        os.replace(beside, path)
        sync_directory(directory)
    except OSError as error:
        raise os_failure(error, "write", path) from None
    finally:
        if os.path.exists(beside):
            os.unlink(beside)
        os.close(descriptor)


def layout(values: Mapping[str, str]) -> str:
    """Returns properties as the text of a property file, in order."""
    lines: list[str] = []
    for section, settings in sections(values).items():
        lines.append(f"[{section}]")
        lines.extend(f"{key} = {value}" for key, value in settings.items())
    return "".join(f"{line}\n" for line in lines)


def sections(values: Mapping[str, T]) -> dict[str, dict[str, T]]:
    """Sorts properties into section → name → value."""
    found: dict[str, dict[str, T]] = {}
    for name, value in sorted(values.items()):
        section, _, key = name.rpartition("/")
        found.setdefault(section, {})[key] = value
    return found
