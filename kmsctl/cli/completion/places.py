"""Where shells look for completion scripts, and what else they need to find one there."""

from __future__ import annotations

import os

from kmsctl.cli.completion.scripts import FILES, MARK
from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NEEDS = {
    "bash": "New shells load it by themselves if the package bash-completion is set up; if not, add this "
    "line to ~/.bashrc:\n  . {quoted}",
    "zsh": "New shells load it if its directory is in fpath; if not, add these lines to ~/.zshrc (the second "
    "is there already, perhaps):\n  fpath=({quoted_directory} $fpath)\n  autoload -Uz compinit && compinit",
    "fish": "New shells load it by themselves.",
}


def path_of(shell: str, environment: Mapping[str, str]) -> str:
    """Returns the file of a user's own completions for kmsctl.

    Raises:
        CommandError: if the user has no home directory.
    """
    data = _xdg(environment, "XDG_DATA_HOME", ".local/share")
    if shell == "bash":
        own = environment.get("BASH_COMPLETION_USER_DIR", "")
        directory = own if own.startswith("/") else os.path.join(data, "bash-completion")
        # bash-completion looks for the name of the command.
        return os.path.join(directory, "completions", "kmsctl")
    if shell == "zsh":
        return os.path.join(data, "zsh", "site-functions", FILES[shell])
    config = _xdg(environment, "XDG_CONFIG_HOME", ".config")
    return os.path.join(config, "fish", "completions", FILES[shell])


def needs(shell: str, path: str) -> str:
    """Returns what has to be so that the shell loads a script from there."""
    from shlex import quote

    return _NEEDS[shell].format(quoted=quote(path), quoted_directory=quote(os.path.dirname(path)))


def check(path: str) -> bool:
    """Tells whether a script is there already, an older one perhaps.

    Raises:
        CommandError: if something else is there.
    """
    if not os.path.lexists(path):
        return False
    try:
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                if MARK in file.read(4096):
                    return True
    except OSError as error:
        raise CommandError(f"Unable to read file [{path}]: {error}") from None
    raise CommandError(
        f"[{path}] is there already, and was not written by kmsctl.\n"
        "Move it away, or write the script elsewhere: kmsctl completion prints it."
    )


def _xdg(environment: Mapping[str, str], variable: str, below_home: str) -> str:
    path = environment.get(variable, "")
    # The specification: a relative path is invalid, and is to be ignored.
    if path.startswith("/"):
        return path
    home = environment.get("HOME", "")
    if not home.startswith("/"):
        raise CommandError(f"There is no home directory to install it in: set HOME or {variable}.")
    return os.path.join(home, below_home)
