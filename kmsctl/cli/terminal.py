"""Everything that depends on a terminal, and the three standard streams.

stdout is data, stderr is talk. Nothing else in the program asks whether it runs in a terminal.
"""

from __future__ import annotations

import errno
import os
import sys

from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from threading import Event, Thread
    from typing import BinaryIO, TextIO

_BAR = 30
_BOLD_RED = "\x1b[1;31m"
_PLAIN = "\x1b[0m"
_CLEAR_LINE = "\r\x1b[K"


def is_terminal(stream: TextIO | None) -> bool:
    """Returns whether a stream is one that a person looks at; a closed stream is none."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def has_colours(stream: TextIO | None) -> bool:
    """Returns whether a stream shows colours, and is to: see https://no-color.org."""
    dumb = os.environ.get("TERM", "") in ("", "dumb")
    return is_terminal(stream) and not dumb and not os.environ.get("NO_COLOR")


def error_label() -> str:
    """Returns the word that errors begin with, as standard error shows it."""
    return f"{_BOLD_RED}ERROR:{_PLAIN}" if has_colours(sys.stderr) else "ERROR:"


def width() -> int:
    """Returns the width of the terminal that standard output is, or 80."""
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


def write_stdout(data: bytes) -> None:
    """Writes bytes to standard output at once.

    Raises:
        BrokenPipeError: if it is a pipe that nobody reads.
        CommandError: if it cannot be written otherwise.
    """
    try:
        _stdout().write(data)
        _stdout().flush()
    except OSError as error:
        raise _unwritable(error) from None


def write_text(text: str) -> None:
    """Writes text to standard output, in UTF-8 whatever the locale."""
    write_stdout(text.encode("utf-8", "surrogateescape"))


def write_help(text: str) -> None:
    """Writes text to standard output: through a pager if that is a terminal and the text fills it."""
    if is_terminal(sys.stdout):
        from kmsctl.cli.pager import write_pages

        write_pages([text])
    else:
        write_text(text)


def write_chunks(chunks: Iterable[str]) -> None:
    """Writes text as it comes. If its source fails, what came before is written.

    Raises:
        BrokenPipeError: if standard output is a pipe that nobody reads.
        CommandError: if it cannot be written otherwise.
    """
    written = False
    try:
        for chunk in chunks:
            written = True
            _put(chunk)
    finally:
        if written:
            write_stdout(b"")


def _put(text: str) -> None:
    try:
        _stdout().write(text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise _unwritable(error) from None


def _stdout() -> BinaryIO:
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return sys.stdout.buffer


def _unwritable(error: OSError) -> Exception:
    discard_stdout()
    if isinstance(error, BrokenPipeError):
        return error
    return CommandError(f"Unable to write to standard output: {error}")


def say(text: str) -> None:
    """Writes lines to standard error. If nobody listens, nothing is lost."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


def discard_stdout() -> None:
    """Points standard output to nowhere, so that the interpreter's last flush does not fail too."""
    try:
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, 1)
        os.close(descriptor)
    except OSError:
        pass


def confirm(question: str, *, quiet: bool) -> None:
    """Asks before what cannot be undone, and returns if the answer is yes.

    `quiet` means yes. Without it and without a terminal nobody can answer, and that means no.

    Raises:
        CommandError: if the answer is no.
    """
    if quiet:
        return
    if not can_ask():
        raise CommandError(
            f"{question}\nThere is no terminal to ask in. To say yes, run the command again with --quiet."
        )
    say(question)
    _ask("Do you want to continue (y/N)?  ", default=False)


def agree(statement: str, *, quiet: bool) -> None:
    """Says what is about to be done, and returns unless the answer is no.

    Where nobody can be asked it is done, as gcloud does it.

    Raises:
        CommandError: if the answer is no.
    """
    say(statement)
    if not quiet and can_ask():
        _ask("Do you want to continue (Y/n)?  ", default=True)


def ask_secret(text: str, *, otherwise: str) -> str:
    """Asks for a secret, which is not shown as it is typed.

    Args:
        text: the question.
        otherwise: the flags that give the secret where nobody can be asked.

    Raises:
        CommandError: if there is no terminal, or no answer.
    """
    if not can_ask():
        raise CommandError(f"{text}there is no terminal to ask in; use {otherwise}.")
    from getpass import getpass

    try:
        return getpass(text, stream=sys.stderr)
    except EOFError:
        say("")
        raise CommandError("Aborted by user.") from None
    except UnicodeError:
        raise CommandError(
            f"What was typed is no text in this terminal's encoding; use {otherwise}."
        ) from None


