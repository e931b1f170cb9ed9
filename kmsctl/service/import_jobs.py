"""Import jobs: created, shown, listed. Their key pairs are made outside any transaction."""

from __future__ import annotations

from kmsctl.errors import AlreadyExists, FailedPrecondition, InvalidArgument
from kmsctl.model import import_methods
from kmsctl.model.protection import PROTECTION_LEVEL_NUMBERS
from kmsctl.service import audit, expiry, generation
from kmsctl.service.backends import backend, is_hsm
from kmsctl.service.call import Mutation, Reading, find_database, not_found
from kmsctl.service.defaults import IMPORT_JOB_LIFETIME, PAGE_SIZE
from kmsctl.store import import_jobs, leases, rings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.model.import_methods import ImportMethod
    from kmsctl.model.names import ImportJobName, KeyRingName
    from kmsctl.model.resources import ImportJob
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.service.token_objects import Intent


def create(kms: Kms, ctx: Context, name: ImportJobName, method_name: str, level_name: str) -> ImportJob:
    method = import_methods.by_enum(method_name)
    level = PROTECTION_LEVEL_NUMBERS.get(level_name)
    if level is None:
        raise InvalidArgument(f"protection_level: '{level_name}' is not a ProtectionLevel.")
    if level_name not in method.protection_levels:
        raise InvalidArgument(f"Import method {method.enum} is not offered at protection level {level_name}.")
    with Reading(kms, ctx, "CreateImportJob", name) as snapshot:
        if snapshot is None or rings.find(snapshot, name.parent) is None:
            raise not_found(name.parent)
    if is_hsm(level):
        from kmsctl.service import token_jobs

        return token_jobs.create(kms, ctx, name, method, level)
    generation.check_available(kms, level, method.wrapping_algorithm, name)
    uid = kms.random(generation.UID_SIZE)
    with leases.Lease(kms.data_directory, uid):
        add(kms, ctx, name, method, level, uid)
        return _complete(kms, name, method, level)


def add(
    kms: Kms,
    ctx: Context,
    name: ImportJobName,
    method: ImportMethod,
    level: int,
    uid: bytes,
    *,
    intent: Intent | None = None,
) -> None:
    """Adds a job that waits for its key pair; `intent` is that of making it in a token."""
    with Mutation(kms, ctx, "CreateImportJob", name) as call:
        transaction = call.transaction
        call.request = {"importMethod": method.enum}
        ring = rings.find(transaction, name.parent)
        if ring is None:
            raise not_found(name.parent)
        existing = import_jobs.find(transaction, ring, name)
        if existing is not None and expiry.abandoned(kms, existing):
            expiry.take_back(transaction, existing, name)
        elif existing is not None:
            raise AlreadyExists(f"ImportJob {name} already exists.")
        row = import_jobs.insert(
            transaction, ring, name, uid, method=method, protection_level=level, lifetime=IMPORT_JOB_LIFETIME
        )
        if intent is not None:
            intent.record(transaction, row, name, "C_GenerateKeyPair")


def _complete(kms: Kms, name: ImportJobName, method: ImportMethod, level: int) -> ImportJob:
    """Makes the key pair of a job that was added, and activates it; or takes the job back."""
    database = find_database(kms, name)
    if database is None:
        raise not_found(name)
    try:
        made = generation.make_interruptibly(backend(kms, level), method.wrapping_algorithm)
    except BaseException:
        with database.write() as transaction:
            row = expiry.find_job(transaction, name)
            if row is not None and import_jobs.is_pending_generation(row):
                expiry.take_back(transaction, row, name)
        raise
    with database.write() as transaction:
        row = expiry.find_job(transaction, name)
        if row is None or not import_jobs.is_pending_generation(row) or made.public is None:
            raise FailedPrecondition(f"ImportJob {name} was given up by another process.")
        import_jobs.set_key_pair(transaction, row, name, made.secret, made.public)
        audit.append_automatic(transaction, "GenerateImportJob", name, row.integer("create_time"))
        return import_jobs.resource(row, name, transaction.now)


def get(kms: Kms, ctx: Context, name: ImportJobName) -> ImportJob:
    settled = False
    while True:
        reading = Reading(kms, ctx, "GetImportJob", name)
        with reading as snapshot:
            row = None if snapshot is None else expiry.find_job(snapshot, name)
            if snapshot is None or row is None:
                raise not_found(name)
            wait = not settled and expiry.pending(kms, snapshot, row)
            job = import_jobs.resource(row, name, snapshot.now)
            if is_hsm(row.integer("protection_level")):
                from kmsctl.service.token_objects import attestation

                job.attestation = attestation(snapshot, row)
        if not wait:
            reading.record()
            return job
        expiry.settle(kms, name)
        settled = True


def list_(kms: Kms, ctx: Context, parent: KeyRingName, prefix: str, limit: int | None) -> Iterator[ImportJob]:
    after = ""
    left = limit
    while left is None or left > 0:
        size = PAGE_SIZE if left is None else min(left, PAGE_SIZE)
        reading = Reading(kms, ctx, "ListImportJobs", parent)
        with reading as snapshot:
            ring = None if snapshot is None else rings.find(snapshot, parent)
            if snapshot is None or ring is None:
                raise not_found(parent)
            found = list(import_jobs.page(snapshot, ring, parent, prefix=prefix, after=after, limit=size))
        if not after:
            reading.record()
        yield from found
        if len(found) < size:
            return
        after = found[-1].name.import_job
        left = None if left is None else left - size
