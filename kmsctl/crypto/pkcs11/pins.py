"""Where PINs come from: the ``pin-source`` of a PKCS#11 URI.

    file:/run/secrets/pin   the first line of a file (RFC 8089; a bare absolute path is the same)
    fd:3                    what is written to an open descriptor, up to the end of a line
    |/usr/bin/pass show hsm the first line that a command prints; no shell has a part in it

In a URI spaces are written %20. A PIN is never taken from a command line's arguments, nor from the URI.
"""

from __future__ import annotations

import os
import stat

from kmsctl.errors import TokenPinError

_FILE = "file:"
_DESCRIPTOR = "fd:"
_COMMAND = "|"
#: Longer than any PIN; what is longer is another file.
_MOST = 4096


def read(source: str) -> bytes:
    """Returns the PIN that a ``pin-source`` leads to.

    Raises:
        TokenPinError: if it leads to none, or others can read it. The message never holds what was read.
    """
    if source.startswith(_COMMAND):
        data = _run(source.removeprefix(_COMMAND))
    elif source.startswith(_DESCRIPTOR):
        data = _read_descriptor(source)
    else:
        data = _read_file(source)
    pin = data.partition(b"\n")[0].removesuffix(b"\r")
    if not pin:
        raise TokenPinError(f"The pin-source {source} has no PIN: its first line is empty.")
    if len(data) > _MOST:
        raise TokenPinError(f"The pin-source {source} is longer than {_MOST} bytes: it is no PIN.")
    return pin


def _read_file(source: str) -> bytes:
    path = source.removeprefix(_FILE)
    for host in ("//localhost/", "///"):
        if path.startswith(host):
            path = "/" + path.removeprefix(host)
    if not path.startswith("/") or path.startswith("//"):
        raise TokenPinError(
            f"The pin-source {source} is none of file:/PATH, fd:N and |/COMMAND.",
            hint="Paths in it are absolute.",
        )
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise TokenPinError(f"The PIN file {path} cannot be opened: {error.strerror}.") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise TokenPinError(f"The PIN file {path} is not a regular file.")
        if status.st_uid not in (0, os.geteuid()) or status.st_mode & 0o077:
            raise TokenPinError(
                f"The PIN file {path} is refused: others can read or write it (uid {status.st_uid}, mode "
                f"{stat.S_IMODE(status.st_mode):04o}).",
                hint=f"chmod 0400 {path}",
            )
        return os.read(descriptor, _MOST + 1)
    except OSError as error:
        raise TokenPinError(f"The PIN file {path} cannot be read: {error.strerror}.") from None
    finally:
        os.close(descriptor)


def _read_descriptor(source: str) -> bytes:
    number = source.removeprefix(_DESCRIPTOR)
    if not (number.isascii() and number.isdecimal()):
        raise TokenPinError(f"The pin-source {source} names no descriptor: write fd:3, for example.")
    found = b""
    try:
        while b"\n" not in found and len(found) <= _MOST:
            piece = os.read(int(number), _MOST)
            if not piece:
                break
            found += piece
    except (OSError, OverflowError):
        raise TokenPinError(
            f"The pin-source {source} cannot be read: is the descriptor open?",
            hint=f"kmsctl ... {number}< /PATH/TO/PIN opens it in a shell.",
        ) from None
    return found


def _run(command: str) -> bytes:
    import shlex
    import subprocess

    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words or not words[0].startswith("/"):
        raise TokenPinError("The command in a pin-source begins with the absolute path of a program.")
    try:
        done = subprocess.run(  # noqa: S603 - the user's own configuration names it
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False
        )
    except OSError as error:
        raise TokenPinError(f"The PIN command {words[0]} does not run: {error.strerror}.") from None
    if done.returncode:
        raise TokenPinError(f"The PIN command {words[0]} failed with exit status {done.returncode}.")
    return done.stdout
