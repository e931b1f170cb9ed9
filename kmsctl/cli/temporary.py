"""Temporary files that are gone at the end, whatever ends the process."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


class Temporary:
    """Sees to it that a temporary file is gone at the end, also when a signal ends the process.

    An interrupt is an exception in Python; a termination or a hang-up is not, so those two have a
    handler for as long as the file may be there.
    """

    __slots__ = ("_path", "_previous")

    def __init__(self, path: str) -> None:
        self._path = path
        self._previous: dict[int, object] = {}

    def __enter__(self) -> None:
        import signal

        try:
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) == signal.SIG_DFL:
                    self._previous[number] = signal.signal(number, self._end)
        except ValueError:
            # Not the main thread, which alone may handle signals.
            self._previous.clear()

    def __exit__(self, *_: object) -> None:
        self._remove()
        import signal

        for number in self._previous:
            signal.signal(number, signal.SIG_DFL)

    def _end(self, number: int, frame: FrameType | None) -> None:
        del frame
        import signal

        self._remove()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _remove(self) -> None:
        try:
            os.unlink(self._path)
        except OSError:
            # Usually it has taken its name; what cannot be removed is no secret that its owner lacks.
            pass
