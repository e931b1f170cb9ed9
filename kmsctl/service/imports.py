"""ImportCryptoKeyVersion: material of one's own becomes a version.

Unwrapping and checking take up to seconds, so they are done before the transaction, which then commits
the outcome as a whole: a version that is ENABLED, or one that says why it is not (IMPORT_FAILED).
"""

from __future__ import annotations

from kmsctl.crypto import foreign_keys, importing
from kmsctl.errors import FailedPrecondition, InvalidArgument
from kmsctl.model import algorithms, import_methods, states
from kmsctl.model.protection import PROTECTION_LEVELS
from kmsctl.service import due, expiry, fingerprints, generation
from kmsctl.service.backends import backend, is_hsm
from kmsctl.service.call import Mutation, Reading, not_found
from kmsctl.service.keys import transition_refused
from kmsctl.store import import_jobs, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.model.algorithms import Algorithm
    from kmsctl.model.import_methods import ImportMethod
    from kmsctl.model.import_requests import ImportCryptoKeyVersionRequest
    from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName
    from kmsctl.model.resources import CryptoKeyVersion
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row
    from kmsctl.store.token_objects import TokenName

METHOD = "ImportCryptoKeyVersion"


class _Opened:
    """What a request brought: `material`, or the `reason` why there is none."""

    __slots__ = ("material", "reason")

    def __init__(self, material: KeyMaterial | None, reason: str = "") -> None:
        self.material = material
        self.reason = reason


class Job:
    """What it takes to unwrap, read from a job's row; `token` has its key pair, if one does."""

    __slots__ = ("level", "method", "private", "token")

    def __init__(
        self, level: int, method: ImportMethod, private: bytes, token: TokenName | None = None
    ) -> None:
        self.token = token
        self.level = level
        self.method = method
        self.private = private


def import_version(kms: Kms, ctx: Context, request: ImportCryptoKeyVersionRequest) -> CryptoKeyVersion:
    algorithm = _check_form(request)
    job = _find_job(kms, ctx, request, algorithm)
    job.method.check_takes(algorithm)
    if is_hsm(job.level):
        from kmsctl.service import token_imports

        return token_imports.import_version(kms, ctx, request, algorithm, job)
    generation.check_available(kms, job.level, algorithm, request.parent)
    opened = _open(kms, job, algorithm, request.wrapped_key)
    name = request.crypto_key_version or request.parent
    with Mutation(kms, ctx, METHOD, name, also=[request.import_job]) as call:
        transaction = call.transaction
        key, row = find(kms, transaction, request, algorithm)
        if row is None:
            row = add(transaction, key, request.parent, algorithm, kms.random(generation.UID_SIZE))
        name = request.parent.version(row.integer("number"))
        import_job = request.import_job.import_job
        _check_same(transaction, row, name, algorithm, opened)
        if opened.material is None:
            versions.fail_import(transaction, row, import_job=import_job, reason=opened.reason)
        else:
            fingerprint = fingerprints.make(algorithm, opened.material, kms.random)
            versions.set_imported(
                transaction, row, name, opened.material, import_job=import_job, fingerprint=fingerprint
            )
        shown = versions.resource(row, name, transaction.now)
        call.request = {
            "algorithm": algorithm.enum,
            "cryptoKeyVersionId": str(name.number),
            "importJob": str(request.import_job),
            "state": shown.state,
        }
        return shown


def add(transaction: Transaction, key: Row, parent: CryptoKeyName, algorithm: Algorithm, uid: bytes) -> Row:
    """Adds a version that waits for its material."""
    number = key.integer("last_version") + 1
    transaction.update(key, last_version=number)
    return versions.insert(
        transaction,
        key,
        parent.version(number),
        uid,
        state=states.PENDING_IMPORT,
        algorithm=algorithm.number,
    )


def _check_form(request: ImportCryptoKeyVersionRequest) -> Algorithm:
    """Checks what does not depend on the store."""
    algorithm = algorithms.by_enum(request.algorithm)
    if not algorithm.importable:
        raise InvalidArgument(f"Keys of algorithm {algorithm.enum} cannot be imported.")
    size = len(request.wrapped_key)
    if not 0 < size <= import_methods.MAX_WRAPPED_KEY:
        raise InvalidArgument(
            f"Request field wrapped_key must have length of at least 1, but not more than "
            f"{import_methods.MAX_WRAPPED_KEY}. Provided value had length {size}."
        )
    if request.import_job.parent != request.parent.parent:
        raise InvalidArgument(
            f"ImportJob {request.import_job} is not in the key ring of CryptoKey {request.parent}."
        )
    version = request.crypto_key_version
    if version is not None and version.parent != request.parent:
        raise InvalidArgument(f"CryptoKeyVersion {version} is not a version of CryptoKey {request.parent}.")
    return algorithm


def _find_job(kms: Kms, ctx: Context, request: ImportCryptoKeyVersionRequest, algorithm: Algorithm) -> Job:
    """Checks the request against the store, after what is due for its key and its job was done."""
    settled = False
    while True:
        name = request.crypto_key_version or request.parent
        with Reading(kms, ctx, METHOD, name, also=[request.import_job]) as snapshot:
            if snapshot is None:
                raise not_found(request.parent)
            if settled or not _is_due(kms, snapshot, request):
                _check(snapshot, request, algorithm)
                job = _check_job(snapshot, request)
                private = import_jobs.material(snapshot, job, request.import_job)
                level = job.integer("protection_level")
                return Job(level, import_jobs.method_of(job), private, _token_of(snapshot, job))
        expiry.settle(kms, request.import_job)
        due.settle(kms, request.parent)
        settled = True


