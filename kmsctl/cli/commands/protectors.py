"""``kmsctl store init`` and ``kmsctl store protectors``: what protects the root key."""

from __future__ import annotations

import os

from kmsctl.cli import asked, output, terminal
from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kmsctl.cli.command import Command
    from kmsctl.cli.options import Flag
    from kmsctl.cli.session import Args, Session
    from kmsctl.keystore.enrolment import Enrolled

TABLE = "table(protector, type, createTime.date():label=CREATED, detail)"
_TYPES = ("file", "passphrase", "keyring", "command", "pkcs11", "shares")
#: Flag → the type that it belongs to.
_OF_TYPE = {
    "passphrase_file": "passphrase",
    "passphrase_fd": "passphrase",
    "command": "command",
    "command_timeout": "command",
    "shares": "shares",
    "threshold": "shares",
    "shares_directory": "shares",
}
_TIMEOUT = 30
_SECOND = 1_000_000


class Wanted:
    """What a new protector is to be like (`kmsctl.keystore.ports.Request`)."""

    __slots__ = ("command", "command_timeout", "shares", "threshold")

    def __init__(self, args: Args) -> None:
        from shlex import split

        try:
            self.command: Sequence[str] = split(args["command"] or "")
        except ValueError as error:
            raise CommandError(f"Invalid value for [--command]: {error}") from None
        given: int | None = args["command_timeout"]
        self.command_timeout = _TIMEOUT if given is None else given // _SECOND
        self.shares: int = args["shares"] or 0
        self.threshold: int = args["threshold"] or 0


def init() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store init",
        run_init,
        _flags(),
        about="""
            Makes the root key of a store that is not there yet, with a protector of your choice. Without
            this command the first key ring makes the store, with a file as its protector.

            With any other type the root key is never written to a disk in the clear.
        """,
        examples=[
            ("To make a store that a passphrase opens:", "store init --type=passphrase"),
        ],
    )


def list_() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store protectors list",
        run_list,
        [],
        about="""
            Lists what protects the root key; each protector opens the store by itself. Number 0 is the
            file of the root key.
        """,
        examples=[("To list them:", "store protectors list")],
    )


def add() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store protectors add",
        run_add,
        _flags(),
        about="""
            Adds a protector of the root key. The data is not touched.

            file: the root key in a file that only you may read. passphrase: asked for twice, or read
            from a file or descriptor. keyring: a random key in the keyring of the operating system.
            command: a program prints the secret each time the store is opened, such as the client of
            a secret manager; it is run without a shell. shares: a random key is split, and some of
            the shares together open the store. pkcs11: a key in the PKCS#11 token that the property
            hsm/uri names; the store opens only while the token is there.
        """,
        examples=[
            ("To add a passphrase:", "store protectors add --type=passphrase"),
            (
                "To add a secret that a program prints:",
                "store protectors add --type=command --command='pass show kmsctl'",
            ),
            (
                "To hand out five shares, three of which open the store:",
                "store protectors add --type=shares --shares=5 --threshold=3 --shares-directory=shares",
            ),
        ],
    )


def remove() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "store protectors remove",
        run_remove,
        [options.Positional("protector", "Number of the protector; kmsctl store protectors list shows it.")],
        about="""
            Removes a protector of the root key; the last one stays. The data is not touched, and nothing is
            revoked: whoever opened the store with it, or has a copy of the configuration directory from
            before, can have the root key. Rotate that to end it: kmsctl store rotate-root-key.
        """,
        examples=[("To remove the file of the root key:", "store protectors remove 0")],
    )


def _flags() -> list[Flag]:
    from kmsctl.cli import options, params

    return [
        options.flag("type", "Type of the protector; file if not given.", params.Choice(list(_TYPES))),
        *asked.flags("passphrase of the new protector"),
        options.flag("command", "Program that prints the secret, with its arguments, quoted as in a shell."),
        options.flag(
            "command-timeout",
            "How long the program may take, at most 10m; 30s if not given.",
            params.Duration(lower="1s", upper="10m"),
        ),
        options.flag("shares", "How many shares to make.", params.PositiveInteger()),
        options.flag("threshold", "How many shares open the store.", params.PositiveInteger()),
        options.flag("shares-directory", "New directory to write the shares to, one file each."),
    ]


