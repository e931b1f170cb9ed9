"""The agent's client: root keys that `kmsctl store unlock` left with a process of its own for a while.

The agent listens on a socket (mode 0600) in the directory of the secrets (mode 0700). One line is asked, one
line is answered: ``get`` → ``ok ROOTKEY...``; ``set ROOTKEY...`` → ``ok``; ``lock`` → ``ok``, and it ends.
Root keys are hexadecimal. Both ends look at who the other one is.
"""

from __future__ import annotations

import os
import socket
import stat
import struct

from kmsctl.errors import FailedPrecondition, StoreAccess
from kmsctl.keystore.root import KEY_SIZE, RootKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SOCKET = "agent"
MOST_ANSWER = 1024
#: How long one question may take: the other end is on this machine.
PATIENCE = 5.0
#: What sun_path takes (unix(7)), less some.
_LONGEST_PATH = 100


def fetch(directory: str, store_id: bytes) -> list[RootKey]:
    """Returns the root keys that the agent of this store has, the newest first; none if there is no agent."""
    answer = _ask(directory, b"get\n")
    if answer is None:
        return []
    try:
        found = [bytes.fromhex(word.decode("ascii")) for word in answer]
    except ValueError:
        return []
    return [RootKey(store_id, key) for key in found if len(key) == KEY_SIZE]


def update(directory: str, roots: Sequence[RootKey]) -> bool:
    """Gives the agent other root keys. Returns False if there is no agent."""
    line = b"set " + b" ".join(root.reveal().hex().encode() for root in roots) + b"\n"
    return _ask(directory, line) is not None


def end(directory: str) -> bool:
    """Ends the agent. Returns False if there is none.

    Raises:
        StoreAccess: if there is one that does not answer: it still has the root key.
    """
    return _ask(directory, b"lock\n", insist=True) is not None


def start(directory: str, roots: Sequence[RootKey], seconds: int) -> bool:
    """Leaves root keys with a new agent, for some time; one that is there already is ended.

    Returns:
        whether its memory is locked, so that it is never written to a swap file.

    Raises:
        FailedPrecondition: if it does not start.
    """
    import subprocess
    import sys
    from json import dumps

    end(directory)
    given = dumps(
        {"directory": directory, "roots": [root.reveal().hex() for root in roots], "seconds": seconds}
    )
    # A new interpreter has nothing of this one's memory: neither passphrase nor anything else.
    argv = [sys.executable, "-P", "-m", "kmsctl.keystore.agent_server"]
    try:
        with subprocess.Popen(  # noqa: S603 - this very interpreter
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            said, _ = process.communicate(given.encode(), timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        said = b""
    if not said.startswith(b"ready"):
        raise FailedPrecondition(
            "The agent that keeps the root key did not start.",
            hint="Give the passphrase to each command, with the property store/passphrase_file.",
        )
    return said == b"ready locked\n"


def address(directory: str) -> tuple[str, int | None]:
    """Returns a path of the socket that fits into an address, and a descriptor that it needs, or None."""
    path = os.path.join(directory, SOCKET)
    if len(os.fsencode(path)) < _LONGEST_PATH:
        return path, None
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    return f"/proc/self/fd/{descriptor}/{SOCKET}", descriptor


def peer_uid(connection: socket.socket) -> int:
    """Returns the uid of the process at the other end of a connection (SO_PEERCRED, unix(7))."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        raise StoreAccess("This system does not tell who is at the other end of a socket.")
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, option, size))
    return int(uid)


def _ask(directory: str, line: bytes, *, insist: bool = False) -> list[bytes] | None:
    """Returns the words of the agent's answer after ``ok``, or None if there is no agent.

    Raises:
        StoreAccess: if the socket is not the caller's own; or if the agent does not answer, and `insist`.
    """
    path = os.path.join(directory, SOCKET)
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISSOCK(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise StoreAccess(f"{path} is not a socket of your own alone.", hint=f"Remove it: rm {path}")
    short, descriptor = address(directory)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(short)
            if peer_uid(connection) != os.geteuid():
                raise StoreAccess(f"Another user listens at {path}.", hint=f"Remove it: rm {path}")
            connection.sendall(line)
            answer = read_line(connection)
    except TimeoutError:
        if not insist:
            return None
        raise StoreAccess(
            f"The agent that listens at {path} does not answer, and may still have the root key.",
            hint="Look for the process (kmsctl.keystore.agent_server) and end it.",
        ) from None
    except OSError:
        return None  # it has ended
    finally:
        if descriptor is not None:
            os.close(descriptor)
    words = answer.split()
    return words[1:] if words[:1] == [b"ok"] else None


def read_line(connection: socket.socket) -> bytes:
    """Reads up to a line feed, or what there is."""
    read = b""
    while not read.endswith(b"\n") and len(read) <= MOST_ANSWER:
        piece = connection.recv(MOST_ANSWER)
        if not piece:
            break
        read += piece
    return read
