"""``kmsctl store backup restore`` and ``kmsctl store tombstones``."""

from __future__ import annotations

from kmsctl.cli import backup_files, options, output
from kmsctl.cli.files import Inputs, Output
from kmsctl.cli.opening import has_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from kmsctl.cli.command import Command
    from kmsctl.cli.options import Flag
    from kmsctl.cli.session import Args, Session
    from kmsctl.service.restores import RestoreReport
    from kmsctl.service.unlocking import Container

DIFFERENCES = "yaml(action, resource, changes)"


def restore_flags() -> list[Flag]:
    return [
        options.flag(
            "location", "Restore the database of this location alone; control is that of no location."
        ),
        options.flag("justification", "Why; it stands in the audit records.", required=True),
        options.flag(
            "tombstones", "List of what is destroyed, from kmsctl store tombstones export.", metavar="FILE"
        ),
        options.Flag(
            "destroyed-may-return",
            "Accept that versions come back that were destroyed, where nothing here says which were.",
        ),
        options.Flag("dry-run", "Show what would change, and change nothing."),
    ]


def restore() -> Command:
    from kmsctl.cli.command import Command

    command = Command(
        "store backup restore",
        run_restore,
        [
            options.Positional("file", "Backup to restore."),
            *restore_flags(),
            *backup_files.unlock_flags(),
        ],
        about="""
            Checks a whole backup, shows every resource that would change (what comes back, what goes,
            states and grants), asks, and puts the databases in the backup in the place of those that
            are there. Each is replaced whole or not at all, also in a crash; other
            processes go on with the restored one.

            What is destroyed stays destroyed, as far as the store or a list of tombstones says so. Where
            neither can, as on a new machine or where the store is damaged, what is listed may bring
            back what was destroyed after the backup was made. You are asked about that, or accept
            it with --destroyed-may-return; --quiet does not.

            On a new machine give the root key with --root-key-file, or what opens the one in the backup.
            The restored state is a new epoch, with a record of who restored it and why.
        """,
        examples=[
            (
                "To see what a backup would change:",
                "store backup restore store.backup --justification=drill --dry-run",
            ),
            (
                "To restore on a new machine:",
                "store backup restore b --root-key-file=root-key --tombstones=t --justification=drill",
            ),
        ],
    )
    command.exclusive = backup_files.UNLOCK_EXCLUSIVE
    return command


def export_tombstones() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store tombstones export",
        run_export_tombstones,
        [options.Positional("file", "File to write; - is standard output.")],
        about="""
            Writes which versions are destroyed, encrypted under the root key. Kept beside the backups, the
            list keeps a restore on a new machine from bringing them back: give it to
            kmsctl store backup restore with --tombstones.
        """,
        examples=[("To write the list:", "store tombstones export /mnt/backups/tombstones")],
    )


def run_restore(session: Session, args: Args) -> None:
    from kmsctl.service.unlocking import Unlock

    inputs = Inputs()
    unlock = backup_files.unlock_of(args, inputs)
    if not unlock and not has_store(session.paths):
        unlock = Unlock(passphrase=backup_files.ask_passphrase(args["file"]))
    confirm = backup_files.confirm_restore(session, args, differences(session))

    def carry_out(tombstones: Container | None) -> RestoreReport | None:
        with backup_files.Opened(args["file"]) as container:
            request = backup_files.request_of(args, tombstones)
            return session.kms.restore_backup(session.context, container, request, unlock, confirm=confirm)

    report_restored(session, with_tombstones(args, carry_out))


def with_tombstones(
    args: Args, carry_out: Callable[[Container | None], RestoreReport | None]
) -> RestoreReport | None:
    if args["tombstones"] is None:
        return carry_out(None)
    with backup_files.Opened(args["tombstones"]) as tombstones:
        return carry_out(tombstones)


def differences(session: Session) -> Callable[[Iterable[Mapping[str, Any]]], None]:
    return lambda found: output.show_found(session, found, DIFFERENCES)


def report_restored(session: Session, report: RestoreReport | None) -> None:
    if report is None:
        return
    for name in report.buried:
        session.status(f"Stays destroyed: {name}.")
    for name in report.spared:
        session.status(f"Scheduled to be destroyed again, its whole time from now on: {name}.")
    for text in report.orphans:
        session.status(f"{text} No version refers to it any more.")
    session.status(f"Restored: {', '.join(report.databases) or 'nothing, all is as it was then'}.")


def run_export_tombstones(session: Session, args: Args) -> None:
    target = Output("FILE", args["file"], private=True, inputs=Inputs())
    count = 0

    def fill(sink: Callable[[bytes], object]) -> None:
        nonlocal count
        count = session.kms.export_tombstones(session.context, sink)

    target.stream(fill)
    session.status(f"Wrote the tombstones of {count} destroyed version{'' if count == 1 else 's'}.")
