"""Imports into a token: the key is unwrapped inside it, between an intent and the outcome."""

from __future__ import annotations

from kmsctl.crypto import importing
from kmsctl.errors import FailedPrecondition, InvalidArgument, KmsError
from kmsctl.model import states
from kmsctl.service import audit, generation, imports, token_fingerprints
from kmsctl.service.call import Mutation, find_database, not_found
from kmsctl.service.token_due import INTERRUPTED
from kmsctl.service.token_objects import Intent, attest, attributes, sweep
from kmsctl.store import leases, token_objects, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.model.algorithms import Algorithm
    from kmsctl.model.import_requests import ImportCryptoKeyVersionRequest
    from kmsctl.model.names import CryptoKeyVersionName
    from kmsctl.model.resources import CryptoKeyVersion
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Transaction
    from kmsctl.store.tables import Row

OTHER_KEY = "The key material is not that which the version had; only the same key can be imported again"


class _Import:
    """One import that was begun.

    Attributes:
        name: of the version.
        fingerprint: of the key that it had before, if it had one.
    """

    __slots__ = ("fingerprint", "name")

    def __init__(self, name: CryptoKeyVersionName, fingerprint: bytes | None) -> None:
        self.name = name
        self.fingerprint = fingerprint


def import_version(
    kms: Kms, ctx: Context, request: ImportCryptoKeyVersionRequest, algorithm: Algorithm, job: imports.Job
) -> CryptoKeyVersion:
    """Imports a key whose job's key pair is in a token.

    What is wrong with the material becomes the version's failure reason; where the token fails, the
    version is IMPORT_FAILED too, and the error is raised.
    """
    if job.token is None:
        raise FailedPrecondition(f"ImportJob {request.import_job} has no key pair in a token.")
    used = kms.tokens.holding(request.import_job, job.token)
    generation.check_available(kms, job.level, algorithm, request.import_job)
    intent = Intent(kms, request.import_job)
    with _lease(kms, request) as uid:
        begun = _begin(kms, ctx, request, algorithm, intent, uid)
        database = find_database(kms, begun.name)
        if database is None:
            raise not_found(begun.name)
        reason = INTERRUPTED
        try:
            importing.check_length(job.method, request.wrapped_key)
            kms.probe("token.begun")
            label = request.parent.crypto_key
            made = used.unwrap(job.method, job.private, algorithm, intent.cka_id, label, request.wrapped_key)
            kms.probe("token.created")
            kept = begun.fingerprint
            if kept is not None and not token_fingerprints.matches(kept, used, algorithm, made):
                return _fail(kms, database, begun.name, OTHER_KEY)
            if kept is None:
                kept = token_fingerprints.make(used, algorithm, made, kms.random)
            facts = attributes(used, intent.cka_id)
        except importing.UnwrapError as error:
            return _fail(kms, database, begun.name, error.reason)
        except InvalidArgument as error:
            return _fail(kms, database, begun.name, error.message)
        except BaseException as error:
            if isinstance(error, KmsError):
                reason = error.message
            _fail(kms, database, begun.name, reason)
            raise
        return _enable(database, begun.name, made, facts, kept)


class _Lease:
    """The lease on the version to import into; one that is yet to be added gets a new random id."""

    __slots__ = ("_lease", "_uid")

    def __init__(self, lease: leases.Lease | leases.Claimed, uid: bytes) -> None:
        self._lease = lease
        self._uid = uid

    def __enter__(self) -> bytes:
        self._lease.__enter__()
        return self._uid

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lease.__exit__(kind, error, trace)


def _lease(kms: Kms, request: ImportCryptoKeyVersionRequest) -> _Lease:
    version = request.crypto_key_version
    if version is None:
        uid = kms.random(generation.UID_SIZE)
        return _Lease(leases.Lease(kms.data_directory, uid), uid)
    database = find_database(kms, version)
    if database is None:
        raise not_found(version)
    with database.read() as snapshot:
        uid = generation.find(snapshot, version)[1].blob("uid")
    claimed = leases.claim(kms.data_directory, uid)
    if claimed is None:
        raise FailedPrecondition(f"CryptoKeyVersion {version} is being imported by another process.")
    return _Lease(claimed, uid)


def _begin(
    kms: Kms,
    ctx: Context,
    request: ImportCryptoKeyVersionRequest,
    algorithm: Algorithm,
    intent: Intent,
    uid: bytes,
) -> _Import:
    """Checks the request once more, and records what is about to be made."""
    name = request.crypto_key_version or request.parent
    with Mutation(kms, ctx, imports.METHOD, name, also=[request.import_job]) as call:
        transaction = call.transaction
        key, row = imports.find(kms, transaction, request, algorithm)
        if row is None:
            row = imports.add(transaction, key, request.parent, algorithm, uid)
        version = request.parent.version(row.integer("number"))
        before = versions.fingerprint(transaction, row, version)
        job = request.import_job.import_job
        transaction.update(
            row,
            state=states.STATE_NUMBERS[states.PENDING_IMPORT],
            import_job=job,
            algorithm=algorithm.number,
        )
        intent.record(transaction, row, version, "C_UnwrapKey")
        call.request = {
            "algorithm": algorithm.enum,
            "cryptoKeyVersionId": str(version.number),
            "importJob": str(request.import_job),
            "state": states.PENDING_IMPORT,
        }
        return _Import(version, before)


def _enable(
    database: Database,
    version: CryptoKeyVersionName,
    made: KeyMaterial,
    facts: dict[str, object],
    fingerprint: bytes,
) -> CryptoKeyVersion:
    with database.write() as transaction:
        row, held = _find(transaction, version)
        algorithm = generation.algorithm_of(row)
        facts["algorithm"] = algorithm.enum
        facts["origin"] = "imported"
        signed = attest(transaction, version, made, facts)
        used = token_fingerprints.ENCRYPTIONS if algorithm.counts_encryptions else 0
        token_objects.confirm(transaction, held, attestation=signed, encryptions=used)
        job = row.text("import_job")
        versions.set_imported(transaction, row, version, made, import_job=job, fingerprint=fingerprint)
        audit.append_automatic(transaction, "CompleteImportCryptoKeyVersion", version, transaction.now)
        return versions.resource(row, version, transaction.now)


def _fail(kms: Kms, database: Database, version: CryptoKeyVersionName, reason: str) -> CryptoKeyVersion:
    with database.write() as transaction:
        row, held = _find(transaction, version)
        token_objects.doom(transaction, held)
        versions.fail_import(transaction, row, import_job=row.text("import_job"), reason=reason)
        audit.append_automatic(transaction, "FailCryptoKeyVersion", version, transaction.now)
        shown = versions.resource(row, version, transaction.now)
    sweep(kms, database)
    return shown


def _find(transaction: Transaction, version: CryptoKeyVersionName) -> tuple[Row, Row]:
    row = generation.find(transaction, version)[1]
    if not versions.is_pending_import(row):
        raise FailedPrecondition(f"The import of CryptoKeyVersion {version} was given up by another process.")
    return row, token_objects.of(transaction, row, f"CryptoKeyVersion {version}")
