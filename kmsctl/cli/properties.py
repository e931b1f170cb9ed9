"""Properties: settings that outlive a command, and the order in which they are looked up.

A flag wins over the environment (``KMSCTL_CORE_PROJECT`` for ``core/project``), which wins over the
active configuration, which wins over the default. A configuration is an INI file in the configuration
directory: ``properties`` is the one named ``default``, the others are in ``configurations``. The flag
``--configuration`` wins over ``KMSCTL_ACTIVE_CONFIG_NAME``, and that over the name in the file
``active_config``.
"""

from __future__ import annotations

import os
import stat

from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    T = TypeVar("T")

FILE = "properties"
DEFAULT = "default"
#: The configuration without any properties.
NONE = "NONE"
ACTIVE_FILE = "active_config"
ACTIVE_VARIABLE = "KMSCTL_ACTIVE_CONFIG_NAME"
CONFIGURATIONS = "configurations"
PREFIX = "config_"
DEFAULT_PROJECT = "local"
_LONGEST_NAME = 100
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
    "core/log_http": ("Show each call of the service, as --log-http does.", _boolean),
    "core/project": ("The project that names without one belong to.", _project),
    "core/user_output_enabled": ("Print resources and messages.", _boolean),
    "core/verbosity": ("The least severe messages that are shown.", _verbosity),
    "kms/destroy_scheduled_duration": (
        "How long versions of new keys stay restorable after destroy, if no flag says so.",
        _destroy_duration,
    ),
    "kms/keyring": ("The key ring of names without one.", _present),
    "kms/location": ("The location of names without one.", _present),
    "store/passphrase_file": ("The file of the passphrase that opens the store.", _present),
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


def is_configuration(name: str) -> bool:
    """Tells whether a configuration can have this name."""
    letters = name.replace("-", "")
    fits = letters.isascii() and letters.isalnum() and letters.islower()
    return fits and name[0].isalpha() and len(name) <= _LONGEST_NAME


def active_configuration(directory: str) -> str:
    """Returns the name of the configuration that was activated last: ``default`` if none was."""
    path = os.path.join(directory, ACTIVE_FILE)
    text = _read_trusted(path)
    if text is None:
        return DEFAULT
    name = text.strip()
    return name if name == NONE or is_configuration(name) else DEFAULT


def configuration_path(directory: str, name: str) -> str | None:
    """Returns where the properties of a configuration are; None if it can have none."""
    if name == DEFAULT:
        return os.path.join(directory, FILE)
    if is_configuration(name):
        return os.path.join(directory, CONFIGURATIONS, PREFIX + name)
    return None


class Properties:
    """The properties as one process sees them; the file is read once, when it is first needed.

    Attributes:
        configuration: the name of the configuration. One that is not there has no properties.
        path: of its file; None if it can have none.
    """

    __slots__ = ("_environment", "_file", "configuration", "path")

    def __init__(
        self, directory: str, environment: Mapping[str, str], configuration: str | None = None
    ) -> None:
        name = configuration or environment.get(ACTIVE_VARIABLE) or active_configuration(directory)
        self.configuration = name
        self.path = configuration_path(directory, name)
        self._environment = environment
        self._file: dict[str, str] | None = None

    def get(self, name: str) -> str | None:
        """Returns a property's value, or None if it is not set.

        Raises:
            CommandError: if the value cannot be one, or the file cannot be read.
        """
        value = self.overriding(name)
        where: str | None = variable(name)
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
            self._file = {} if self.path is None else read(self.path)
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
    text = _read_trusted(path)
    if text is None:
        return {}
    lines = text.splitlines()
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


def _read_trusted(path: str) -> str | None:
    """Returns the text of a file that nobody else can have written; None if there is no file.

    Whoever writes it says who the caller is and where the keys are looked for.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CommandError(f"Unable to read file [{path}]: {error}") from None
    with open(descriptor, encoding="utf-8") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise CommandError(f"[{path}] is not a plain file.")
        if status.st_uid not in (os.geteuid(), 0) or status.st_mode & 0o022:
            raise CommandError(
                f"[{path}] can be written by others (uid {status.st_uid}, mode "
                f"{stat.S_IMODE(status.st_mode):04o}). If nobody has touched it: chmod 0600 {path}"
            )
        try:
            return file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"Unable to read file [{path}]: {error}") from None


def change(path: str, name: str, value: str | None) -> None:
    """Sets a property in the file, or removes it for None. The file is replaced whole, mode 0600."""
    from kmsctl.store.files import DirectoryLock, make_directory

    directory = os.path.dirname(path)
    make_directory(directory)
    # Two changes at once: the second reads what the first wrote.
    with DirectoryLock(directory):
        values = read(path)
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value
        replace_file(path, layout(values))


def replace_file(path: str, text: str) -> None:
    """Writes a file whole, mode 0600, into a directory that is there."""
    from kmsctl.store.files import os_failure, sync_directory, write_new

    beside = f"{path}.{os.urandom(8).hex()}.new"
    try:
        write_new(beside, text.encode())
        os.replace(beside, path)
        sync_directory(os.path.dirname(path))
    except OSError as error:
        raise os_failure(error, "write", path) from None
    finally:
        if os.path.exists(beside):
            os.unlink(beside)


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
