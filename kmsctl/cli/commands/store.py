"""``kmsctl store``: the store itself. gcloud has no such commands."""

from __future__ import annotations

from kmsctl.cli import output, terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.opening import check_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.service.reports import DatabaseStatus, Finding, RepairStep

TABLE = (
    "table(name, counts.key_rings, counts.crypto_keys, counts.crypto_key_versions, auditRecords, generation, "
    "masterKeyVersions.list():label=MASTER_KEYS, bytesOnDisk:label=BYTES, problem:optional)"
)
FINDINGS = "yaml(kind, resource, message, action, remedy)"


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
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "store verify",
        run_verify,
        [
            options.switch(
                "since-last",
                "Read only what was changed since the store was last found whole, and the tags of all rows.",
            ),
            options.switch("audit", "Follow the chains of audit records too; on if not given."),
        ],
        about="""
            Checks every row and the digest of all rows, unwraps the key material of every
            version, and checks the databases, their indexes and anchors, the chains of audit
            records, pending purges and files that belong to nothing. It works on all processors.

            The exit status is 0 if nothing is wrong and 1 if anything is, or if the store could
            not be checked or is not there. What is wrong is printed, one finding each: kind,
            resource, message, remedy (what can be done, in words) and action, the same in one word:
            restore (from a backup), repair (kmsctl store repair does it), maintain (kmsctl store
            maintain does it) or inspect (look what it is).

            --since-last finds rows that were removed, added or put back from an older state,
            wherever they are; damage of any kind to rows that were changed since; damaged heads,
            anchors, schemas and pages; and changes to newer audit records. It does not find
            that the content of a row was edited, or rotted, that nobody has changed since it was
            last read; that indexes miss something; or edits of older audit records. Commands
            that read such a row refuse it all the same. What it goes by is recorded in the data
            directory under a tag that takes the master key to make. Where there is no record,
            everything is read.
        """,
        examples=[
            ("To check the store, and print what is wrong as JSON:", "store verify --format=json"),
            ("To check every hour what was changed:", "store verify --since-last --quiet --format=json"),
        ],
    )


def maintain() -> Command:
    from kmsctl.cli import options, params
    from kmsctl.cli.command import Command

    return Command(
        "store maintain",
        run_maintain,
        [
            options.flag(
                "max-master-key-age",
                "Rotate master keys that are older, at least 1d: 30d.",
                params.Duration(lower="1d"),
            )
        ],
        about="""
            Does everything that is due: rotates keys, destroys versions whose time has come,
            and purges what was destroyed. Commands do that for the keys they meet; this does it
            for all, for cron.

            If the clock has jumped far ahead, it asks before any key material is destroyed; where
            there is no terminal, that waits. --quiet believes the clock.

            Rotations of the root key or of master keys that were interrupted are completed.
        """,
        examples=[
            ("To do it from cron:", "store maintain"),
            ("To rotate master keys every 30 days besides:", "store maintain --max-master-key-age=30d"),
        ],
    )


def repair() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "store repair",
        run_repair,
        [options.switch("dry-run", "Only show what would be done.")],
        about="""
            Verifies the store, shows what can safely be done about what is wrong, asks, does
            it, and verifies the store again. What it does: it removes files that crashes have
            left, gives up keys whose making was cut off, clears destroyed keys out of the files,
            makes indexes anew from the rows, and completes the anchor.

            It never touches rows or what vouches for them: what verification calls damage there
            may be tampering, stays an error, and is a backup's to mend. The exit status is 0
            only if nothing is wrong in the end. --quiet asks nothing. What is done is recorded
            in the audit log.
        """,
        examples=[
            ("To see what would be done:", "store repair --dry-run"),
            ("To do it without being asked:", "store repair --quiet"),
        ],
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
            disabled or destroyed may be enabled again. Projects that have key rings, but that
            the database control does not know any more, are then owned by whoever accepts it.
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
    from kmsctl.service.reports import VerifyOptions

    options = VerifyOptions(since_last=bool(args["since_last"]), audit=args["audit"] is not False)
    progress = terminal.Progress("Verifying", visible=session.user_output)

    def found() -> Iterator[dict[str, object]]:
        for finding in session.kms.verify_store(session.context, progress.update, options):
            progress.clear()
            yield _finding_json(finding)
        progress.clear()

    try:
        count = output.show_findings(session, found(), FINDINGS)
    finally:
        progress.clear()
    if count:
        what = "One finding" if count == 1 else f"{count} findings"
        raise CommandError(f"The store is not whole: {what}, each with what can be done, on standard output.")
    check_store(session.paths)
    session.status("The store is whole: nothing is wrong.")


