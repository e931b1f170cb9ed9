"""The logs of the store as a whole: verifying them, exporting them with a signature, removing what is old."""

from __future__ import annotations

from kmsctl.crypto.notes import key_id
from kmsctl.errors import FailedPrecondition, IntegrityError, KmsError, RollbackError, StoreError
from kmsctl.model.checkpoints import Checkpoint, signature_line
from kmsctl.model.log_tree import LogTree, leaf_hash
from kmsctl.model.times import rfc3339
from kmsctl.service import audit, log_proof
from kmsctl.service.audit_keys import key_name, signing_key
from kmsctl.service.log_entries import databases
from kmsctl.service.maintenance import decide, record_reading
from kmsctl.service.reports import Finding, LogStatus
from kmsctl.store import audit_check, audit_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kmsctl.model.checkpoints import Note
    from kmsctl.service.authorize import Decision
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Snapshot

    Progress = Callable[[int, int], None]

_RESTORE = "Bring the database back from a backup; compare with the last export of the log."
_FOREIGN = "It is of another store, or of a location that was never used here."


def verify(
    kms: Kms, ctx: Context, location: str | None, checkpoint: str, progress: Progress | None
) -> Iterator[Finding]:
    """Yields what is wrong with the logs; see `kmsctl.service.logging_api`."""
    from kmsctl.model.checkpoints import parse_notes

    known = parse_notes(checkpoint) if checkpoint else []
    try:
        decided = decide(kms, ctx, "VerifyLogs")
    except (IntegrityError, StoreError):
        decided = None  # the state that should decide is damaged: that is to be reported, not refused
    origins = set()
    for name in _names(kms, location):
        try:
            database = databases(kms, name)[0]
            with database.read() as snapshot:
                origin = key_name(snapshot.head.store_id, name)
                origins.add(origin)
                own = [note for note in known if note.checkpoint.origin == origin]
                yield from _verify(snapshot, own, progress)
        except RollbackError as error:
            yield Finding(name, "ROLLBACK", error.message, error.hint or _RESTORE)
        except StoreError as error:
            yield Finding(name, "FILE_ACCESS", error.message, error.hint or _RESTORE)
        except KmsError as error:
            yield Finding(name, "DATABASE_DAMAGED", error.message, error.hint or _RESTORE)
    for note in known:
        if note.checkpoint.origin not in origins:
            yield Finding(note.checkpoint.origin, "SIGNATURE", "There is no such log here.", _FOREIGN)
    if decided is not None:
        _record(kms, ctx, decided, location)


def _names(kms: Kms, location: str | None) -> list[str]:
    if location is not None:
        return [location]
    store = kms.find_store()
    return [] if store is None else store.names()


def _verify(snapshot: Snapshot, notes: list[Note], progress: Progress | None) -> Iterator[Finding]:
    origin = snapshot.head.name
    roots: dict[int, bytes] = {}
    for note in notes:
        said = note.checkpoint
        if not log_proof.signed(note, [signing_key(snapshot).public]):
            text = "The checkpoint was not signed by this store, or was changed."
            yield Finding(origin, "SIGNATURE", text, "Take the checkpoint from where it was kept.")
        elif said.size > snapshot.audit.sequence:
            text = (
                f"The checkpoint of {said.time} was signed for {said.size} records, but the log has "
                f"{snapshot.audit.sequence}: it was rolled back."
            )
            yield Finding(origin, "DIVERGED", text, _RESTORE)
        elif said.size < snapshot.audit.removed:
            text = f"The records that the checkpoint of {said.time} is of were removed because of their age."
            yield Finding(origin, "CANNOT_TELL", text, "Compare with a newer checkpoint.")
        elif roots.setdefault(said.size, said.root) != said.root:
            text = f"Two checkpoints say different things of the first {said.size} records."
            yield Finding(origin, "DIVERGED", text, _RESTORE)
    for found in audit_check.damage(snapshot, progress, roots):
        yield Finding(origin, found.kind, found.message, _RESTORE)


def status(kms: Kms, ctx: Context, location: str | None) -> list[LogStatus]:
    """Returns what logs there are: their signing keys and what they hold."""
    decided = decide(kms, ctx, "GetAuditKey")
    found = []
    for database in databases(kms, location):
        with database.read() as snapshot:
            key = signing_key(snapshot)
            head = snapshot.audit
            found.append(
                LogStatus(key.name, database.name, key.public_pem(), head.removed + 1, head.sequence)
            )
    _record(kms, ctx, decided, location)
    return found


class LogExport:
    """The records of logs, as lines of JSON with their ends, oldest first, one log after the other.

    Attributes:
        checkpoints: the signed note of each log, in the same order; complete when all lines were taken.
    """

    __slots__ = ("_databases", "_done", "_since", "checkpoints")

    def __init__(self, databases: list[Database], since: int | None, done: Callable[[], None]) -> None:
        self._databases = databases
        self._since = since
        self._done = done
        self.checkpoints: list[str] = []

    def __iter__(self) -> Iterator[str]:
        """Yields the lines.

        Raises:
            IntegrityError: if a record is not as it was written: nothing is signed then.
        """
        for database in self._databases:
            with database.read() as snapshot:
                yield from self._records(snapshot)
        self._done()

    def _records(self, snapshot: Snapshot) -> Iterator[str]:
        head, digest = snapshot.audit, snapshot.keys.digest
        since = self._since
        first = head.removed + 1 if since is None else audit_log.first_since(snapshot, since)
        before = audit_log.edge_before(snapshot, first)
        tree = LogTree(digest, first - 1, before)
        for record in audit_log.select(snapshot, "sequence >= ? ORDER BY sequence", (first,)):
            tree.append(leaf_hash(digest, record.text.encode()))
            yield record.text + "\n"
        if (tree.size, tree.edge) != (head.sequence, head.edge):
            raise IntegrityError(
                f"The audit records of {snapshot.connection.path} are not those that their head vouches for.",
                hint="kmsctl logging verify tells what is wrong with them.",
            )
        key = signing_key(snapshot)
        made = Checkpoint(
            key.name,
            head.sequence,
            tree.root(),
            first=first,
            before=before,
            epoch=head.epoch,
            time=rfc3339(snapshot.now),
        )
        text = made.text()
        line = signature_line(key.name, key_id(key.name, key.public), key.sign_note(text))
        self.checkpoints.append(f"{text}\n{line}")


def export(kms: Kms, ctx: Context, location: str | None, since: int | None) -> LogExport:
    """Prepares to write all records out; see `kmsctl.service.logging_api`."""
    decided = decide(kms, ctx, "ExportLogs")
    found = databases(kms, location)
    if not found:
        raise FailedPrecondition("There is no store yet.")
    return LogExport(found, since, lambda: _record(kms, ctx, decided, location))


def remove(kms: Kms, ctx: Context, location: str | None, before: int) -> dict[str, int]:
    """Removes records that are older than a time; see `kmsctl.service.logging_api`."""
    removed = {}
    for database in databases(kms, location):
        decided = decide(kms, ctx, "RetainLogs")
        with database.write() as transaction:
            first = audit_log.first_since(transaction, before)
            count = audit_log.remove_before(transaction, first)
            if count:
                request: dict[str, object] = {"before": rfc3339(before), "removed": str(count)}
                request["remaining"] = str(transaction.audit.sequence - transaction.audit.removed)
                audit.append_store(transaction, ctx, decided, request)
        removed[database.name] = count
    return removed


def _record(kms: Kms, ctx: Context, decision: Decision, location: str | None) -> None:
    record_reading(kms, ctx, decision, {"location": location} if location else {})
