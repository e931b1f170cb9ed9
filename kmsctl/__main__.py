"""Starts the program: ``python -m kmsctl`` and the ``kmsctl`` command."""

from __future__ import annotations

import atexit
import gc
import os
import sys


def main() -> int:
    """Runs the program on the process's arguments.

    Returns:
        the exit status, where the process does not end with it at once.
    """
    if sys.argv[1:2] == ["--complete-names"]:
        from kmsctl.cli.completion.names import main as answer

        # The answer is written, and nobody waits for the interpreter to take itself apart.
        os._exit(answer(sys.argv[2:]))
    # A command makes much and drops little: looking for cycles to drop costs a list of many keys a
    # quarter of its time. A process that runs for long still looks, only not as often.
    gc.set_threshold(100_000, 20, 100)
    try:
        from kmsctl.cli.main import main as run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        # One that came while the program was still being loaded.
        from kmsctl.cli.terminal import die_of_interrupt

        die_of_interrupt()
        return 1
    _end(status)
    return status


def _end(status: int) -> None:
    """Ends the process, unless something is to be done at its end.

    Everything is written, closed and unlocked by now. To take the interpreter apart all the same costs a
    short command a seventh of its time.
    """
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        return
    if atexit._ncallbacks() or "pkcs11" in sys.modules or sys.getprofile() or sys.gettrace():  # noqa: SLF001
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        return  # the interpreter says what there is to say
    os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
