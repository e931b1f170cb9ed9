"""Named configurations: sets of properties, one of which is active.

``default`` is the file ``properties``, and there (without the file too) as long as there is no other; the
others are files in ``configurations``. See `kmsctl.cli.properties` for how one is chosen.
"""

from __future__ import annotations

import os

from kmsctl.cli import properties
from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.store.files import DirectoryLock


class Configurations:
    """The configurations in a configuration directory."""

    __slots__ = ("_directory",)

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def names(self) -> list[str]:
        """Returns the names of all configurations, in order."""
        found = set(self._named())
        if not found or self.active() == properties.DEFAULT or self._exists(properties.DEFAULT):
            found.add(properties.DEFAULT)
        return sorted(found)

    def active(self) -> str:
        """Returns the name of the active configuration, whatever a flag or the environment says."""
        return properties.active_configuration(self._directory)

    def stored(self, name: str) -> dict[str, str]:
        """Returns the properties of a configuration.

        Raises:
            CommandError: if there is none of that name.
        """
        if name != properties.NONE and name not in self.names():
            raise CommandError(f"The configuration [{name}] does not exist.")
        path = properties.configuration_path(self._directory, name)
        return {} if path is None else properties.read(path)

    def create(self, name: str) -> None:
        """Makes a configuration without properties."""
        path = self._checked_path(name)
        with self._lock():
            if name in self.names():
                raise CommandError(f"Cannot create configuration [{name}], it already exists.")
            if not self._named() and not self._exists(properties.DEFAULT):
                # From here on it has to be there to be one.
                properties.replace_file(os.path.join(self._directory, properties.FILE), "")
            _make_parent(path)
            properties.replace_file(path, "")

    def activate(self, name: str) -> None:
        """Makes a configuration the one that commands use."""
        with self._lock():
            if name != properties.NONE and name not in self.names():
                raise CommandError(f"Cannot activate configuration [{name}], it does not exist.")
            properties.replace_file(os.path.join(self._directory, properties.ACTIVE_FILE), f"{name}\n")

    def check_deletable(self, names: list[str], used: str) -> None:
        """Refuses to delete the active configuration, or `used`, the one that this command uses."""
        for name in names:
            if name in (used, self.active()):
                raise CommandError(
                    f"Deleting named configuration failed because configuration [{name}] is set as "
                    "active.  Use `kmsctl config configurations activate` to change the active configuration."
                )

    def delete(self, name: str) -> None:
        """Removes a configuration with its properties."""
        path = self._checked_path(name)
        with self._lock():
            if name not in self.names():
                raise CommandError(f"Cannot delete configuration [{name}], it does not exist.")
            _move(path, None)

    def rename(self, name: str, new: str) -> None:
        """Gives a configuration another name."""
        with self._lock():
            if name not in self.names():
                raise CommandError(f"Cannot rename configuration [{name}], it does not exist.")
            if name == self.active():
                raise CommandError(
                    f"Cannot rename configuration [{name}], it is the currently active configuration."
                )
            source, target = self._checked_path(name), self._checked_path(new)
            if new in self.names():
                raise CommandError(f"Cannot rename configuration [{name}], [{new}] already exists.")
            _make_parent(target)
            _move(source, target)

    def _lock(self) -> DirectoryLock:
        """One process at a time changes configurations; the directory is made if it is not there."""
        from kmsctl.store.files import DirectoryLock, make_directory

        make_directory(self._directory)
        return DirectoryLock(self._directory)

    def _named(self) -> list[str]:
        try:
            files = os.listdir(os.path.join(self._directory, properties.CONFIGURATIONS))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise CommandError(f"Unable to read the configurations: {error}") from None
        names = [file.removeprefix(properties.PREFIX) for file in files if file.startswith(properties.PREFIX)]
        return [name for name in names if properties.is_configuration(name)]

    def _exists(self, name: str) -> bool:
        path = properties.configuration_path(self._directory, name)
        return path is not None and os.path.exists(path)

    def _checked_path(self, name: str) -> str:
        path = properties.configuration_path(self._directory, name)
        if path is None:
            raise CommandError(
                f"Invalid name [{name}] for a configuration.  Except for special cases (NONE), configuration "
                "names start with a lower case letter and contain only lower case letters a-z, digits 0-9, "
                "and hyphens '-'."
            )
        return path


def _make_parent(path: str) -> None:
    from kmsctl.store.files import make_directory

    make_directory(os.path.dirname(path))


def _move(path: str, target: str | None) -> None:
    """Gives a file another name, or removes it; a configuration without properties may have none."""
    from kmsctl.store.files import os_failure, sync_directory

    try:
        if not os.path.exists(path):
            if target is not None:
                properties.replace_file(target, "")
            return
        if target is None:
            os.unlink(path)
        else:
            os.rename(path, target)
            sync_directory(os.path.dirname(target))
        sync_directory(os.path.dirname(path))
    except OSError as error:
        raise os_failure(error, "change", path) from None
