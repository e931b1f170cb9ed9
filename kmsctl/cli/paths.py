"""Where the store and its configuration live.

``KMSCTL_HOME`` moves both, ``KMSCTL_CONFIG`` the configuration alone. Without them the places are
those of platformdirs, which on Linux follow the XDG base directory specification; they are computed
here there, because importing platformdirs takes longer than an encryption.
"""

from __future__ import annotations

import os
import sys

from kmsctl.errors import StoreAccess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = "kmsctl"


class Paths:
    """Absolute paths: `data` holds the databases; `config` the properties, root key and anchor."""

    __slots__ = ("config", "data")

    def __init__(self, data: str, config: str) -> None:
        self.data = data
        self.config = config


def find(environment: Mapping[str, str]) -> Paths:
    """Returns the places that `environment` asks for. An empty variable counts as unset.

    Raises:
        StoreAccess: if there is no home directory to put them in, or a relative path starts from a
            directory that was removed.
    """
    home = environment.get("KMSCTL_HOME")
    config = environment.get("KMSCTL_CONFIG")
    if home:
        home = _absolute(home)
        data, default_config = os.path.join(home, "data"), os.path.join(home, "config")
    else:
        data, default_config = _user_directories(environment)
    return Paths(data, _absolute(config) if config else default_config)


def _absolute(path: str) -> str:
    try:
        return os.path.abspath(path)
    except OSError:
        raise StoreAccess(
            f"{path} is relative to the working directory, which is not there any more.",
            hint="Set KMSCTL_HOME and KMSCTL_CONFIG to absolute paths.",
        ) from None


def _user_directories(environment: Mapping[str, str]) -> tuple[str, str]:
    if not sys.platform.startswith("linux"):
        import platformdirs

        return platformdirs.user_data_dir(_NAME, _NAME), platformdirs.user_config_dir(_NAME, _NAME)
    return (
        os.path.join(_xdg(environment, "XDG_DATA_HOME", ".local/share"), _NAME),
        os.path.join(_xdg(environment, "XDG_CONFIG_HOME", ".config"), _NAME),
    )


def _xdg(environment: Mapping[str, str], variable: str, below_home: str) -> str:
    path = environment.get(variable, "")
    # The specification: a relative path is invalid, and is to be ignored.
    return path if path.startswith("/") else os.path.join(_home(environment), below_home)


def _home(environment: Mapping[str, str]) -> str:
    home = environment.get("HOME", "")
    if home.startswith("/"):
        return home
    import pwd

    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        home = ""
    if not home.startswith("/"):
        raise StoreAccess(
            "There is no home directory to keep the store in.",
            hint="Set KMSCTL_HOME to a directory of yours.",
        )
    return home