def ask_new_secret(text: str, *, otherwise: str) -> bytes:
    """Asks twice for a secret that is to be set; see `ask_secret`.

    Raises:
        CommandError: if there is no terminal or no answer, or the answers are not the same.
    """
    first = ask_secret(text, otherwise=otherwise)
    if ask_secret("The same again: ", otherwise=otherwise) != first:
        raise CommandError("The two passphrases are not the same.")
    return first.encode("utf-8", "surrogateescape")


def can_ask() -> bool:
    """Returns whether somebody is there to answer."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)


def _ask(text: str, *, default: bool) -> None:
    while True:
        sys.stderr.write(text)
        sys.stderr.flush()
        line = sys.stdin.readline()
        answer = line.strip().lower()
        if answer in ("y", "yes") or (not answer and default):
            return
        if not answer or answer in ("n", "no"):
            if not line.endswith("\n"):
                say("")
            raise CommandError("Aborted by user.")
        text = "Please enter 'y' or 'n':  "


def choose(question: str, choices: Sequence[str], *, refusal: str) -> int:
    """Asks which of some choices is meant, and returns its place.

    Raises:
        CommandError: with the text of `refusal`, if there is no answer.
    """
    for number, choice in enumerate(choices, 1):
        say(f" [{number}] {choice}")
    prompt = f"{question}:  "
    while True:
        sys.stderr.write(prompt)
        sys.stderr.flush()
        answer = sys.stdin.readline()
        if not answer:
            raise CommandError(refusal)
        text = answer.strip()
        if text.isascii() and text.isdigit() and 1 <= int(text) <= len(choices):
            return int(text) - 1
        prompt = f"Please enter a value between 1 and {len(choices)}:  "


def ask_line(text: str) -> str:
    """Asks for a line, where somebody is there."""
    sys.stderr.write(text)
    sys.stderr.flush()
    return sys.stdin.readline()


class Progress:
    """A bar on standard error while something long runs; nothing at all outside a terminal."""

    __slots__ = ("_label", "_next", "_shown", "_visible")

    def __init__(self, label: str, *, visible: bool = True) -> None:
        self._label = label
        self._visible = visible and is_terminal(sys.stderr)
        self._next = 0.0
        self._shown = False

    def update(self, done: int, total: int) -> None:
        """Shows that `done` of `total` is done; often called, seldom drawn."""
        if not self._visible:
            return
        from time import monotonic

        now = monotonic()
        if now < self._next and done < total:
            return
        self._next = now + 0.05
        part = min(done / total, 1.0) if total > 0 else 1.0
        filled = round(part * _BAR)
        bar = "#" * filled + "." * (_BAR - filled)
        sys.stderr.write(f"{_CLEAR_LINE}{self._label} [{bar}] {part:4.0%}")
        sys.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        """Takes the bar away, so that a line can be written."""
        if self._shown:
            sys.stderr.write(_CLEAR_LINE)
            sys.stderr.flush()
            self._shown = False


class Working:
    """A line on standard error that shows that something long runs; nothing at all outside a terminal.

    A context manager. It waits a moment before it shows, so that what is quick shows nothing.
    """

    __slots__ = ("_done", "_label", "_thread", "_visible")

    _FRAMES = ("|", "/", "-", "\\")
    _BEFORE_FIRST = 0.1
    _PER_FRAME = 0.1

    def __init__(self, label: str, *, visible: bool = True) -> None:
        self._label = label
        self._visible = visible and is_terminal(sys.stderr)
        self._done: Event | None = None
        self._thread: Thread | None = None

    def __enter__(self) -> None:
        if self._visible:
            from threading import Event, Thread

            self._done = Event()
            self._thread = Thread(target=self._show, args=(self._done,), name="working", daemon=True)
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        if self._done is not None and self._thread is not None:
            self._done.set()
            self._thread.join()

    def _show(self, done: Event) -> None:
        if done.wait(self._BEFORE_FIRST):
            return
        try:
            self._draw(done)
        except (OSError, ValueError):
            # The terminal is gone; the work is not.
            pass

    def _draw(self, done: Event) -> None:
        if os.environ.get("TERM", "") in ("", "dumb"):
            sys.stderr.write(f"{self._label}...\n")
            sys.stderr.flush()
            return
        turn = 0
        while not done.is_set():
            sys.stderr.write(f"{_CLEAR_LINE}{self._label}... {self._FRAMES[turn % len(self._FRAMES)]}")
            sys.stderr.flush()
            turn += 1
            done.wait(self._PER_FRAME)
        sys.stderr.write(_CLEAR_LINE)
        sys.stderr.flush()


def die_of_interrupt() -> None:
    """Ends the process as an interrupt does, so that the shell sees it (and a loop in it stops)."""
    import signal

    say("\n\nCommand killed by keyboard interrupt\n")
    discard_stdout()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)
