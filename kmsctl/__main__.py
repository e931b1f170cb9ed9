"""Starts the program: ``python -m kmsctl`` and the ``kmsctl`` command."""

from __future__ import annotations

import gc
import os
import sys


def main() -> int:
    """Runs the program on the process's arguments and returns the exit status."""
    if sys.argv[1:2] == ["--complete-names"]:
        from kmsctl.cli.completion.names import main as answer

        # The answer is written, and nobody waits for the interpreter to take itself apart.
        os._exit(answer(sys.argv[2:]))
    # A command makes much and drops little: looking for cycles to drop costs a list of many keys a
    # quarter of its time. A process that runs for long still looks, only not as often.
    gc.set_threshold(100_000, 20, 100)
    try:
        from kmsctl.cli.main import main as run

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        # One that came while the program was still being loaded.
        from kmsctl.cli.terminal import die_of_interrupt

        die_of_interrupt()
        return 1


if __name__ == "__main__":
    sys.exit(main())
