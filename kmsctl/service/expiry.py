"""What has fallen due for import jobs: they expire, and a crash may have left one without its key pair.

As for keys (see due.py), it is done before a verb answers about a job; lists compute the effective state.
"""

from __future__ import annotations

from kmsctl.service import audit
from kmsctl.service.backends import is_hsm
from kmsctl.service.call import find_database
from kmsctl.service.purge import purge_after
from kmsctl.store import import_jobs, leases, rings
from kmsctl.store.snapshot import CLOCK_TOLERANCE
from kmsctl.store.tables import TOKEN_OBJECTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.names import ImportJobName
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row


def find_job(snapshot: Snapshot, name: ImportJobName) -> Row | None:
    ring = rings.find(snapshot, name.parent)
    return None if ring is None else import_jobs.find(snapshot, ring, name)


def pending(kms: Kms, snapshot: Snapshot, job: Row) -> bool:
    """Tells whether something is due for a job that can be done now."""
    if snapshot.clock < snapshot.now - CLOCK_TOLERANCE:
        return False  # nothing may be changed by a clock that is wrong; states are computed
    return import_jobs.is_due(job, snapshot.trusted_now) or abandoned(kms, job)


def abandoned(kms: Kms, job: Row) -> bool:
    """Tells whether a job waits for a key pair that no living process is making."""
    return import_jobs.is_pending_generation(job) and not leases.held(kms.data_directory, job.blob("uid"))


def settle(kms: Kms, name: ImportJobName) -> None:
    """Does what is due for one job."""
    database = find_database(kms, name)
    if database is None:
        return
    with database.write() as transaction:
        row = find_job(transaction, name)
        if row is not None:
            apply(kms, transaction, row, name)
    sweep(kms, database)
    purge_after(database)


def sweep(kms: Kms, database: Database) -> list[str]:
    """Removes the key pairs of jobs that are over from their tokens. Returns what is left, and why."""
    if not database.count(TOKEN_OBJECTS):
        return []
    from kmsctl.service import token_objects

    return token_objects.sweep(kms, database)


def apply(kms: Kms, transaction: Transaction, job: Row, name: ImportJobName) -> bool:
    """Does what is due for one job. Returns whether something was.

    Its private key is destroyed only by a time that is believed, as a version's material is. A job
    that was left without a key pair was never answered for, so it is taken back: its name is free.
    """
    if import_jobs.is_due(job, transaction.trusted_now):
        _doom(transaction, job)
        import_jobs.expire(transaction, job)
        audit.append_automatic(transaction, "ExpireImportJob", name, job.integer("expire_time"))
        return True
    if abandoned(kms, job):
        take_back(transaction, job, name)
        return True
    return False


def _doom(transaction: Transaction, job: Row) -> None:
    """Records that a job's key pair, if it is in a token, is to be removed from there."""
    if not is_hsm(job.integer("protection_level")):
        return
    from kmsctl.store import token_objects

    held = token_objects.find(transaction, job)
    if held is not None:
        token_objects.doom(transaction, held)


def take_back(transaction: Transaction, job: Row, name: ImportJobName) -> None:
    """Removes a job that got no key pair."""
    _doom(transaction, job)
    transaction.delete(job)
    audit.append_automatic(transaction, "FailImportJob", name, job.integer("create_time"))
