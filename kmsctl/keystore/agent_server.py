"""The agent: a process that keeps root keys in memory for a while, and gives them to its own user.

``python -m kmsctl.keystore.agent_server``, started by `kmsctl.keystore.agent`, which writes to its standard
input what it is to keep; nothing secret is in its arguments or environment. It detaches itself, keeps its
memory out of core files, debuggers and swap as far as the system lets it, and ends at its time, when told to,
or by a signal.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time

from kmsctl.keystore.agent import PATIENCE, address, peer_uid, read_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONGEST = 24 * 3600
_PR_SET_DUMPABLE = 4
_MCL_CURRENT = 1
#: How long it sleeps at most before it looks at the clock again: the machine may have been suspended.
_TURN = 30.0


class Vault:
    """Root keys in one piece of memory that is locked, as far as possible, and zeroed in the end."""

    __slots__ = ("_buffer", "_size", "locked")

    def __init__(self, roots: Sequence[bytes]) -> None:
        import ctypes

        self._buffer = ctypes.create_string_buffer(4096)
        self._size = 0
        self.locked = _lock_memory(self._buffer)
        self.keep(roots)

    def keep(self, roots: Sequence[bytes]) -> None:
        import ctypes

        joined = b"".join(roots)
        self.clear()
        ctypes.memmove(self._buffer, joined, len(joined))
        self._size = len(joined)

    def roots(self) -> list[bytes]:
        content = self._buffer.raw[: self._size]
        return [content[start : start + 32] for start in range(0, len(content), 32)]

    def clear(self) -> None:
        import ctypes

        ctypes.memset(self._buffer, 0, ctypes.sizeof(self._buffer))
        self._size = 0


class Agent:
    """Answers one question at a time on a listening socket, until its time is over."""

    __slots__ = ("_allowed", "_deadline", "_listening", "_vault")

    def __init__(
        self,
        listening: socket.socket,
        vault: Vault,
        deadline: float,
        allowed: Callable[[int], bool] = lambda uid: uid == os.geteuid(),
    ) -> None:
        self._listening = listening
        self._vault = vault
        self._deadline = deadline
        self._allowed = allowed

    def serve(self) -> None:
        while (left := self._deadline - now()) > 0:
            self._listening.settimeout(min(left, _TURN))
            try:
                connection, _ = self._listening.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(PATIENCE)
                try:
                    if self._answer(connection):
                        return
                except OSError:
                    continue  # whoever asked has gone

    def _answer(self, connection: socket.socket) -> bool:
        """Answers one question; returns True if it was to end."""
        if not self._allowed(peer_uid(connection)):
            return False
        command, *words = read_line(connection).split()[:3] or [b""]
        if command == b"get":
            connection.sendall(
                b" ".join([b"ok", *(key.hex().encode() for key in self._vault.roots())]) + b"\n"
            )
        elif command == b"set" and words and all(len(word) == 64 for word in words):
            self._vault.keep([bytes.fromhex(word.decode("ascii")) for word in words])
            connection.sendall(b"ok\n")
        elif command == b"lock":
            self._vault.clear()
            try:
                connection.sendall(b"ok\n")
            except OSError:
                pass  # whoever asked has gone; it ends all the same
            return True
        return False


def now() -> float:
    """Returns seconds of a clock that goes on while the machine sleeps, and that nobody can set."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def main() -> None:
    if os.fork():
        os._exit(0)  # the second fork: the process that is left leads no session and can get no terminal
    harden()
    from json import loads

    given = loads(sys.stdin.buffer.read())
    vault = Vault([bytes.fromhex(root) for root in given["roots"]])
    directory: str = given["directory"]
    deadline = now() + min(int(given["seconds"]), LONGEST)
    del given
    for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(each, _end)
    os.umask(0o177)
    path, kept_open = address(directory)
    try:
        os.unlink(path)  # of an agent that was killed: one that lives was told to end
    except FileNotFoundError:
        pass
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(path)
    try:
        listening.listen(16)
        inode = os.lstat(path).st_ino
        os.write(1, b"ready locked\n" if vault.locked else b"ready\n")
        _let_go_of_standard_streams()
        os.chdir("/")
        Agent(listening, vault, deadline).serve()
    finally:
        vault.clear()
        try:
            if os.lstat(path).st_ino == inode:  # another agent may have taken its place
                os.unlink(path)
        except FileNotFoundError:
            pass
        if kept_open is not None:
            os.close(kept_open)


def harden() -> None:
    """No core file, and no other process of the same user may look into this one's memory."""
    import ctypes
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _lock_memory(buffer: object) -> bool:
    """Keeps memory out of the swap file: all that there is, or at least where the keys lie."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "mlockall"):
        return False
    if library.mlockall(_MCL_CURRENT) == 0:
        return True
    size = ctypes.sizeof(buffer)  # type: ignore[arg-type]  # a buffer of ctypes
    return bool(library.mlock(ctypes.byref(buffer), ctypes.c_size_t(size)) == 0)  # type: ignore[arg-type]


def _let_go_of_standard_streams() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.close(null)


def _end(number: int, frame: object) -> None:
    del number, frame
    raise SystemExit(0)


if __name__ == "__main__":
    main()
