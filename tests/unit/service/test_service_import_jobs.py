"""Import jobs: made, shown, listed; they expire on time, and what a crash left is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.crypto.software import kem
from kmsctl.errors import (
    AlreadyExists,
    FailedPrecondition,
    IntegrityError,
    InvalidArgument,
    KmsError,
    NotFound,
    PermissionDenied,
    Unimplemented,
)
from kmsctl.model import import_methods, pem, rest
from kmsctl.model.names import ImportJobName, KeyRingName, LocationName
from kmsctl.service import generation, import_jobs
from kmsctl.store import import_jobs as rows
from kmsctl.store import leases, rings
from tests.unit.service.imports_world import JOB, QUICK, RSA_AES, bring, fresh, make_import_key, make_job
from tests.unit.service.world import DAY, HOUR, OWNER, RING, START, STRANGER, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.model.algorithms import Algorithm

EXPIRY = START + 3 * DAY


@pytest.fixture
def ringed(world: World) -> World:
    world.kms.create_key_ring(OWNER, RING)
    return world


def material_of(world: World, name: ImportJobName = JOB) -> bytes | None:
    """Returns the wrapped private key in a job's row."""
    [(found,)] = world.sql("SELECT material FROM import_jobs WHERE name = ?", parameters=(name.import_job,))
    assert found is None or isinstance(found, bytes)
    return found


def leave_unfinished(world: World, name: ImportJobName = JOB, uid: bytes = bytes(16)) -> None:
    """Adds a job as it is while its key pair is being made."""
    with world.database().write() as transaction:
        ring = rings.find(transaction, RING)
        assert ring is not None
        method = import_methods.by_enum(QUICK)
        rows.insert(transaction, ring, name, uid, method=method, protection_level=1, lifetime=3 * DAY)


def methods(world: World) -> list[str]:
    return [record["protoPayload"]["methodName"] for record in world.records()]


def test_a_job_is_active_at_once_and_lives_three_days(ringed: World) -> None:
    job = make_job(ringed, method=RSA_AES)
    assert job.public_key is not None
    assert pem.decode(job.public_key.encode(), pem.PUBLIC_KEY) is not None
    assert rest.import_job_json(job) == {
        "name": "projects/acme/locations/us-east1/keyRings/ring/importJobs/job",
        "importMethod": RSA_AES,
        "protectionLevel": "SOFTWARE",
        "createTime": "2030-01-01T00:00:00Z",
        "generateTime": "2030-01-01T00:00:00Z",
        "expireTime": "2030-01-04T00:00:00Z",
        "state": "ACTIVE",
        "publicKey": {"pem": job.public_key},
    }
    assert rest.import_job_json(ringed.kms.get_import_job(OWNER, JOB)) == rest.import_job_json(job)
    assert ringed.verify() == []


def test_making_a_job_is_recorded(ringed: World) -> None:
    make_job(ringed)
    asked, done = ringed.records()[-2:]
    assert asked["protoPayload"]["methodName"] == "CreateImportJob"
    assert asked["protoPayload"]["request"] == {
        "@type": "type.googleapis.com/google.cloud.kms.v1.CreateImportJobRequest",
        "parent": str(RING),
        "importJobId": "job",
        "importMethod": QUICK,
    }
    assert asked["protoPayload"]["authorizationInfo"][0]["permission"] == "cloudkms.importJobs.create"
    assert asked["resource"]["type"] == "cloudkms_import_job"
    assert done["protoPayload"]["methodName"] == "GenerateImportJob"
    assert done["protoPayload"]["authenticationInfo"]["principalEmail"] == "service@kmsctl"