def run_init(session: Session, args: Args) -> None:
    type_, wanted = _read(args)
    made = session.kms.init_store(
        session.context, type_, wanted, asked.Asked(session, args), _hand_out(session, args)
    )
    session.status(f"Made a store in {session.paths.data}. {_said(made[0])}")
    output.show_silent(session, _json(made[0]))


def run_list(session: Session, args: Args) -> None:
    del args
    found, problem = session.kms.list_protectors(session.context)
    if problem is not None:
        session.log("warning", f"Nothing vouches for this list. {problem}")
    output.show_found(session, (_json(each) for each in found), TABLE)


def run_add(session: Session, args: Args) -> None:
    type_, wanted = _read(args)
    # The flags give the new secret; what opens the store now comes from elsewhere.
    made = session.kms.add_protector(
        session.context, type_, wanted, asked.Asked(session, args), _hand_out(session, args)
    )
    session.status(_said(made))
    output.show_silent(session, _json(made))


def run_remove(session: Session, args: Args) -> None:
    text: str = args["protector"]
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise CommandError(f"Invalid value for [PROTECTOR]: [{text}] is no number.")

    def confirm(gone: Enrolled) -> None:
        terminal.confirm(
            f"Protector {gone.number} ({gone.type}) will be removed, and cannot be brought back.",
            quiet=session.quiet,
        )

    gone, left = session.kms.remove_protector(session.context, int(text), confirm)
    session.status(f"Removed protector {gone.number} ({gone.type}).")
    if left is not None:
        session.log("warning", left)
    session.status(
        "This revokes nothing: the root key is the same, and older copies of the configuration directory "
        "open with it. To end that: kmsctl store rotate-root-key"
    )
    output.show_silent(session, _json(gone))


def _read(args: Args) -> tuple[str, Wanted]:
    type_: str = args["type"] or "file"
    for name, owner in _OF_TYPE.items():
        if args[name] is not None and owner != type_:
            flag = name.replace("_", "-")
            raise CommandError(f"Invalid value for [--{flag}]: it goes with --type={owner}, not {type_}.")
    if type_ == "shares" and not args["shares_directory"]:
        raise CommandError("Shares are handed out as files: name a new directory with --shares-directory.")
    return type_, Wanted(args)


def _hand_out(session: Session, args: Args) -> _Writer:
    return _Writer(session, args["shares_directory"])


class _Writer:
    """Writes the shares of a new protector to a new directory, for their owner alone."""

    __slots__ = ("_directory", "_session")

    def __init__(self, session: Session, directory: str | None) -> None:
        self._session = session
        self._directory = directory

    def __call__(self, shares: Sequence[bytes]) -> None:
        from kmsctl.store.files import os_failure, write_new

        if not shares or self._directory is None:
            return
        directory = os.path.abspath(self._directory)
        try:
            os.mkdir(directory, 0o700)
        except OSError as error:
            raise os_failure(error, "create", directory) from None
        for number, share in enumerate(shares, 1):
            write_new(os.path.join(directory, f"share-{number}"), share + b"\n")
        self._session.status(
            f"Wrote {len(shares)} shares to {directory}. Give each to another person, and keep none together."
        )


def _said(made: Enrolled) -> str:
    return f"Added protector {made.number} ({made.type}): {made.detail}."


def _json(each: Enrolled) -> dict[str, object]:
    from kmsctl.model.times import rfc3339

    shown: dict[str, object] = {"protector": each.number, "type": each.type, "detail": each.detail}
    if each.create_time is not None:
        shown["createTime"] = rfc3339(each.create_time)
    return shown
