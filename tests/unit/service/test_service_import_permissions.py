"""Imports ask for two permissions: one on the key or version, one on the import job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import KmsError, NotFound, PermissionDenied
from kmsctl.model.iam_resources import IamRole
from kmsctl.model.names import CryptoKeyName, ImportJobName, KeyRingName, LocationName, ProjectName
from kmsctl.model.policies import Policy, with_binding
from kmsctl.service.context import Context
from tests.unit.service.imports_world import JOB, bring, fresh, make_import_key, make_job, request
from tests.unit.service.world import KEY, OWNER, PROJECT, RING

if TYPE_CHECKING:
    from kmsctl.model.import_requests import ImportCryptoKeyVersionRequest
    from tests.unit.service.world import World

ANN = Context("ann@example.com")
ME = ProjectName(PROJECT)
CREATE = "cloudkms.cryptoKeyVersions.create"
UPDATE = "cloudkms.cryptoKeyVersions.update"
USE = "cloudkms.importJobs.useToImport"


@pytest.fixture
def ready(world: World) -> World:
    """A key and a job; ann holds nothing."""
    make_import_key(world)
    make_job(world)
    return world


def give(world: World, name: Any, *permissions: str) -> None:
    """Makes ann hold just these permissions on a resource."""
    role = "some" + str(abs(hash(name.text)) % 10**8)
    try:
        world.kms.create_custom_role(OWNER, ME, role, IamRole("", "", "", "", list(permissions)))
    except KmsError:
        world.kms.update_custom_role(OWNER, ME, role, {"permissions": list(permissions)})
    policy = world.kms.get_iam_policy(OWNER, name)
    wanted = with_binding(policy, f"projects/{PROJECT}/roles/{role}", "user:ann@example.com", None)
    world.kms.set_iam_policy(OWNER, name, wanted, ["bindings"])


def refused(world: World, asked: ImportCryptoKeyVersionRequest) -> PermissionDenied:
    with pytest.raises(PermissionDenied) as error:
        world.kms.import_crypto_key_version(ANN, asked)
    return error.value


def test_a_new_version_needs_create_on_the_key_and_use_of_the_job(ready: World) -> None:
    asked = request(ready, fresh())
    assert f"'{CREATE}' denied on resource '{KEY}'" in refused(ready, asked).message
    give(ready, KEY, CREATE)
    assert f"'{USE}' denied on resource '{JOB}'" in refused(ready, asked).message
    give(ready, JOB, USE)
    assert ready.kms.import_crypto_key_version(ANN, asked).state == "ENABLED"
    give(ready, KEY, UPDATE)
    assert f"'{CREATE}' denied" in refused(ready, request(ready, fresh())).message


def test_importing_again_needs_update_on_the_version_instead(ready: World) -> None:
    secret = fresh()
    bring(ready, secret)
    ready.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    ready.clock.now += 1
    asked = request(ready, secret, version=1)
    give(ready, JOB, USE)
    give(ready, KEY, CREATE)
    denied = refused(ready, asked)
    assert f"'{UPDATE}' denied on resource '{KEY.version(1)}'" in denied.message
    assert denied.asked == (UPDATE, str(KEY.version(1)))
    give(ready, KEY, UPDATE)
    assert ready.kms.import_crypto_key_version(ANN, asked).state == "ENABLED"


@pytest.mark.parametrize("place", [RING, ME], ids=["ring", "project"])
def test_both_are_inherited(ready: World, place: Any) -> None:
    asked = request(ready, fresh())
    give(ready, place, CREATE)
    assert f"'{USE}' denied" in refused(ready, asked).message
    give(ready, place, CREATE, USE)
    assert ready.kms.import_crypto_key_version(ANN, asked).state == "ENABLED"


def test_use_of_one_job_is_not_use_of_another(ready: World) -> None:
    other = ImportJobName(RING, "other")
    make_job(ready, other)
    give(ready, KEY, CREATE)
    give(ready, other, USE)
    assert f"denied on resource '{JOB}'" in refused(ready, request(ready, fresh())).message
    ready.kms.import_crypto_key_version(ANN, request(ready, fresh(), job=other))
    ready.kms.set_iam_policy(OWNER, other, Policy(), ["bindings"])
    refused(ready, request(ready, fresh(), job=other))


def test_a_refusal_tells_nothing_of_key_or_job(ready: World) -> None:
    """Whatever is wrong with the request, and whatever is there, the answer is the same."""
    blob = request(ready, fresh()).wrapped_key
    missing_key = CryptoKeyName(RING, "missing")
    missing_job = ImportJobName(RING, "missing")
    abroad = KeyRingName(LocationName(PROJECT, "europe-west1"), "ring")
    asked = [
        request(ready, b"", key=KEY, job=JOB, blob=blob),
        request(ready, b"", key=missing_key, job=JOB, blob=blob),
        request(ready, b"", key=KEY, job=missing_job, blob=blob),
        request(ready, b"", key=KEY, job=JOB, blob=b"no such thing"),
        request(ready, b"", key=KEY, job=JOB, blob=blob, algorithm="HMAC_SHA256"),
        request(ready, b"", key=CryptoKeyName(abroad, "key"), job=ImportJobName(abroad, "job"), blob=blob),
    ]
    texts = {refused(ready, each).message.replace(str(each.parent), "KEY") for each in asked}
    assert texts == {f"Permission '{CREATE}' denied on resource 'KEY' (or it may not exist)."}
    give(ready, KEY, CREATE)  # of the key, nothing of the job
    texts = {
        refused(ready, each).message.replace(str(each.import_job), "JOB")
        for each in (asked[0], asked[2], asked[3], asked[4])
    }
    assert texts == {f"Permission '{USE}' denied on resource 'JOB' (or it may not exist)."}


def test_a_version_that_is_not_there_looks_like_one_that_is(ready: World) -> None:
    bring(ready, fresh())
    give(ready, JOB, USE)
    blob = request(ready, fresh()).wrapped_key
    texts = {
        refused(ready, request(ready, b"", version=number, blob=blob)).message.replace(f"/{number}'", "/N'")
        for number in (1, 2)
    }
    assert len(texts) == 1
    give(ready, KEY, UPDATE)
    with pytest.raises(NotFound):
        ready.kms.import_crypto_key_version(ANN, request(ready, b"", version=2, blob=blob))


def test_records_name_both_permissions_and_the_one_that_was_missing(ready: World) -> None:
    bring(ready, fresh())
    give(ready, KEY, CREATE)
    refused(ready, request(ready, fresh()))
    ready.kms.close()
    records = [
        json.loads(text)["protoPayload"]
        for (text,) in ready.sql("SELECT record FROM audit ORDER BY sequence")
    ]
    imports = [each for each in records if each["methodName"] == "ImportCryptoKeyVersion"]
    asked = [
        [(info["permission"], info["granted"], info["resource"]) for info in each["authorizationInfo"]]
        for each in imports
    ]
    assert asked == [[(CREATE, True, str(KEY)), (USE, True, str(JOB))], [(USE, False, str(JOB))]]
