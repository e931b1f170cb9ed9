"""Shows what is longer than the screen page by page, with the pager that the environment names.

``KMSCTL_PAGER``, else ``PAGER``, else less or more, whichever there is. An empty one is none.
"""

from __future__ import annotations

import os

from kmsctl.cli import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DEFAULTS = ("less", "more")
#: For less, where nothing is set: leave if it fits after all, show colours, keep what was shown.
_LESS = "FRX"


def write_pages(chunks: Iterable[str]) -> None:
    """Writes text to standard output, which is a terminal: through a pager if it fills the screen.

    If its source fails, what came before is shown.
    """
    source = iter(chunks)
    page: list[str] = []
    left = _height() - 1
    failed: Exception | None = None
    try:
        for chunk in source:
            page.append(chunk)
            left -= chunk.count("\n")
            if left <= 0:
                break
    except Exception as error:  # noqa: BLE001 - it is raised again
        failed = error
    command = _command() if left <= 0 else []
    if command:
        _page(command, _both(page, source))
    else:
        terminal.write_chunks(_both(page, source))
    if failed is not None:
        raise failed


def _both(first: list[str], rest: Iterator[str]) -> Iterator[str]:
    yield from first
    yield from rest


def _height() -> int:
    try:
        return os.get_terminal_size(1).lines or 24
    except OSError:
        return 24


def _command() -> list[str]:
    """Returns the words of the pager's command; none if there is no pager."""
    from shutil import which

    environment = os.environ
    named = environment.get("KMSCTL_PAGER", environment.get("PAGER"))
    if named is None:
        if environment.get("TERM", "") in ("", "dumb"):
            return []
        return [found for found in map(which, _DEFAULTS) if found][:1]
    from shlex import split

    try:
        words = split(named)
    except ValueError:
        return []
    if not words or words == ["cat"] or which(words[0]) is None:
        return []
    return words


def _page(command: list[str], chunks: Iterator[str]) -> None:
    """Lets a pager show text. Whoever leaves it early has seen enough."""
    import signal
    import subprocess

    environment = {"LESS": _LESS, "LESSCHARSET": "utf-8", **os.environ}
    # An interrupt is for the pager, which the terminal tells of it. A handler, unlike "ignore", is not
    # handed down to it.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as pager:  # noqa: S603 - no shell
            for chunk in chunks:
                pager.stdin.write(chunk.encode("utf-8", "surrogateescape"))  # type: ignore[union-attr]
    except BrokenPipeError:
        pass
    finally:
        signal.signal(signal.SIGINT, before)
