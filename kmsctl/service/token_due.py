"""What is due for keys whose versions are in a token: it is done outside of transactions.

What cannot be done now, because the token is not there, is left, and is tried again by the next
command about the key and by `maintain`.
"""

from __future__ import annotations

from kmsctl.errors import KmsError
from kmsctl.service import audit, due, generation, token_generation, token_objects
from kmsctl.store import leases, versions
from kmsctl.store import token_objects as objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.tables import Row

INTERRUPTED = "The import was interrupted"


def settle(kms: Kms, database: Database, name: CryptoKeyName) -> due.Done:
    """Does what is due for one key, as far as its token lets it. What was destroyed is yet to be purged."""
    done = due.Done()
    with database.read() as snapshot:
        key = due.find_key(snapshot, name)
        if key is None:
            return done
        found = [
            row for row in versions.unfinished(snapshot, key) if _is_work(kms, row, snapshot.trusted_now)
        ]
    for row in found:
        version = name.version(row.integer("number"))
        try:
            _settle_version(kms, database, version, row, done)
        except KmsError as error:
            done.left.append(f"{version}: {error.message}")
    _rotate(kms, database, name, done)
    if found:
        done.left += token_objects.sweep(kms, database)
    return done


def _is_work(kms: Kms, row: Row, until: int) -> bool:
    return versions.is_due(row, until) or due.abandoned(kms, row)


def _settle_version(
    kms: Kms, database: Database, version: CryptoKeyVersionName, row: Row, done: due.Done
) -> None:
    if versions.is_pending_generation(row):
        outcome = token_generation.resume(kms, version)
        if outcome is not None:
            (done.made if outcome == "done" else done.failed).append(str(version))
    elif versions.is_pending_import(row):
        if _fail_import(kms, database, version):
            done.failed.append(str(version))
    elif _destroy(kms, database, version):
        done.destroyed.append(str(version))


def _destroy(kms: Kms, database: Database, version: CryptoKeyVersionName) -> bool:
    """Removes the object of a version whose time has come, then its wrapped material."""
    with database.read() as snapshot:
        row = generation.find(snapshot, version)[1]
        if not versions.is_due(row, snapshot.trusted_now):
            return False
        held = objects.of(snapshot, row, f"CryptoKeyVersion {version}")
    token_objects.remove(kms, held)
    with database.write() as transaction:
        row = generation.find(transaction, version)[1]
        if not versions.is_due(row, transaction.trusted_now):
            return False
        due_time = row.integer("destroy_time")
        versions.destroy(transaction, row)
        transaction.delete(objects.of(transaction, row, f"CryptoKeyVersion {version}"))
        audit.append_automatic(transaction, "CompleteDestroyCryptoKeyVersion", version, due_time)
    return True


def _fail_import(kms: Kms, database: Database, version: CryptoKeyVersionName) -> bool:
    """Ends an import whose process died: what was to be imported is not known any more."""
    with database.write() as transaction:
        row = generation.find(transaction, version)[1]
        if not versions.is_pending_import(row) or leases.held(kms.data_directory, row.blob("uid")):
            return False
        held = objects.find(transaction, row)
        if held is not None:
            objects.doom(transaction, held)
        versions.fail_import(transaction, row, import_job=row.text("import_job"), reason=INTERRUPTED)
        audit.append_automatic(transaction, "FailCryptoKeyVersion", version, row.integer("create_time"))
    return True


def _rotate(kms: Kms, database: Database, name: CryptoKeyName, done: due.Done) -> None:
    with database.read() as snapshot:
        key = due.find_key(snapshot, name)
        if key is None or not due.rotates(snapshot, key):
            return
        level = key.integer("protection_level")
        if any(versions.is_pending_generation(row) for row in versions.unfinished(snapshot, key)):
            return  # it becomes the primary version when it is made
    try:
        made = token_generation.rotate(kms, name, level)
    except KmsError as error:
        done.left.append(f"{name}: {error.message}")
        done.unrotated = error
    else:
        if made is not None:
            done.rotated.append(made)
