"""Starts the program: ``python -m kmsctl`` and the ``kmsctl`` command."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the program on the process's arguments and returns the exit status."""
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
