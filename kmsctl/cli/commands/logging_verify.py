"""``kmsctl logging verify``: of the store's logs, or of an export that somebody else made."""

from __future__ import annotations

import sys

from kmsctl.cli import output, terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import STDIO, Inputs
from kmsctl.cli.opening import check_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.service.reports import Finding

FINDINGS = "yaml(kind, resource, message, remedy)"
_LIMIT = 1 << 20


def verify() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "logging verify",
        run_verify,
        [
            options.Positional("export", "Exported log to verify by --public-key.", required=False),
            options.flag("checkpoint", "File of checkpoints that logging export wrote."),
            options.flag("location", "Location whose log is verified, or control; all if not given."),
            options.flag("public-key", "File of public keys (PEM) to verify an export by, without a store."),
        ],
        about="""
            Follows all records of the audit logs to their authenticated heads and the anchor, and
            prints what was edited, removed, moved, added or rolled back. The exit status is 1 if
            anything was.

            With --checkpoint, it also checks that the logs still continue what the checkpoint was
            signed for. A checkpoint that is kept elsewhere shows a log that was written anew by
            somebody who has all keys.

            With --public-key, it verifies a checkpoint and the export that it is of by the public
            key alone: no store is needed.
        """,
        examples=[
            ("To verify all logs of the store:", "logging verify"),
            (
                "To verify an export that somebody sent:",
                "logging verify --checkpoint=audit.jsonl.checkpoint --public-key=audit.pem audit.jsonl",
            ),
        ],
    )


def run_verify(session: Session, args: Args) -> None:
    if args["public_key"] is None:
        if args["export"] is not None:
            raise CommandError(
                "Invalid value for [EXPORT]: give --checkpoint and --public-key to verify it by."
            )
        _check(_verify_store(session, args))
        check_store(session.paths)
        session.status("The logs are whole: nothing is wrong.")
        return
    if args["checkpoint"] is None:
        raise CommandError("Invalid value for [--public-key]: give --checkpoint too.")
    if args["location"] is not None:
        raise CommandError("Invalid value for [--location]: an export says itself what it is of.")
    checkpoint = _read("--checkpoint", args["checkpoint"], "checkpoint")
    pem = _read("--public-key", args["public_key"], "public key").encode()
    _check(_verify_export(session, checkpoint, pem, args["export"]))
    whole = "." if args["export"] is None else ", and the export is whole."
    session.status("The checkpoint was signed by the owner of the public key" + whole)
    _say_what_was_verified(session, checkpoint, pem)


def _check(findings: int) -> None:
    if findings:
        what = "One finding" if findings == 1 else f"{findings} findings"
        raise CommandError(f"The logs are not as they were written: {what}, on standard output.")


def _say_what_was_verified(session: Session, checkpoint: str, pem: bytes) -> None:
    """Says which logs and records that were: what is left out with its checkpoint shows nowhere else."""
    from kmsctl.service import log_proof

    found, unused = log_proof.contents(checkpoint, pem)
    for said in found:
        which = f"records {said.first} to {said.size}" if said.count else f"no records after {said.size}"
        session.status(f"{said.origin}: {which}, signed at {said.time}.")
    if unused:
        keys, theirs = ("keys", "their logs are") if unused > 1 else ("key", "its log is")
        session.warn(f"{unused} public {keys} signed none of the checkpoints: {theirs} not among these.")


def _verify_store(session: Session, args: Args) -> int:
    path: str | None = args["checkpoint"]
    checkpoint = "" if path is None else _read("--checkpoint", path, "checkpoint")
    progress = terminal.Progress("Verifying", visible=session.user_output)
    try:
        found = session.kms.verify_logs(
            session.context, args["location"], checkpoint=checkpoint, progress=progress.update
        )
        return _show(session, found, progress)
    finally:
        progress.clear()


def _verify_export(session: Session, checkpoint: str, pem: bytes, path: str | None) -> int:
    from kmsctl.service import log_proof

    if path is None:
        return _show(session, log_proof.verify(checkpoint, pem, None), None)
    try:
        if path == STDIO:
            return _show(session, log_proof.verify(checkpoint, pem, sys.stdin.buffer), None)
        with open(path, "rb") as lines:
            return _show(session, log_proof.verify(checkpoint, pem, lines), None)
    except OSError as error:
        raise CommandError(
            f"Failed to read export file [{path}]: Unable to read file [{path}]: {error}"
        ) from None


def _show(session: Session, found: Iterable[Finding], progress: terminal.Progress | None) -> int:
    """Prints findings and returns how many."""

    def each() -> Iterator[dict[str, object]]:
        for finding in found:
            if progress is not None:
                progress.clear()
            yield {
                "resource": finding.resource,
                "kind": finding.kind,
                "message": finding.message,
                "remedy": finding.remedy,
            }

    return output.show_findings(session, each(), FINDINGS)


def _read(flag: str, path: str, what: str) -> str:
    data = Inputs().read(flag, path, what, _LIMIT)
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CommandError(f"Invalid value for [{flag}]: the file [{path}] is not UTF-8.") from None
