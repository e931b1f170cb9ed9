"""Child processes that do something to a store and say so over a pipe, until they end or are killed.

Children are forked, so what the parent has imported they have too: their first call comes within
milliseconds, and most of their lives are spent in the code that is to be killed.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import traceback
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Send = Callable[[Any], None]
    Task = Callable[[Send], None]


class Failed(AssertionError):
    """A child raised what it should not have."""


class Dying:
    """A probe that kills its process at a step, the first one being 0; it sends the steps it passed."""

    def __init__(self, last: int, send: Send) -> None:
        self.left = last
        self._send = send

    def __call__(self, step: str) -> None:
        self._send(step)
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


class Child:
    """A forked process that runs one task; `send` in it appends to `messages` here."""

    def __init__(self, task: Task) -> None:
        self._read, write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():
            # Test runners may have threads; the children use none of their locks.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if self.pid == 0:
            os.close(self._read)
            _run(task, write)
        os.close(write)
        self._status: int | None = None
        self._content = b""

    def kill(self) -> None:
        """Ends the process as a power cut would: at once, whatever it is doing."""
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)

    def finish(self) -> list[Any]:
        """Waits for the end of the process and returns its messages, without one that was cut off.

        Raises:
            Failed: if it ended by an error of its own.
        """
        if self._status is None:
            while block := os.read(self._read, 1 << 16):
                self._content += block
            os.close(self._read)
            self._status = os.waitpid(self.pid, 0)[1]
        complete = self._content.split(b"\n")[:-1]
        found = [json.loads(line) for line in complete]
        if found and isinstance(found[-1], dict) and "failure" in found[-1]:
            raise Failed(found[-1]["failure"])
        return found

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended it (after `finish`)."""
        return self._status is not None and os.WIFSIGNALED(self._status)


def limit_files(size: int) -> None:
    """Lets this process write no file beyond so many bytes, as on a disk that is all but full.

    Python would not notice that the bytecode of what it imports is cut off, and leave it to the next.
    """
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _run(task: Task, descriptor: int) -> None:
    def send(message: Any) -> None:
        os.write(descriptor, json.dumps(message).encode() + b"\n")

    status = 1
    try:
        task(send)
        status = 0
    except BaseException:  # noqa: BLE001 - whatever it is, the parent is told
        send({"failure": traceback.format_exc()})
    finally:
        os._exit(status)


def run_all(tasks: list[Task]) -> list[list[Any]]:
    """Runs tasks at once, each in a process of its own, and returns the messages of each."""
    gate_read, gate_write = os.pipe()

    def behind_gate(task: Task) -> Task:
        def waiting(send: Send) -> None:
            os.close(gate_write)
            os.read(gate_read, 1)
            task(send)

        return waiting

    children = [Child(behind_gate(task)) for task in tasks]
    os.close(gate_read)
    os.close(gate_write)  # the last writer goes: all of them start
    return [child.finish() for child in children]