def run_maintain(session: Session, args: Args) -> None:
    quiet = session.quiet

    def confirm(question: str) -> bool:
        try:
            terminal.confirm(question, quiet=quiet)
        except CommandError as error:
            session.log("warning", error.message)
            return False
        return True

    report = session.kms.maintain_store(
        session.context, confirm_clock=confirm, max_master_key_age=args["max_master_key_age"]
    )
    for what, names in (
        ("Rotated", report.rotated),
        ("Destroyed", report.destroyed),
        ("Expired", report.expired),
        ("Finished the unfinished generation of", report.made),
        ("Gave up the unfinished generation of", report.failed),
        ("Rotated the master key of", report.rewrapped),
    ):
        for name in names:
            session.status(f"{what} {name}.")
    if report.snapshots:
        session.status(f"Took snapshots: {', '.join(report.snapshots)}.")
    if report.purged:
        session.status(f"Finished {report.purged} purge{'' if report.purged == 1 else 's'}.")
    named = report.rotated + report.destroyed + report.expired + report.failed + report.made
    done = named or report.rewrapped or report.purged or report.snapshots
    if not done and not report.left:
        session.status("Nothing was due.")
    output.show_silent(
        session,
        {
            "rotated": report.rotated,
            "destroyed": report.destroyed,
            "expired": report.expired,
            "failed": report.failed,
            "made": report.made,
            "purged": report.purged,
            "rewrapped": report.rewrapped,
            "left": report.left,
            "snapshots": report.snapshots,
        },
    )
    if report.left:
        raise CommandError("Not all could be done:\n" + "\n".join(f"- {text}" for text in report.left))


def run_repair(session: Session, args: Args) -> None:
    progress = terminal.Progress("Verifying", visible=session.user_output)

    def confirm(steps: Sequence[RepairStep]) -> bool:
        progress.clear()
        for step in steps:
            session.status(f"{step.resource}: {step.text}")
        if args["dry_run"]:
            return False
        what = "This one thing" if len(steps) == 1 else f"These {len(steps)} things"
        terminal.confirm(f"{what} will be done. Nothing else is changed.", quiet=session.quiet)
        return True

    try:
        report = session.kms.repair_store(session.context, confirm=confirm, progress=progress.update)
    finally:
        progress.clear()
    shown = {
        "steps": [
            {"action": step.action, "resource": step.resource, "text": step.text} for step in report.steps
        ],
        "done": report.done,
        "failed": report.failed,
        "left": [_finding_json(finding) for finding in report.left],
    }
    if report.left and not session.format:
        output.show_findings(session, (_finding_json(finding) for finding in report.left), FINDINGS)
    output.show_silent(session, shown)
    if report.left or report.failed:
        lines = [f"- {text}" for text in report.failed]
        count = "one finding" if len(report.left) == 1 else f"{len(report.left)} findings"
        what = f"{count} left, on standard output" if report.left else "not all could be done"
        raise CommandError("\n".join([f"The store is not whole: {what}.", *lines]))
    check_store(session.paths)
    if not report.steps:
        session.status("The store is whole: there is nothing to repair.")
    elif report.done:
        session.status("Repaired: nothing is wrong now.")


#: What accepting the control database does besides, to be told before it is done.
_TAKES_OVER = " Projects with key rings that it does not know any more will be owned by [{}]."


def run_accept_rollback(session: Session, args: Args) -> None:
    name: str = args["database"]
    account = (session.context.principal, *session.context.impersonated)[-1]
    terminal.confirm(
        f"The database [{name}] will be taken as it is now. What was done since is lost: "
        "disabled or destroyed versions may be usable again."
        + (_TAKES_OVER.format(account) if name == "control" else ""),
        quiet=session.quiet,
    )
    taken = session.kms.accept_rollback(session.context, name)
    session.status(f"Accepted the database [{name}] as it is.")
    for project in taken:
        session.status(f"[{account}] is now the owner of the project [{project}].")


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
    if status.pending_removals:
        shown["pendingRemovals"] = list(status.pending_removals)
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
        "action": finding.action,
        "remedy": finding.remedy,
    }