@pytest.mark.parametrize(
    ("method", "level", "error", "words"),
    [
        ("RSA_OAEP_2048_SHA256", "SOFTWARE", InvalidArgument, "not an ImportMethod"),
        (QUICK, "STEEL", InvalidArgument, "not a ProtectionLevel"),
        (QUICK, "HSM", InvalidArgument, "not offered at protection level HSM"),
        (RSA_AES, "HSM", FailedPrecondition, "HSM is not available"),
        (RSA_AES, "EXTERNAL", InvalidArgument, "not offered at protection level EXTERNAL"),
    ],
)
def test_what_cannot_be_made_is_refused(
    ringed: World, method: str, level: str, error: type[KmsError], words: str
) -> None:
    before = ringed.generation()
    with pytest.raises(error, match=words):
        ringed.kms.create_import_job(OWNER, JOB, method, level)
    assert ringed.generation() == before


def test_a_library_without_ml_kem_has_the_rsa_methods_alone(
    ringed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(algorithm: Algorithm) -> None:
        raise Unimplemented(f"{algorithm.enum} needs a newer library.")

    monkeypatch.setattr(kem, "require", missing)
    before = ringed.generation()
    with pytest.raises(Unimplemented, match="ML_KEM_768 needs a newer library"):
        make_job(ringed)
    assert ringed.generation() == before
    assert make_job(ringed, method=RSA_AES).state == "ACTIVE"


def test_a_name_is_taken_once(ringed: World) -> None:
    make_job(ringed)
    with pytest.raises(AlreadyExists, match=f"ImportJob {JOB} already exists"):
        make_job(ringed)


def test_a_missing_ring_is_named(world: World) -> None:
    elsewhere = KeyRingName(LocationName("acme", "europe-west1"), "ring")
    for ring in (RING, elsewhere):
        with pytest.raises(NotFound, match=f"KeyRing {ring} not found"):
            make_job(world, ImportJobName(ring, "job"))
    world.kms.create_key_ring(OWNER, RING)
    with pytest.raises(NotFound, match=r"KeyRing .*/missing not found"):
        make_job(world, ImportJobName(KeyRingName(RING.parent, "missing"), "job"))
    with pytest.raises(NotFound, match=f"ImportJob {JOB} not found"):
        world.kms.get_import_job(OWNER, JOB)
    with pytest.raises(NotFound, match=r"KeyRing .* not found"):
        list(world.kms.list_import_jobs(OWNER, elsewhere))


def test_a_stranger_gets_nowhere(ringed: World) -> None:
    make_job(ringed)
    calls: list[Callable[[], Any]] = [
        lambda: ringed.kms.create_import_job(STRANGER, ImportJobName(RING, "other"), QUICK),
        lambda: ringed.kms.get_import_job(STRANGER, JOB),
        lambda: list(ringed.kms.list_import_jobs(STRANGER, RING)),
    ]
    for call in calls:
        with pytest.raises(PermissionDenied):
            call()


def test_jobs_are_listed_by_name_in_pages(ringed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_jobs, "PAGE_SIZE", 2)
    names = ["b", "a-1", "a", "c", "a_1"]
    for name in names:
        make_job(ringed, ImportJobName(RING, name))

    def listed(**more: Any) -> list[str]:
        return [job.name.import_job for job in ringed.kms.list_import_jobs(OWNER, RING, **more)]

    assert listed() == sorted(names)
    assert listed(prefix="a") == ["a", "a-1", "a_1"]
    assert listed(limit=3) == sorted(names)[:3]
    assert listed(limit=2, prefix="a") == ["a", "a-1"]


def test_a_job_expires_at_its_time_and_its_private_key_is_gone(ringed: World) -> None:
    make_job(ringed)
    blob = material_of(ringed)
    assert blob is not None
    ringed.clock.now = EXPIRY - 1
    assert ringed.kms.get_import_job(OWNER, JOB).state == "ACTIVE"
    ringed.clock.now = EXPIRY
    job = ringed.kms.get_import_job(OWNER, JOB)
    assert rest.import_job_json(job) == {
        "name": str(JOB),
        "importMethod": QUICK,
        "protectionLevel": "SOFTWARE",
        "createTime": "2030-01-01T00:00:00Z",
        "generateTime": "2030-01-01T00:00:00Z",
        "expireTime": "2030-01-04T00:00:00Z",
        "expireEventTime": "2030-01-04T00:00:00Z",
        "state": "EXPIRED",
    }
    assert material_of(ringed) is None
    record = ringed.records()[-1]["protoPayload"]
    assert record["methodName"] == "ExpireImportJob"
    assert record["metadata"] == {"dueTime": "2030-01-04T00:00:00Z"}
    assert ringed.verify() == []
    ringed.kms.close()
    nonce = blob[4:28]
    for path in ringed.files_of():
        assert not path.exists() or nonce not in path.read_bytes()


def test_a_list_shows_expiry_and_writes_nothing(ringed: World) -> None:
    make_job(ringed)
    ringed.clock.now = EXPIRY
    before = ringed.generation()
    [job] = ringed.kms.list_import_jobs(OWNER, RING)
    assert (job.state, job.expire_event_time, job.public_key) == ("EXPIRED", EXPIRY, None)
    assert ringed.generation() == before
    assert material_of(ringed) is not None
    [finding] = ringed.verify()
    assert (finding.kind, finding.resource) == ("PURGE_PENDING", str(JOB))


def test_maintenance_expires_jobs(ringed: World) -> None:
    make_job(ringed)
    assert ringed.maintain().expired == []
    ringed.clock.now = EXPIRY
    report = ringed.maintain()
    assert report.expired == [str(JOB)]
    assert (report.purged, report.left) == (1, [])
    assert material_of(ringed) is None
    assert ringed.maintain().expired == []
    assert ringed.verify() == []


def test_a_clock_that_jumped_expires_a_job_but_destroys_no_key(ringed: World) -> None:
    make_job(ringed)
    ringed.clock.now = START + 300 * DAY
    assert ringed.kms.get_import_job(OWNER, JOB).state == "EXPIRED"
    assert material_of(ringed) is not None
    assert ringed.maintain(confirm=False).expired == []
    assert material_of(ringed) is not None
    ringed.clock.now = START + HOUR
    assert ringed.kms.get_import_job(OWNER, JOB).state == "ACTIVE"
    ringed.clock.now = START + 300 * DAY
    asked: list[str] = []

    def confirm(question: str) -> bool:
        asked.append(question)
        return True

    assert ringed.kms.maintain_store(OWNER, confirm_clock=confirm).expired == [str(JOB)]
    assert "0 version(s) and the keys of 1 import job(s) are to be destroyed" in asked[0]
    assert material_of(ringed) is None


def test_a_clock_behind_shows_the_recorded_time_and_changes_nothing(ringed: World) -> None:
    make_job(ringed)
    ringed.clock.now = EXPIRY + DAY  # a day after, but nobody has looked
    ringed.kms.create_key_ring(OWNER, KeyRingName(RING.parent, "other"))
    ringed.clock.now = START
    assert ringed.kms.get_import_job(OWNER, JOB).state == "EXPIRED"
    assert material_of(ringed) is not None


@pytest.mark.parametrize("failure", [KmsError("no entropy"), KeyboardInterrupt()])
def test_a_job_without_a_key_pair_is_taken_back(
    ringed: World, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    def fails(*_: object) -> None:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(generation, "make_interruptibly", fails)
        with pytest.raises(type(failure)):
            make_job(ringed)
    assert list(ringed.kms.list_import_jobs(OWNER, RING)) == []
    assert methods(ringed)[-2:] == ["CreateImportJob", "FailImportJob"]
    assert ringed.verify() == []
    assert make_job(ringed).state == "ACTIVE"


def test_what_a_crash_left_is_taken_back_by_whoever_asks(ringed: World) -> None:
    leave_unfinished(ringed)
    [listed] = ringed.kms.list_import_jobs(OWNER, RING)
    assert (listed.state, listed.public_key, listed.generate_time) == ("PENDING_GENERATION", None, None)
    with pytest.raises(NotFound):
        ringed.kms.get_import_job(OWNER, JOB)
    assert methods(ringed)[-1] == "FailImportJob"
    leave_unfinished(ringed)
    assert make_job(ringed).state == "ACTIVE"
    leave_unfinished(ringed, ImportJobName(RING, "third"))
    assert ringed.maintain().failed == [f"{RING}/importJobs/third"]
    assert ringed.verify() == []


def test_a_job_in_the_making_is_left_alone(ringed: World) -> None:
    uid = bytes(range(16))
    make_import_key(ringed)
    with leases.Lease(ringed.kms.data_directory, uid):
        leave_unfinished(ringed, uid=uid)
        assert ringed.kms.get_import_job(OWNER, JOB).state == "PENDING_GENERATION"
        with pytest.raises(AlreadyExists):
            make_job(ringed)
        with pytest.raises(FailedPrecondition, match=r"is not active \(state is PENDING_GENERATION\)"):
            bring(ringed, fresh(), blob=bytes(2000))
        assert ringed.maintain().failed == []
    with pytest.raises(NotFound):
        ringed.kms.get_import_job(OWNER, JOB)


def test_a_key_pair_that_comes_too_late_is_not_kept(ringed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    make = generation.make_interruptibly

    def slow(*arguments: Any) -> Any:
        other = ringed.another()
        with ringed.database().write() as transaction:
            ring = rings.find(transaction, RING)
            assert ring is not None
            row = rows.find(transaction, ring, JOB)
            assert row is not None
            transaction.delete(row)
        other.close()
        return make(*arguments)

    monkeypatch.setattr(generation, "make_interruptibly", slow)
    with pytest.raises(FailedPrecondition, match="given up by another process"):
        make_job(ringed)
    assert list(ringed.kms.list_import_jobs(OWNER, RING)) == []


def test_a_private_key_is_bound_to_its_job(ringed: World) -> None:
    make_import_key(ringed)
    make_job(ringed)
    other = ImportJobName(RING, "other")
    make_job(ringed, other)
    with ringed.database().write() as transaction:
        ring = rings.find(transaction, RING)
        assert ring is not None
        first, second = (rows.find(transaction, ring, name) for name in (JOB, other))
        assert first is not None
        assert second is not None
        transaction.update(first, material=second.values["material"])
    with pytest.raises(IntegrityError, match=f"ImportJob {JOB} does not belong to it"):
        bring(ringed, fresh())
    [finding] = ringed.verify()
    assert (finding.kind, finding.resource) == ("MATERIAL_DAMAGED", str(JOB))


def test_a_job_that_was_edited_is_noticed(ringed: World) -> None:
    make_job(ringed)
    ringed.sql("UPDATE import_jobs SET expire_time = expire_time + 1")
    with pytest.raises(IntegrityError, match=f"ImportJob {JOB} was changed outside kmsctl"):
        ringed.kms.get_import_job(OWNER, JOB)
    [finding] = ringed.verify()
    assert (finding.kind, finding.resource) == ("ROW_DAMAGED", str(JOB))


def test_an_expired_job_that_is_put_back_is_noticed(ringed: World) -> None:
    make_job(ringed)
    columns = "id, mk, tag, state, expire_event_time, public, material"
    [row] = ringed.sql(f"SELECT {columns} FROM import_jobs")
    ringed.clock.now = EXPIRY
    ringed.kms.get_import_job(OWNER, JOB)
    ringed.kms.close()
    ringed.sql(
        "UPDATE import_jobs SET (id, mk, tag, state, expire_event_time, public, material) = (?,?,?,?,?,?,?)",
        parameters=row,
    )
    ringed.reopen()
    with pytest.raises(IntegrityError, match="is not as it was left"):
        ringed.kms.get_import_job(OWNER, JOB)
    assert ringed.kinds() == {"ROW_REPLAYED", "PURGE_PENDING"}
