"""``kmsctl store snapshot``: earlier states of the store, on the same disk."""

from __future__ import annotations

from kmsctl.cli import backup_files, options, output
from kmsctl.cli.commands.store_restore import differences, report_restored, restore_flags, with_tombstones

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.service.restores import RestoreReport
    from kmsctl.service.unlocking import Container
    from kmsctl.store.snapshot_files import SnapshotFile

_TABLE = "table(id, databases.list():label=DATABASES, bytes)"


def create() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store snapshot create",
        run_create,
        [],
        about="""
            Keeps the state of every database that has changed since its last snapshot, encrypted under the
            root key, in the data directory. kmsctl store maintain does that every hour, and keeps snapshots
            for four days.

            Snapshots are no backups: they are on the same disk. When key material in a location is
            destroyed for good, all snapshots of that location are dropped, for they hold it too.
        """,
        examples=[("To take a snapshot before a risky change:", "store snapshot create")],
    )


def list_() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store snapshot list",
        run_list,
        [],
        about="Lists the snapshots, oldest first, with the databases that each has a new state of.",
        examples=[("To list them:", "store snapshot list")],
    )


def restore() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store snapshot restore",
        run_restore,
        [options.Positional("id", "Snapshot, from kmsctl store snapshot list."), *restore_flags()],
        about="""
            Goes back to the state that every database (or that of --location) had when a snapshot was taken,
            as kmsctl store backup restore does. The present state is kept as a snapshot before.
        """,
        examples=[
            (
                "To see what would change:",
                "store snapshot restore 20260102T030405Z --justification=drill --dry-run",
            )
        ],
    )


def run_create(session: Session, args: Args) -> None:
    del args
    found = session.kms.create_snapshot(session.context)
    if found:
        session.status(f"Took the snapshot [{found[0].id}] of: {', '.join(each.database for each in found)}.")
    else:
        session.status("Nothing has changed since the last snapshot.")
    output.show_silent(
        session, {"id": found[0].id if found else None, "files": [each.path for each in found]}
    )


def run_list(session: Session, args: Args) -> None:
    del args
    grouped: dict[str, list[SnapshotFile]] = {}
    for file in session.kms.list_snapshots(session.context):
        grouped.setdefault(file.id, []).append(file)
    shown = (
        {
            "id": snapshot_id,
            "databases": [each.database for each in files],
            "bytes": str(sum(each.size for each in files)),
        }
        for snapshot_id, files in grouped.items()
    )
    output.show_found(session, shown, _TABLE)


def run_restore(session: Session, args: Args) -> None:
    confirm = backup_files.confirm_restore(session, args, differences(session))

    def carry_out(tombstones: Container | None) -> RestoreReport | None:
        request = backup_files.request_of(args, tombstones)
        return session.kms.restore_snapshot(session.context, args["id"], request, confirm=confirm)

    report_restored(session, with_tombstones(args, carry_out))
