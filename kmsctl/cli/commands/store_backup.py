"""``kmsctl store backup``: the store in a file. gcloud has no such commands."""

from __future__ import annotations

import os

from kmsctl.cli import backup_files, options, output, params, terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import STDIO, Inputs, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.service.backup_directory import BackupFile

_TABLE = "table(path, createTime, databases.len():label=DATABASES, bytes, includesRootKey, problem:optional)"
_FINDINGS = "yaml(kind, resource, message, remedy)"
_REMEDY = "Use another backup, and look at the store: kmsctl store verify"


def create() -> Command:
    from kmsctl.cli.command import Command

    command = Command(
        "store backup create",
        run_create,
        [
            options.Positional(
                "file", "File to write, or a directory in which one is made; - is standard output."
            ),
            options.Flag("include-root-key", "Put the root key into the backup, sealed."),
            options.input_file("recipient-file", "public key that the root key is sealed to"),
            *backup_files.passphrase_flags("that the root key is sealed with"),
        ],
        about="""
            Copies every database while others go on working, and writes the copies into one file,
            encrypted under the root key. Each database is as it was at one moment; they are copied
            one after the other, the control database last.

            The file opens with the root key of this store, which is not in it. With
            --include-root-key it is, sealed with a passphrase, which is asked for if no flag gives
            it, or to a public key (RSA, X25519, P-256, P-384 or P-521).

            Whoever holds a backup and the root key has the keys in it, also those that
            are destroyed afterwards: prune old backups.
        """,
        examples=[
            (
                "To back up into a directory, under a name with the time in it:",
                "store backup create /mnt/backups",
            ),
            (
                "To make a backup that needs nothing but a passphrase:",
                "store backup create store.backup --include-root-key --passphrase-file=passphrase.txt",
            ),
        ],
    )
    command.exclusive = (("passphrase-file", "passphrase-fd", "recipient-file"),)
    return command


def list_() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store backup list",
        run_list,
        [
            options.Positional(
                "directory", "Directory, or one file; this directory if not given.", required=False
            ),
            *backup_files.unlock_flags(),
        ],
        about="""
            Lists the backups in a directory, oldest first, with what they say of themselves. What they
            hold is not read: kmsctl store backup verify does that.
        """,
        examples=[("To list the backups in a directory:", "store backup list /mnt/backups")],
    )


def verify() -> Command:
    from kmsctl.cli.command import Command

    command = Command(
        "store backup verify",
        run_verify,
        [
            options.Positional("file", "Backup to check; - is standard input."),
            *backup_files.unlock_flags(),
        ],
        about="""
            Reads a whole backup and checks it as kmsctl store verify checks a store: that nothing was
            changed or cut off, every row, the digest of all rows, all key material, the audit records. The
            exit status is 1 if anything is wrong.
        """,
        examples=[("To check a backup:", "store backup verify /mnt/backups/store.backup")],
    )
    command.exclusive = backup_files.UNLOCK_EXCLUSIVE
    return command


def prune() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store backup prune",
        run_prune,
        [
            options.Positional("directory", "Directory of backups."),
            options.flag("keep", "How many of the newest stay.", params.PositiveInteger(), required=True),
        ],
        about="""
            Removes all backups of this store from a directory but the newest, after asking. Files
            that are no backups, backups of other stores and those that cannot be opened stay. The
            newest is read first: if it is cut off or changed, nothing is removed.
        """,
        examples=[("To keep the newest 14 backups:", "store backup prune /mnt/backups --keep=14 --quiet")],
    )


def run_create(session: Session, args: Args) -> None:
    inputs = Inputs()
    seal = backup_files.seal_of(args, inputs)
    path = _path_of(args["file"])
    target = Output("FILE", path, private=True, inputs=inputs)
    manifest: dict[str, Any] = {}

    def fill(sink: Callable[[bytes], object]) -> None:
        manifest.update(session.kms.create_backup(session.context, sink, seal_root_key=seal))

    target.stream(fill)
    databases = manifest["databases"]
    session.status(
        f"Wrote {_count(len(databases), 'database')} to [{path}]. Each is as it was at one moment, between "
        f"{manifest['beginTime']} and {manifest['createTime']}."
    )
    if not manifest["includesRootKey"]:
        session.status("The root key is not in it: without that, nobody can open it.")
    if not target.is_stdout:
        output.show_silent(session, {"path": path, **manifest})


def _path_of(path: str) -> str:
    """Returns the file to write: in a directory, one that is named for the present time."""
    if path == STDIO or not os.path.isdir(path):
        return path
    from kmsctl.model.times import now_us, rfc3339

    time = rfc3339(now_us()).partition(".")[0].removesuffix("Z").replace(":", "").replace("-", "")
    return os.path.join(path, f"kmsctl-{time}Z.backup")


def _count(number: int, what: str) -> str:
    return f"one {what}" if number == 1 else f"{number} {what}s"


def run_list(session: Session, args: Args) -> None:
    unlock = backup_files.unlock_of(args, Inputs())
    found = session.kms.list_backups(session.context, args["directory"] or os.curdir, unlock)
    output.show_found(session, (_file_json(each) for each in found), _TABLE)


def _file_json(found: BackupFile) -> dict[str, Any]:
    shown: dict[str, Any] = {"path": found.path, "bytes": str(found.size), **found.manifest}
    if found.problem:
        shown["problem"] = found.problem
    return shown


def run_verify(session: Session, args: Args) -> None:
    unlock = backup_files.unlock_of(args, Inputs())
    findings: list[dict[str, Any]] = []
    seen: dict[str, Any] = {}
    with backup_files.Opened(args["file"]) as container:
        found = session.kms.verify_backup(session.context, container, unlock, manifest=seen.update)
        findings += [
            {"resource": each.resource, "kind": each.kind, "message": each.message, "remedy": _REMEDY}
            for each in found
        ]
    output.show_findings(session, findings, _FINDINGS)
    if findings:
        raise CommandError(f"The backup is not whole: {_count(len(findings), 'finding')}.")
    session.status(
        f"The backup [{seen['backupId']}] of {seen['createTime']} is whole: "
        f"{_count(len(seen['databases']), 'database')}, nothing is wrong."
    )


def run_prune(session: Session, args: Args) -> None:
    def confirm(going: list[BackupFile]) -> None:
        paths = "\n".join(f" - {each.path} ({each.manifest['createTime']})" for each in going)
        terminal.confirm(f"These backups will be removed:\n{paths}", quiet=session.quiet)

    removed = session.kms.prune_backups(session.context, args["directory"], args["keep"], confirm=confirm)
    session.status(f"Removed {_count(len(removed), 'backup')}.")
    output.show_silent(session, {"removed": [each.path for each in removed]})
