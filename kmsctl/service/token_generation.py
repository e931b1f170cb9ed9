"""Making the keys of versions in a token: what comes between intent and completion, and after a crash."""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition, KmsError, TokenError
from kmsctl.model import algorithms
from kmsctl.service import audit, generation
from kmsctl.service.call import find_database, not_found
from kmsctl.service.token_objects import attest, attributes, sweep
from kmsctl.store import leases, token_objects, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Transaction
    from kmsctl.store.tables import Row

#: How often the making of one object is begun before it is given up.
MOST_ATTEMPTS = 2


def complete(kms: Kms, version: CryptoKeyVersionName) -> bool:
    """Makes the key of a version that waits for it, and enables the version.

    The caller holds the lease on the version. Where the token ceases to answer, the version goes on
    waiting: the next command about its key, or `maintain`, tries again.

    Returns:
        whether it became the primary version, because a rotation was due.
    """
    database = _database(kms, version)
    with database.read() as snapshot:
        _, row = generation.find(snapshot, version)
        intent = token_objects.of(snapshot, row, f"CryptoKeyVersion {version}")
    algorithm = generation.algorithm_of(row)
    cka_id = intent.blob("cka_id")
    try:
        token = kms.tokens.holding(version, token_objects.token_of(intent))
        if intent.integer("attempts") > 1:
            token.destroy(cka_id)  # what an earlier attempt may have left; nobody has used it yet
        kms.probe("token.begun")
        made = token.create(algorithm, cka_id, version.parent.crypto_key)
        kms.probe("token.created")
        facts = attributes(token, cka_id)
    except TokenError as error:
        error.hint = error.hint or (
            f"CryptoKeyVersion {version} waits for its key: the next command about it, or kmsctl store "
            "maintain, tries again."
        )
        raise
    except BaseException as error:
        reason = error.message if isinstance(error, KmsError) else "Its generation was interrupted."
        give_up(kms, version, reason)
        raise
    return _enable(database, version, made, facts)


def _enable(
    database: Database, version: CryptoKeyVersionName, made: KeyMaterial, facts: dict[str, object]
) -> bool:
    from kmsctl.service import due

    with database.write() as transaction:
        key, row = generation.find(transaction, version)
        if not versions.is_pending_generation(row):
            raise FailedPrecondition(f"CryptoKeyVersion {version} was given up by another process.")
        intent = token_objects.of(transaction, row, f"CryptoKeyVersion {version}")
        facts["algorithm"] = generation.algorithm_of(row).enum
        facts["origin"] = "generated"
        signed = attest(transaction, version, made, facts)
        used = 1 if algorithms.by_number(row.integer("algorithm")).counts_encryptions else 0
        token_objects.confirm(transaction, intent, attestation=signed, encryptions=used)
        versions.set_material(transaction, row, version, made.secret, made.public)
        audit.append_automatic(transaction, "GenerateCryptoKeyVersion", version, row.integer("create_time"))
        return due.promote(transaction, key, version)


def give_up(kms: Kms, version: CryptoKeyVersionName, reason: str) -> None:
    """Marks a version that waits for its key as failed; what the token has of it is removed."""
    database = _database(kms, version)
    with database.write() as transaction:
        _, row = generation.find(transaction, version)
        if not versions.is_pending_generation(row):
            return
        versions.fail_generation(transaction, row, reason)
        intent = token_objects.find(transaction, row)
        if intent is not None:
            token_objects.doom(transaction, intent)
        audit.append_automatic(transaction, "FailCryptoKeyVersion", version, row.integer("create_time"))
    sweep(kms, database)


def resume(kms: Kms, version: CryptoKeyVersionName) -> str | None:
    """Finishes the generation of a version that a process left unfinished.

    It names module and operation before it asks the module again, in case that ends this process too.

    Returns:
        ``done``, ``failed``, or None if somebody else is at it.
    """
    database = _database(kms, version)
    with database.read() as snapshot:
        row = generation.find(snapshot, version)[1]
    claimed = leases.claim(kms.data_directory, row.blob("uid"))
    if claimed is None:
        return None
    with claimed:
        with database.read() as snapshot:
            row = generation.find(snapshot, version)[1]
            if not versions.is_pending_generation(row):
                return None
            intent = token_objects.of(snapshot, row, f"CryptoKeyVersion {version}")
        story = _story(intent)
        if intent.integer("attempts") >= MOST_ATTEMPTS:
            give_up(kms, version, f"{story} That was attempt {intent.integer('attempts')}.")
            return "failed"
        kms.warn(f"CryptoKeyVersion {version}: {story} It is tried once more.")
        # That the token can be used at all comes first: an attempt counts when it begins.
        token = kms.tokens.holding(version, token_objects.token_of(intent))
        token.find(intent.blob("cka_id"))
        _begin(database, version)
        complete(kms, version)
    return "done"


def _begin(database: Database, version: CryptoKeyVersionName) -> None:
    with database.write() as transaction:
        row = generation.find(transaction, version)[1]
        intent = token_objects.of(transaction, row, f"CryptoKeyVersion {version}")
        transaction.update(intent, attempts=intent.integer("attempts") + 1)


def _story(intent: Row) -> str:
    return (
        f"kmsctl ended before {intent.text('operation')} of the PKCS#11 module {intent.text('module')} "
        f"(token {token_objects.token_of(intent)}) was done."
    )


def rotate(kms: Kms, name: CryptoKeyName, level: int) -> str | None:
    """Makes a new primary version of a key that is due for rotation, unless one is in the making.

    Returns:
        the name of the new version.
    """
    from kmsctl.service import due

    database = find_database(kms, name)
    if database is None:
        return None
    with generation.Generation(kms, name, level) as slow:
        with database.write() as transaction:
            key = due.find_key(transaction, name)
            if key is None or not due.rotates(transaction, key) or _is_making(transaction, key):
                return None
            version = name.version(generation.add_version(kms, transaction, key, name, slow))
        complete(kms, version)
    return str(version)


def _is_making(transaction: Transaction, key: Row) -> bool:
    return any(versions.is_pending_generation(row) for row in versions.unfinished(transaction, key))


def _database(kms: Kms, version: CryptoKeyVersionName) -> Database:
    database = find_database(kms, version)
    if database is None:
        raise not_found(version)
    return database
