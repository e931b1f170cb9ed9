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
#: Names on a way over links; the kernel follows 40 links at most.
_LONGEST_WAY = 1000


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
    try:
        for place in _way(path):
            _check_place(path, place)
    except OSError as error:
        raise TokenError(f"The PKCS#11 module {path} cannot be read: {error.strerror}.") from None
    return real


def _way(path: str) -> list[str]:
    """Returns every directory, link and file that is passed on the way to what `path` names.

    The way over links counts as much as where it ends: whoever can change one of them can lead to a file of
    the user's that is no module of the user's choice.
    """
    passed = ["/"]
    here, ahead = "/", path.split("/")[::-1]
    for _ in range(_LONGEST_WAY):
        if not ahead:
            return passed
        name = ahead.pop()
        if name in ("", "."):
            continue
        if name == "..":
            here = os.path.dirname(here)
            continue
        place = os.path.join(here, name)
        passed.append(place)
        if stat.S_ISLNK(os.lstat(place).st_mode):
            target = os.readlink(place)
            here = "/" if target.startswith("/") else here
            ahead += target.split("/")[::-1]
        else:
            here = place
    raise TokenError(f"The PKCS#11 module {path} is refused: the way to it is too long.")


def _check_place(path: str, place: str) -> None:
    status = os.lstat(place)
    if status.st_uid not in (0, os.geteuid()):
        raise TokenError(
            f"The PKCS#11 module {path} is refused: {place} belongs to another user.",
            hint=f"chown root {place}",
        )
    # In a sticky directory, such as /tmp, only the owner of an entry may replace it.
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not stat.S_ISLNK(status.st_mode) and not sticky:
        raise TokenError(
            f"The PKCS#11 module {path} is refused: {place} can be written by others.",
            hint=f"chmod go-w {place}",
        )
