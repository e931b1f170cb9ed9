"""Import jobs whose key pair is in a token: its private key never leaves it, and unwraps there."""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition
from kmsctl.service import audit, expiry, generation, import_jobs
from kmsctl.service.backends import token
from kmsctl.service.call import Reading, find_database, not_found
from kmsctl.service.token_objects import Intent, attest, attributes, sweep
from kmsctl.store import import_jobs as jobs
from kmsctl.store import leases, rings, token_objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.model.import_methods import ImportMethod
    from kmsctl.model.names import ImportJobName
    from kmsctl.model.resources import ImportJob
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms


def create(kms: Kms, ctx: Context, name: ImportJobName, method: ImportMethod, level: int) -> ImportJob:
    """Creates a job. What the token does not have shows with the key pair: then the job is taken back."""
    with Reading(kms, ctx, "CreateImportJob", name) as snapshot:  # before a token is asked
        if snapshot is None or rings.find(snapshot, name.parent) is None:
            raise not_found(name.parent)
    uid = kms.random(generation.UID_SIZE)
    with leases.Lease(kms.data_directory, uid):
        intent = Intent(kms, name)
        import_jobs.add(kms, ctx, name, method, level, uid, intent=intent)
        try:
            kms.probe("token.begun")
            used = token(kms, name)
            made = used.create_wrapping_pair(method, intent.cka_id, name.import_job)
            kms.probe("token.created")
            facts = attributes(used, intent.cka_id)
        except BaseException:
            _take_back(kms, name)
            raise
        return _activate(kms, name, made, {**facts, "importMethod": method.enum})


def _activate(kms: Kms, name: ImportJobName, made: KeyMaterial, facts: dict[str, object]) -> ImportJob:
    database = find_database(kms, name)
    if database is None:
        raise not_found(name)
    with database.write() as transaction:
        row = expiry.find_job(transaction, name)
        if row is None or not jobs.is_pending_generation(row) or made.public is None:
            raise FailedPrecondition(f"ImportJob {name} was given up by another process.")
        intent = token_objects.of(transaction, row, f"ImportJob {name}")
        signed = attest(transaction, name, made, {**facts, "origin": "generated"})
        token_objects.confirm(transaction, intent, attestation=signed)
        jobs.set_key_pair(transaction, row, name, made.secret, made.public)
        audit.append_automatic(transaction, "GenerateImportJob", name, row.integer("create_time"))
        return jobs.resource(row, name, transaction.now)


def _take_back(kms: Kms, name: ImportJobName) -> None:
    """Removes a job that got no key pair, and what the token has of it."""
    database = find_database(kms, name)
    if database is None:
        return
    with database.write() as transaction:
        row = expiry.find_job(transaction, name)
        if row is not None and jobs.is_pending_generation(row):
            expiry.take_back(transaction, row, name)
    sweep(kms, database)
