"""What holds for all tests."""

from __future__ import annotations

import signal

# Under nohup, or in the background of a script, SIGHUP or SIGINT is ignored, and programs hand that down
# to those they start: a test that interrupts one would wait for ever.
for _number in (signal.SIGHUP, signal.SIGINT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names byte strings alike: keys are made anew in each process that collects tests."""
    return "bytes" if isinstance(val, bytes) else None