def _token_of(snapshot: Snapshot, job: Row) -> TokenName | None:
    if not is_hsm(job.integer("protection_level")):
        return None
    from kmsctl.store import token_objects

    return token_objects.token_of(token_objects.of(snapshot, job, "The import job"))


def _is_due(kms: Kms, snapshot: Snapshot, request: ImportCryptoKeyVersionRequest) -> bool:
    job = expiry.find_job(snapshot, request.import_job)
    key = due.find_key(snapshot, request.parent)
    return (job is not None and expiry.pending(kms, snapshot, job)) or (
        key is not None and due.pending(kms, snapshot, key)
    )


def find(
    kms: Kms, transaction: Transaction, request: ImportCryptoKeyVersionRequest, algorithm: Algorithm
) -> tuple[Row, Row | None]:
    """Checks the request again, now that the lock is held. Returns the rows of key and version."""
    key = due.find_key(transaction, request.parent)
    if key is not None:
        due.apply(kms, transaction, key, request.parent)
    _check_job(transaction, request)
    return _check(transaction, request, algorithm)


def _check(
    snapshot: Snapshot, request: ImportCryptoKeyVersionRequest, algorithm: Algorithm
) -> tuple[Row, Row | None]:
    key = due.find_key(snapshot, request.parent)
    if key is None:
        raise not_found(request.parent)
    purpose = algorithms.purpose_by_number(key.integer("purpose"))
    level = PROTECTION_LEVELS[key.integer("protection_level")]
    if algorithm.purpose != purpose.enum:
        raise InvalidArgument(f"Algorithm {algorithm.enum} does not fit the purpose {purpose.enum}.")
    if level not in algorithm.protection_levels:
        raise InvalidArgument(f"Algorithm {algorithm.enum} is not offered at protection level {level}.")
    job = expiry.find_job(snapshot, request.import_job)
    if job is not None and job.integer("protection_level") != key.integer("protection_level"):
        raise FailedPrecondition(
            f"CryptoKey {request.parent} has protection level {level}, but ImportJob {request.import_job} "
            f"has {PROTECTION_LEVELS[job.integer('protection_level')]}."
        )
    version = request.crypto_key_version
    return key, None if version is None else _check_version(snapshot, key, version, algorithm)


def _check_job(snapshot: Snapshot, request: ImportCryptoKeyVersionRequest) -> Row:
    job = expiry.find_job(snapshot, request.import_job)
    if job is None:
        raise not_found(request.import_job)
    state = import_jobs.state_of(job, snapshot.now)
    if state != states.ACTIVE:
        raise FailedPrecondition(
            f"Import job [{request.import_job}] is not active (state is {state}).",
            hint="Create another import job and wrap the key with its public key."
            if state == states.EXPIRED
            else None,
        )
    return job


def _check_version(snapshot: Snapshot, key: Row, name: CryptoKeyVersionName, algorithm: Algorithm) -> Row:
    """Refuses to import again into a version that was not imported, or is in use."""
    row = versions.find(snapshot, key, name)
    if row is None:
        raise not_found(name)
    if row.values["import_job"] is None:
        raise FailedPrecondition(
            f"CryptoKeyVersion {name} was not imported, so nothing can be imported into it."
        )
    state = versions.state_of(row, snapshot.now)
    if state not in states.ALLOWED["import"]:
        raise transition_refused(str(name), state)
    if row.values["material"] is not None:
        raise FailedPrecondition(
            f"CryptoKeyVersion {name} is to be destroyed by the clock, which has not been confirmed yet.",
            hint="Run kmsctl store maintain.",
        )
    if row.values["fingerprint"] is not None and row.integer("algorithm") != algorithm.number:
        before = algorithms.by_number(row.integer("algorithm")).enum
        raise FailedPrecondition(
            f"CryptoKeyVersion {name} had a key of algorithm {before}; only the same key can be imported "
            "again."
        )
    return row


def _open(kms: Kms, job: Job, algorithm: Algorithm, wrapped: bytes) -> _Opened:
    """Unwraps and checks the material."""
    used = backend(kms, job.level)
    try:
        secret = importing.unwrap(used, job.method, job.private, wrapped, kms.random)
    except importing.UnwrapError as error:
        return _Opened(None, error.reason)
    problem = foreign_keys.problem(algorithm, secret)
    if problem is not None:
        return _Opened(None, problem)
    try:
        return _Opened(used.check_material(algorithm, secret))
    except InvalidArgument:
        return _Opened(None, foreign_keys.unsound(algorithm))


def _check_same(
    transaction: Transaction, row: Row, name: CryptoKeyVersionName, algorithm: Algorithm, opened: _Opened
) -> None:
    """Makes sure that a version that held a key gets that very key back."""
    before = versions.fingerprint(transaction, row, name)
    if before is None:
        if row.integer("algorithm") != algorithm.number:
            transaction.update(row, algorithm=algorithm.number)
    elif opened.material is not None and not fingerprints.matches(before, algorithm, opened.material):
        raise FailedPrecondition(
            f"The key material is not that which CryptoKeyVersion {name} had; only the same key can be "
            "imported again.",
            hint="Leave --version out to import it as a new version.",
        )
