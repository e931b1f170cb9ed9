"""What the commands about backups share: files that are read piece by piece, and what opens them."""

from __future__ import annotations

import os
import sys

from kmsctl.cli import options, params, terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import STDIO, Inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Any, BinaryIO

    from kmsctl.cli.options import Flag
    from kmsctl.cli.session import Args, Session
    from kmsctl.service.backup_api import Seal
    from kmsctl.service.restores import RestorePlan, RestoreRequest
    from kmsctl.service.unlocking import Container, Unlock

_MAX_PASSPHRASE = 4096
_MAX_KEY = 1 << 16
_OTHERWISE = "--passphrase-file or --passphrase-fd"


def passphrase_flags(what: str) -> list[Flag]:
    return [
        options.input_file("passphrase-file", f"passphrase {what}"),
        options.flag(
            "passphrase-fd", "Descriptor to read that passphrase from.", params.PositiveInteger(lower=0)
        ),
    ]


def unlock_flags() -> list[Flag]:
    """Returns the flags of commands that read backups where there may be no store."""
    return [
        options.flag("root-key-file", "Where there is no store: the file of the root key, or a copy of it."),
        *passphrase_flags("of the root key in the backup, or of the private key"),
        options.input_file("private-key-file", "private key that the root key in the backup is sealed to"),
    ]


UNLOCK_EXCLUSIVE = (("passphrase-file", "passphrase-fd"), ("root-key-file", "private-key-file"))


class Opened:
    """A context manager: a file that is read piece by piece, as a `Container`; ``-`` is standard input."""

    __slots__ = ("_file", "_path")

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> Container:
        from kmsctl.service.unlocking import Container

        try:
            self._file: BinaryIO = sys.stdin.buffer if self._path == STDIO else open(self._path, "rb")
        except OSError as error:
            raise CommandError(f"Unable to read file [{self._path}]: {error.strerror}.") from None
        if os.path.isdir(self._path):
            raise CommandError(f"Unable to read file [{self._path}]: it is a directory.")
        return Container(self._read, f"[{self._path}]")

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            raise CommandError(f"Unable to read file [{self._path}]: {error.strerror}.") from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._path != STDIO:
            self._file.close()


def unlock_of(args: Args, inputs: Inputs) -> Unlock:
    from kmsctl.service.unlocking import Unlock

    private = None
    if args["private_key_file"] is not None:
        private = inputs.read("--private-key-file", args["private_key_file"], "private key", _MAX_KEY)
    root = args["root_key_file"]
    return Unlock(None if root is None else os.path.abspath(root), given_passphrase(args, inputs), private)


def seal_of(args: Args, inputs: Inputs) -> Seal | None:
    """Returns how the root key is to be sealed, if it is to be in the backup."""
    given = args["recipient_file"] or args["passphrase_file"] or args["passphrase_fd"] is not None
    if not args["include_root_key"]:
        if given:
            raise CommandError(
                "Invalid value for [--include-root-key]: --recipient-file and passphrases are only for a "
                "backup that includes the root key."
            )
        return None
    from kmsctl.crypto import recipients

    if args["recipient_file"] is not None:
        public = inputs.read("--recipient-file", args["recipient_file"], "public key", _MAX_KEY)
        recipients.seal_to(public, b"", b"")  # whether it can be is known before anything is written
        return lambda key, binding: recipients.seal_to(public, key, binding)
    passphrase = given_passphrase(args, inputs) or _new_passphrase()
    return lambda key, binding: recipients.seal_for_passphrase(passphrase, key, binding, os.urandom)


def given_passphrase(args: Args, inputs: Inputs) -> bytes | None:
    if args["passphrase_file"] is not None:
        data = inputs.read("--passphrase-file", args["passphrase_file"], "passphrase", _MAX_PASSPHRASE)
    elif args["passphrase_fd"] is not None:
        number = args["passphrase_fd"]
        try:
            with os.fdopen(number, "rb", closefd=False) as file:
                data = file.read(_MAX_PASSPHRASE)
        except OSError as error:
            raise CommandError(
                f"Failed to read the passphrase from descriptor [{number}]: {error.strerror}."
            ) from None
    else:
        return None
    return _checked(data.removesuffix(b"\n").removesuffix(b"\r"))


def _new_passphrase() -> bytes:
    return _checked(terminal.ask_new_secret("Passphrase for the root key: ", otherwise=_OTHERWISE))


def _checked(passphrase: bytes) -> bytes:
    if not passphrase:
        raise CommandError("The passphrase is empty.")
    return passphrase


def ask_passphrase(path: str) -> bytes | None:
    """Asks for the passphrase of the root key in a backup, if it has one that a passphrase opens."""
    from kmsctl.keystore.containers import Header

    if not os.path.isfile(path):
        return None  # a pipe cannot be read twice
    try:
        with open(path, "rb") as file:
            sealed = Header.read(file.read, path).sections(path).get("rootKey")
    except OSError:
        return None  # whoever reads it next says what is wrong
    if not isinstance(sealed, dict) or "kdf" not in sealed:
        return None
    asked = terminal.ask_secret(f"Passphrase of the root key in [{path}]: ", otherwise=_OTHERWISE)
    return _checked(asked.encode("utf-8", "surrogateescape"))


def request_of(args: Args, tombstones: Container | None = None) -> RestoreRequest:
    from kmsctl.service.restores import RestoreRequest

    return RestoreRequest(args["justification"], args["location"], tombstones)


def confirm_restore(
    session: Session, args: Args, show: Callable[[Iterable[Mapping[str, Any]]], None]
) -> Callable[[RestorePlan], bool]:
    """Returns what shows a plan and asks; after a dry run the answer is no."""

    def confirm(plan: RestorePlan) -> bool:
        names = ", ".join(each["name"] for each in plan.databases) or "(none: all are as they were)"
        try:
            show(_difference_json(each) for each in plan.differences())
        except BrokenPipeError:
            if args["dry_run"]:
                raise
            raise CommandError("Nothing was restored: nobody read to its end what would change.") from None
        for name in plan.unknown:
            session.log(
                "warning",
                f"What was destroyed in [{name}] since is not known here: versions that are listed with a "
                "state other than DESTROYED may come back although they were destroyed. Give a list with "
                "--tombstones, if you have one.",
            )
        if args["dry_run"]:
            session.status(f"Nothing was changed. Databases that would be restored: {names}.")
            return False
        if plan.unknown and not args["destroyed_may_return"] and (session.quiet or not terminal.can_ask()):
            raise CommandError(
                "Nothing was changed: versions that were destroyed could come back. Give a list with "
                "--tombstones, or accept that with --destroyed-may-return."
            )
        terminal.confirm(
            f"The databases [{names}] will be as they were at "
            f"{', '.join(sorted({each['lastTime'] for each in plan.databases})) or '(no time)'}. "
            "What was done since is lost, and what is listed above takes effect.",
            quiet=session.quiet,
        )
        return True

    return confirm


def _difference_json(difference: Any) -> dict[str, Any]:
    return {
        "resource": difference.resource,
        "action": difference.action,
        "changes": [{"field": field, "now": now, "then": then} for field, now, then in difference.changes],
    }
