"""Long lists on several processors: blocks of rows are read here, and worked on in processes of their own.

Most of a list's time goes into the tags of its rows and what is made of them, which one interpreter does one
after the other. A block is read first; a process forked then has it already, and gives back what it makes of
it. It touches neither the database nor anything else that it shares with the process that forked it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeVar

    T = TypeVar("T")
    #: makes the result of a block, which is what `marshal` takes: a dict, list, tuple, text or number
    Work = Callable[[], T]

#: The length of what a process gives back comes before it, in so many bytes.
_LENGTH = 8


def processors() -> int:
    """Returns how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def worked(blocks: Iterable[Work[T]], workers: int) -> Iterator[T]:
    """Yields the result of each block, in order.

    The last one is left to this process. What fails in another is done again in this one, so that
    its error is raised here.

    Args:
        blocks: the work on each block; the next one is read while others are worked on.
        workers: how many processes there may be at a time. This one must have no other threads.
            With one processor, nothing is gained by another process.
    """
    if workers < 2:
        for work in blocks:
            yield work()
        return
    running: list[_Running] = []
    last: Work[T] | None = None
    try:
        for work in blocks:
            if last is not None:
                running.append(_Running(last))
            if len(running) > workers:
                yield running.pop(0).result()
            last = work
        while running:
            yield running.pop(0).result()
        if last is not None:
            yield last()
    finally:
        for each in running:
            each.stop()


class _Running:
    """A block that another process works on. Where none can be had, it is worked on when it is wanted."""

    __slots__ = ("_pid", "_pipe", "_work")

    def __init__(self, work: Work[Any]) -> None:
        self._work = work
        self._pid = 0
        self._pipe, theirs = os.pipe()
        try:
            self._pid = os.fork()
        except OSError:
            os.close(theirs)
            return
        if self._pid == 0:
            os.close(self._pipe)  # or it would wait for itself to read
            _serve(work, theirs)
        os.close(theirs)

    def result(self) -> Any:
        from marshal import loads

        found = self._read(int.from_bytes(self._read(_LENGTH), "big"))
        if self._end() == 0:
            return loads(found)  # noqa: S302 - from a process of our own
        return self._work()

    def _read(self, length: int) -> bytearray:
        """Reads so many bytes, or as many as there are."""
        found = bytearray(length)
        left = memoryview(found)
        while left and self._pid and (count := os.readv(self._pipe, [left])):
            left = left[count:]
        return found

    def _end(self) -> int:
        """Waits for the process; returns 0 if it gave all it had."""
        os.close(self._pipe)
        return os.waitpid(self._pid, 0)[1] if self._pid else 1

    def stop(self) -> None:
        """Ends the process, whose result nobody wants.

        Processes forked after it could read from its pipe too, so it does not learn that nobody does.
        """
        if self._pid:
            import signal

            os.kill(self._pid, signal.SIGKILL)
        self._end()


def _serve(work: Work[Any], pipe: int) -> None:
    """Works on a block in a process forked for it, and ends that process."""
    status = 1
    try:
        from marshal import dumps

        result = dumps(work())
        for part in (len(result).to_bytes(_LENGTH, "big"), result):
            view = memoryview(part)
            while view:
                view = view[os.write(pipe, view) :]
        status = 0
    finally:
        # Nothing of what was inherited is to be closed, flushed or told.
        os._exit(status)
