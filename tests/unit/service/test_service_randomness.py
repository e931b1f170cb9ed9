"""GenerateRandomBytes."""

from __future__ import annotations

import pytest

from kmsctl.crypto.checksums import crc32c
from kmsctl.errors import FailedPrecondition, InvalidArgument, PermissionDenied
from kmsctl.model.names import LocationName
from kmsctl.model.random_requests import GenerateRandomBytesRequest
from tests.unit.service.world import OWNER, PLACE, PROJECT, STRANGER, Randomness, World

LOCATION = LocationName(PROJECT, PLACE)


@pytest.mark.parametrize("length", [8, 9, 1024])
def test_the_bytes_are_those_of_the_generator(world: World, length: int) -> None:
    assert isinstance(world.random, Randomness)
    response = world.kms.generate_random_bytes(OWNER, GenerateRandomBytesRequest(LOCATION, length))
    assert response.data == world.random.drawn[-1]
    assert len(response.data) == length
    assert response.data_crc32c == crc32c(response.data)


@pytest.mark.parametrize("length", [-1, 0, 7, 1025])
def test_lengths_that_are_refused(world: World, length: int) -> None:
    with pytest.raises(InvalidArgument, match=f"at least 8, but not more than 1024.*was {length}"):
        world.kms.generate_random_bytes(OWNER, GenerateRandomBytesRequest(LOCATION, length))


def test_levels(world: World) -> None:
    with pytest.raises(FailedPrecondition, match="No HSM is configured"):
        world.kms.generate_random_bytes(
            OWNER, GenerateRandomBytesRequest(LOCATION, 8, protection_level="HSM")
        )
    with pytest.raises(InvalidArgument, match="'TPM' is not a ProtectionLevel"):
        world.kms.generate_random_bytes(
            OWNER, GenerateRandomBytesRequest(LOCATION, 8, protection_level="TPM")
        )


def test_a_location_that_there_is_not(world: World) -> None:
    nowhere = LocationName(PROJECT, "nowhere")
    with pytest.raises(InvalidArgument, match="'nowhere' is not a Cloud KMS location"):
        world.kms.generate_random_bytes(OWNER, GenerateRandomBytesRequest(nowhere, 8))


def test_it_needs_no_store_and_makes_none(world: World) -> None:
    world.kms.generate_random_bytes(OWNER, GenerateRandomBytesRequest(LOCATION, 8))
    assert not world.path.exists()


def test_it_is_authorized_and_leaves_no_record(keyed: World) -> None:
    before = keyed.generation(), len(keyed.records())
    keyed.kms.generate_random_bytes(OWNER, GenerateRandomBytesRequest(LOCATION, 8))
    assert (keyed.generation(), len(keyed.records())) == before
    with pytest.raises(PermissionDenied):
        keyed.kms.generate_random_bytes(STRANGER, GenerateRandomBytesRequest(LOCATION, 8))
