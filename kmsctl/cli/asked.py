"""Secrets that open the store: from a file, a descriptor or a prompt, never from the command line."""

from __future__ import annotations

import os
import stat

from kmsctl.cli import terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import Inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kmsctl.cli.options import Flag
    from kmsctl.cli.session import Args, Session

PROPERTY = "store/passphrase_file"
_LARGEST = 4096
_WHAT = "passphrase"
#: Bytes that are no text come from a terminal as surrogates.
_TYPED = ("utf-8", "surrogateescape")


class Asked:
    """Who answers for one command (`kmsctl.keystore.ports.Asking`).

    The passphrase comes from ``--passphrase-file``, ``--passphrase-fd`` or, of what opens a store, the
    property; else from a prompt, unless nothing may be asked.
    """

    __slots__ = ("_args", "_read", "_session")

    def __init__(self, session: Session, args: Args) -> None:
        self._session = session
        self._args = args
        self._read: bytes | None = None

    def passphrase(self, question: str) -> bytes | None:
        given = self._given(self._session.properties.get(PROPERTY))
        if given is None and self._can_ask():
            given = terminal.ask_secret(question, otherwise="--passphrase-file").encode(*_TYPED)
        return given or None

    def new_passphrase(self, question: str) -> bytes | None:
        given = self._given(None)
        if given is not None or not self._can_ask():
            return given
        return terminal.ask_new_secret(question, otherwise="--passphrase-file")

    def shares(self) -> Sequence[bytes]:
        paths: Sequence[str] = self._args.get("share_files") or ()
        return [Inputs().read("--share-files", path, "share", _LARGEST) for path in paths]

    def token(self) -> None:
        """The service has its own tokens."""

    def brought(self) -> Collection[str]:
        given = self._args.get
        passphrase = given("passphrase_file") is not None or given("passphrase_fd") is not None
        return ["passphrase"] * passphrase + ["shares"] * bool(given("share_files"))

    def _can_ask(self) -> bool:
        return not self._session.quiet and terminal.can_ask()

    def _given(self, otherwise: str | None) -> bytes | None:
        if self._read is None:
            path: str | None = self._args.get("passphrase_file") or otherwise
            descriptor: int | None = self._args.get("passphrase_fd")
            if descriptor is not None:
                self._read = _read_descriptor(descriptor)
            elif path is not None:
                content = Inputs().read("--passphrase-file", path, _WHAT, _LARGEST)
                self._check_mode(path)
                self._read = _without_line_end(content)
            if self._read == b"":
                raise CommandError("The passphrase that was given is empty.")
        return self._read

    def _check_mode(self, path: str) -> None:
        try:
            status = os.stat(path)
        except OSError:
            return  # standard input, or gone since
        if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
            self._session.log("warning", f"Others may read the passphrase: chmod 0600 {path}")


def flags(what: str) -> list[Flag]:
    """Returns the flags that give a passphrase."""
    from kmsctl.cli import options, params

    return [
        options.input_file("passphrase-file", f"{what}, its first line end left out"),
        options.flag(
            "passphrase-fd",
            f"Number of the open descriptor to read the {what} from.",
            params.PositiveInteger(),
            metavar="FD",
        ),
    ]


def share_files() -> Flag:
    """Returns the flag that gives shares."""
    from kmsctl.cli import options, params

    return options.flag(
        "share-files", "Files of shares, of a protector of type shares.", params.Items(), metavar="FILE"
    )


def _read_descriptor(descriptor: int) -> bytes:
    read = b""
    try:
        while len(read) <= _LARGEST and (piece := os.read(descriptor, _LARGEST)):
            read += piece
    except OSError as error:
        raise CommandError(f"Unable to read descriptor [{descriptor}]: {error}") from None
    if len(read) > _LARGEST:
        raise CommandError(f"What descriptor [{descriptor}] gives is larger than {_LARGEST} bytes.")
    return _without_line_end(read)


def _without_line_end(content: bytes) -> bytes:
    return content.removesuffix(b"\n").removesuffix(b"\r")
