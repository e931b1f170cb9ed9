"""``kmsctl store``: the store itself. gcloud has no such commands."""

from __future__ import annotations

from kmsctl.cli import output, terminal
from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.service.reports import DatabaseStatus, Finding

TABLE = (
    "table(name, counts.key_rings, counts.crypto_keys, counts.crypto_key_versions, auditRecords, generation, "
    "masterKeyVersions.list():label=MASTER_KEYS, bytesOnDisk:label=BYTES, problem:optional)"
)
FINDINGS = "yaml(kind, resource, message, remedy)"


def status() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store status",
        run_status,
        [],
        about="""
            Shows each database of the store: one for each location that is used, and control
            for what belongs to none.
        """,
        examples=[("To show everything that is known:", "store status --format=yaml")],
    )


def verify() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store verify",
        run_verify,
        [],
        about="""
            Checks every row and the digest of all rows, unwraps the key material of every
            version, and checks the databases, their anchors, pending purges and files that
            belong to nothing. The exit status is 1 if anything is wrong, and what is wrong is
            printed.
        """,
        examples=[("To check the store, and print what is wrong as JSON:", "store verify --format=json")],
    )


def maintain() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store maintain",
        run_maintain,
        [],
        about="""
            Does everything that is due: rotates keys, destroys versions whose time has come,
            and purges what was destroyed. Commands do that for the keys they meet; this does it
            for all, for cron.

            If the clock has jumped far ahead, it asks before any key material is destroyed; where
            there is no terminal, that waits. --quiet believes the clock.
        """,
        examples=[("To do it from cron:", "store maintain")],
    )


def accept_rollback() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "store accept-rollback",
        run_accept_rollback,
        [
            options.Positional(
                "database", "Location whose database it is; control is the one of no location."
            ),
        ],
        about="""
            Accepts a database that is older than its anchor says, as after bringing it back
            from a copy, or that is missing. What happened since is lost: versions that were
            disabled or destroyed may be enabled again.
        """,
        examples=[("To accept what is there of a location:", "store accept-rollback us-east1")],
    )


def run_status(session: Session, args: Args) -> None:
    del args
    found = session.kms.store_status(session.context)
    if not found.initialized:
        session.status(f"There is no store in {session.paths.data} yet. The first key ring makes it.")
    output.show_found(session, (_status_json(each) for each in found.databases), TABLE)


def run_verify(session: Session, args: Args) -> None:
    del args
    progress = terminal.Progress("Verifying", visible=session.user_output)
    findings = []

    def found() -> Iterator[dict[str, object]]:
        for finding in session.kms.verify_store(session.context, progress.update):
            findings.append(finding)
            progress.clear()
            yield _finding_json(finding)
        progress.clear()

    try:
        output.show_found(session, found(), FINDINGS)
    finally:
        progress.clear()
    if findings:
        what = "One finding" if len(findings) == 1 else f"{len(findings)} findings"
        raise CommandError(f"The store is not whole: {what}, each with what can be done, on standard output.")
    session.status("The store is whole: nothing is wrong.")


def run_maintain(session: Session, args: Args) -> None:
    del args
    quiet = session.quiet

    def confirm(question: str) -> bool:
        try:
            terminal.confirm(question, quiet=quiet)
        except CommandError as error:
            session.log("warning", error.message)
            return False
        return True

    report = session.kms.maintain_store(session.context, confirm_clock=confirm)
    for what, names in (
        ("Rotated", report.rotated),
        ("Destroyed", report.destroyed),
        ("Expired", report.expired),
        ("Gave up the unfinished generation of", report.failed),
    ):
        for name in names:
            session.status(f"{what} {name}.")
    if report.snapshots:
        session.status(f"Took snapshots: {', '.join(report.snapshots)}.")
    if report.purged:
        session.status(f"Finished {report.purged} purge{'' if report.purged == 1 else 's'}.")
    done = report.rotated or report.destroyed or report.expired or report.failed or report.purged
    done = done or report.snapshots
    if not done and not report.left:
        session.status("Nothing was due.")
    output.show_silent(
        session,
        {
            "rotated": report.rotated,
            "destroyed": report.destroyed,
            "expired": report.expired,
            "failed": report.failed,
            "purged": report.purged,
            "left": report.left,
            "snapshots": report.snapshots,
        },
    )
    if report.left:
        raise CommandError("Not all could be done:\n" + "\n".join(f"- {text}" for text in report.left))


def run_accept_rollback(session: Session, args: Args) -> None:
    name: str = args["database"]
    terminal.confirm(
        f"The database [{name}] will be taken as it is now. What was done since is lost: "
        "disabled or destroyed versions may be usable again.",
        quiet=session.quiet,
    )
    session.kms.accept_rollback(session.context, name)
    session.status(f"Accepted the database [{name}] as it is.")


def _status_json(status: DatabaseStatus) -> dict[str, object]:
    from kmsctl.model.times import rfc3339

    shown: dict[str, object] = {
        "name": status.name,
        "path": status.path,
        "generation": str(status.generation),
        "epoch": status.epoch,
        "counts": {table: str(count) for table, count in status.counts.items()},
        "auditRecords": str(status.audit_records),
        "bytesOnDisk": str(status.bytes_on_disk),
        "masterKeyVersions": list(status.master_key_versions),
        "pendingPurges": status.pending_purges,
    }
    if status.last_time:
        shown["lastTime"] = rfc3339(status.last_time)
    if status.problem is not None:
        shown["problem"] = status.problem
    return shown


def _finding_json(finding: Finding) -> dict[str, object]:
    return {
        "resource": finding.resource,
        "kind": finding.kind,
        "message": finding.message,
        "remedy": finding.remedy,
    }
