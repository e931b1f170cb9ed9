"""``kmsctl store rotate-master-key`` and ``kmsctl store rotate-root-key``."""

from __future__ import annotations

from kmsctl.cli import asked, output, terminal
from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.service.reports import RotationReport


def master_key() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "store rotate-master-key",
        run_master_key,
        [
            options.flag(
                "location", "Location whose master key is to be rotated; control is the one of no location."
            ),
            options.Flag("all", "Rotate the master keys of all locations, and of control."),
        ],
        about="""
            Makes a new master key, wraps all key material of the location by it, authenticates all
            rows with it, and retires the old one when nothing refers to it any more. Other commands
            can be used in the meantime.

            If it is interrupted, the same command, or kmsctl store maintain, goes on from there.
        """,
        examples=[
            ("To rotate the master key of a location:", "store rotate-master-key --location=us-east1"),
            ("To rotate all master keys:", "store rotate-master-key --all"),
        ],
    )


def root_key() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "store rotate-root-key",
        run_root_key,
        [
            options.Flag("drop-unavailable", "Remove protectors that cannot be given the new root key."),
            *asked.flags("passphrase of the protectors"),
            asked.share_files(),
        ],
        about="""
            Makes a new root key, wraps the master keys of all locations by it, and gives it to all
            protectors: each passphrase is asked for. Protectors that cannot be opened are named, and
            removed only on request. The old root key opens nothing after that.

            It ends what a removed protector, or a lost copy of the configuration directory, could still
            open. It does not end what an older backup together with the old root key can.

            If it is interrupted, the same command, or kmsctl store maintain, goes on from there.
        """,
        examples=[("To rotate it:", "store rotate-root-key")],
    )


def run_master_key(session: Session, args: Args) -> None:
    location: str | None = args["location"]
    if (location is None) is not bool(args["all"]):
        raise CommandError("Exactly one of (--all | --location) must be specified.")
    progress = terminal.Progress("Rotating", visible=session.user_output)
    try:
        reports = session.kms.rotate_master_key(session.context, location, progress.update)
    finally:
        progress.clear()
    for report in reports:
        _tell(session, report)
    output.show_silent(session, {"databases": [_json(report) for report in reports]})


def run_root_key(session: Session, args: Args) -> None:
    asking = session.asked(args)
    report = session.kms.rotate_root_key(
        session.context, asking, drop_unavailable=bool(args["drop_unavailable"])
    )
    for name in report.dropped:
        session.status(f"Removed protector {name}: it could not be given the new root key.")
    again = "The rotation that was begun before is complete. " if report.resumed else ""
    session.status(f"{again}The root key is a new one, for {len(report.databases)} database(s).")
    _tell_purges(session, report.pending_purges)
    output.show_silent(
        session,
        {"databases": report.databases, "dropped": report.dropped, "resumed": report.resumed},
    )


def _tell(session: Session, report: RotationReport) -> None:
    again = ", which was begun before," if report.resumed else ""
    session.status(
        f"The rotation of the master key of {report.name}{again} is complete: version {report.version}, "
        f"{report.rows} row(s) written anew."
    )
    _tell_purges(session, report.pending_purges)


def _tell_purges(session: Session, pending: int) -> None:
    if pending:
        session.log(
            "warning",
            "Older copies of wrapped keys are left in a database until no other command reads it; "
            "kmsctl store maintain removes them.",
        )


def _json(report: RotationReport) -> dict[str, object]:
    return {
        "name": report.name,
        "masterKeyVersion": report.version,
        "retired": list(report.retired),
        "rows": str(report.rows),
        "resumed": report.resumed,
    }
