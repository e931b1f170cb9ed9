"""Which files may be loaded as modules: code that runs with the keys' PIN in reach.

A module is named by its absolute path, in a URI of the user's configuration or environment and never in
anything that is stored. The file and every directory above it must be such that nobody but root and the user
could have put something else there.
"""

from __future__ import annotations

import os
import stat

from kmsctl.errors import TokenError

_MODULES_HINT = "Debian's softhsm2 has its module at /usr/lib/softhsm/libsofthsm2.so."


def check(path: str) -> str:
    """Returns the path with all links resolved.

    Raises:
        TokenError: if there is no such file, or somebody else could have written it.
    """
    try:
        real = os.path.realpath(path, strict=True)
        kind = os.stat(real).st_mode
    except FileNotFoundError:
        raise TokenError(f"There is no PKCS#11 module {path}.", hint=_MODULES_HINT) from None
    except OSError as error:
        raise TokenError(f"The PKCS#11 module {path} cannot be read: {error.strerror}.") from None
    if not stat.S_ISREG(kind):
        raise TokenError(f"The PKCS#11 module {path} is not a regular file.")
    # The way over the links counts as much as where it ends.
    for start in {os.path.normpath(path), real}:
        _check_way(path, start)
    return real


def _check_way(path: str, start: str) -> None:
    place = start
    while True:
        status = os.lstat(place)
        if status.st_uid not in (0, os.geteuid()):
            raise TokenError(
                f"The PKCS#11 module {path} is refused: {place} belongs to another user.",
                hint=f"chown root {place}",
            )
        link = stat.S_ISLNK(status.st_mode)
        # In a sticky directory, such as /tmp, only the owner of an entry may replace it.
        sticky = stat.S_ISDIR(status.st_mode) and place != start and status.st_mode & stat.S_ISVTX
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not link and not sticky:
            raise TokenError(
                f"The PKCS#11 module {path} is refused: {place} can be written by others.",
                hint=f"chmod go-w {place}",
            )
        if place == "/":
            return
        place = os.path.dirname(place)
