"""``kmsctl store unlock`` and ``kmsctl store lock``: an agent, so that a script is asked once."""

from __future__ import annotations

from kmsctl.cli import asked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

_SECOND = 1_000_000
_TIMEOUT = 15 * 60 * _SECOND


def unlock() -> Command:
    from kmsctl.cli import options, params
    from kmsctl.cli.command import Command

    command = Command(
        "store unlock",
        run_unlock,
        [
            options.flag(
                "timeout",
                "How long the root key is kept, at most 24h; 15m if not given.",
                params.Duration(lower="1s", upper="24h"),
            ),
            *asked.flags("passphrase"),
            asked.share_files(),
        ],
        about="""
            Opens the root key with a protector and keeps it in the memory of a process of its own, the
            agent, for a while. Until then, or until kmsctl store lock, commands of yours are not asked.

            The agent answers no other user, leaves no core file, and keeps its memory out of the swap
            file where the system lets it.

            A passphrase or shares that are given have to open it; no other protector is tried then.
        """,
        examples=[("To be asked once for a script of a few minutes:", "store unlock --timeout=10m")],
    )
    command.exclusive = (("passphrase-file", "passphrase-fd", "share-files"),)
    return command


def lock() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store lock",
        run_lock,
        [],
        about="Ends the agent that kmsctl store unlock started.",
        examples=[("To end it:", "store lock")],
    )


def run_unlock(session: Session, args: Args) -> None:
    given: int | None = args["timeout"]
    timeout = _TIMEOUT if given is None else given
    session.asked(args)
    locked = session.kms.unlock_store(session.context, timeout // _SECOND)
    session.status(f"The store is unlocked for {timeout // _SECOND} s; kmsctl store lock ends that.")
    if not locked:
        session.log("warning", "The system does not let the agent keep its memory out of the swap file.")


def run_lock(session: Session, args: Args) -> None:
    del args
    if session.kms.lock_store(session.context):
        session.status("The store is locked.")
    else:
        session.status("The store was not unlocked.")
