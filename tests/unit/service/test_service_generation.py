"""Making key material: what is slow is outside transactions, and may fail or be interrupted."""

from __future__ import annotations

import signal
from threading import Event, Thread, main_thread
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.crypto.software import SoftwareBackend
from kmsctl.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, Unimplemented
from kmsctl.model.algorithms import ALGORITHMS, PURPOSES, Algorithm, by_enum, for_purpose
from kmsctl.model.names import CryptoKeyName
from kmsctl.service import generation
from tests.unit.service.world import DAY, KEY, OWNER, P256, RING, World, spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.crypto.backend import KeyMaterial

OTHER = CryptoKeyName(RING, "other")
GENERATE = SoftwareBackend.generate


class Slow:
    """A generator of key material that waits until it is told to go on."""

    def __init__(self) -> None:
        self.begun = Event()
        self.go_on = Event()
        self.was_left_alone = False

    def __call__(self, backend: SoftwareBackend, algorithm: Algorithm) -> KeyMaterial:
        self.begun.set()
        self.was_left_alone = not self.go_on.wait(30)
        return GENERATE(backend, algorithm)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    made = Slow()

    def generate(backend: SoftwareBackend, algorithm: Algorithm) -> KeyMaterial:
        return made(backend, algorithm)

    monkeypatch.setattr(SoftwareBackend, "generate", generate)
    yield made
    made.go_on.set()


def methods(world: World) -> list[str]:
    return [record["protoPayload"]["methodName"] for record in world.records()]


@pytest.fixture
def ringed(world: World) -> World:
    world.kms.create_key_ring(OWNER, RING)
    return world


# Every purpose


@pytest.mark.parametrize("purpose", PURPOSES, ids=lambda purpose: purpose.spelling)
def test_every_purpose_has_versions_and_only_symmetric_keys_a_primary(ringed: World, purpose: Any) -> None:
    enum = next(a.enum for a in for_purpose(purpose.enum) if a.key_bits in (None, 128, 160, 256, 2048))
    created = ringed.kms.create_crypto_key(OWNER, KEY, spec((purpose.enum, enum)))
    added = ringed.kms.create_crypto_key_version(OWNER, KEY)
    assert (added.name, added.state, added.algorithm) == (KEY.version(2), "ENABLED", enum)
    assert ringed.state(1) == "ENABLED"
    if purpose.has_primary:
        assert created.primary is not None
        return
    assert created.primary is None
    with pytest.raises(FailedPrecondition, match=f"incorrect key purpose: {purpose.enum}"):
        ringed.kms.update_crypto_key_primary_version(OWNER, KEY, 2)
    schedule = {"rotation_period": 30 * DAY, "next_rotation_time": ringed.clock.now + DAY}
    with pytest.raises(InvalidArgument, match=f"symmetric encryption keys only.*{purpose.enum}"):
        ringed.kms.update_crypto_key(OWNER, KEY, schedule)
    with pytest.raises(InvalidArgument, match="symmetric encryption keys only"):
        ringed.kms.create_crypto_key(OWNER, OTHER, spec((purpose.enum, enum), **schedule))
    with pytest.raises(NotFound):
        ringed.kms.get_crypto_key(OWNER, OTHER)


@pytest.mark.parametrize("enum", ["EC_SIGN_P384_SHA384", "PQ_SIGN_ML_DSA_65"])
def test_another_algorithm_is_for_the_versions_that_follow(ringed: World, enum: str) -> None:
    ringed.make_key(kind=P256)
    ringed.kms.update_crypto_key(OWNER, KEY, {"version_template.algorithm": enum})
    assert ringed.kms.get_crypto_key(OWNER, KEY).algorithm == enum
    assert ringed.kms.create_crypto_key_version(OWNER, KEY).algorithm == enum
    assert ringed.kms.get_crypto_key_version(OWNER, KEY.version(1)).algorithm == P256[1]
    assert ringed.verify() == []


@pytest.mark.parametrize(
    ("kind", "enum", "text"),
    [
        (P256, "HMAC_SHA256", "HMAC_SHA256 does not fit the purpose ASYMMETRIC_SIGN"),
        (P256, "NO_SUCH", "'NO_SUCH' is not a CryptoKeyVersionAlgorithm"),
        (
            ("ENCRYPT_DECRYPT", "GOOGLE_SYMMETRIC_ENCRYPTION"),
            "EXTERNAL_SYMMETRIC_ENCRYPTION",
            "not offered at protection level SOFTWARE",
        ),
    ],
)
def test_algorithms_that_a_key_cannot_have(
    ringed: World, kind: tuple[str, str], enum: str, text: str
) -> None:
    ringed.make_key(kind=kind)
    with pytest.raises(InvalidArgument, match=text):
        ringed.kms.update_crypto_key(OWNER, KEY, {"version_template.algorithm": enum})
    with pytest.raises(InvalidArgument, match=text):
        ringed.kms.create_crypto_key(OWNER, OTHER, spec((kind[0], enum)))
    assert ringed.kms.get_crypto_key(OWNER, KEY).algorithm == kind[1]


# What the libraries lack


def lacking(monkeypatch: pytest.MonkeyPatch, *enums: str) -> None:
    def reason(backend: SoftwareBackend, algorithm: Algorithm) -> str | None:
        return f"{algorithm.enum} needs a library." if algorithm.enum in enums else None

    monkeypatch.setattr(SoftwareBackend, "unavailable_reason", reason)


def test_an_algorithm_that_the_libraries_lack(ringed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ringed.make_key(kind=P256)
    lacking(monkeypatch, "EC_SIGN_P384_SHA384", P256[1])
    before = ringed.generation()
    text = r"^EC_SIGN_P384_SHA384 needs a library\.$"
    with pytest.raises(Unimplemented, match=text):
        ringed.kms.create_crypto_key(OWNER, OTHER, spec(("ASYMMETRIC_SIGN", "EC_SIGN_P384_SHA384")))
    with pytest.raises(Unimplemented, match=text):
        ringed.kms.update_crypto_key(OWNER, KEY, {"version_template.algorithm": "EC_SIGN_P384_SHA384"})
    # Nor is a version left behind for a library that has gone since.
    with pytest.raises(Unimplemented):
        ringed.kms.create_crypto_key_version(OWNER, KEY)
    assert [each.name.number for each in ringed.kms.list_crypto_key_versions(OWNER, KEY)] == [1]
    assert ringed.generation() == before


def test_what_no_library_has_says_so(ringed: World) -> None:
    with pytest.raises(Unimplemented, match="neither cryptography nor pqcrypto"):
        ringed.make_key(kind=("ASYMMETRIC_SIGN", "PQ_SIGN_HASH_SLH_DSA_SHA2_128S_SHA256"))


def test_every_algorithm_of_this_machine_makes_keys_or_says_why_not(ringed: World) -> None:
    backend = SoftwareBackend()
    made = 0
    for algorithm in ALGORITHMS:
        if algorithm.key_bits in (3072, 4096) or "SOFTWARE" not in algorithm.protection_levels:
            continue  # the larger keys of RSA take long, and are no other code
        name = CryptoKeyName(RING, algorithm.spelling)
        if backend.unavailable_reason(algorithm) is None:
            ringed.make_key(name, kind=(algorithm.purpose, algorithm.enum))
            assert ringed.state(1, name) == "ENABLED"
            made += 1
        else:
            with pytest.raises(Unimplemented, match=algorithm.enum):
                ringed.make_key(name, kind=(algorithm.purpose, algorithm.enum))
    assert made > 20
    assert ringed.verify() == []


# Slow generation


def test_material_is_made_outside_the_write_lock(ringed: World, slow: Slow) -> None:
    results: list[object] = []
    maker = Thread(target=lambda: results.append(ringed.kms.create_crypto_key(OWNER, KEY, spec(P256))))
    maker.start()
    try:
        assert slow.begun.wait(30)
        other = ringed.another()
        # Others see it, do not give it up, cannot use it, and are not kept from writing.
        assert other.get_crypto_key_version(OWNER, KEY.version(1)).state == "PENDING_GENERATION"
        with pytest.raises(FailedPrecondition, match="current state is: PENDING_GENERATION"):
            other.get_public_key(OWNER, KEY.version(1))
        with pytest.raises(AlreadyExists):
            other.create_crypto_key(OWNER, KEY, spec())
        other.create_crypto_key(
            OWNER, OTHER, spec(("RAW_ENCRYPT_DECRYPT", "AES_256_GCM")), skip_initial_version_creation=True
        )
        assert other.get_crypto_key_version(OWNER, KEY.version(1)).state == "PENDING_GENERATION"
        other.close()
    finally:
        slow.go_on.set()
        maker.join(30)
    assert results
    assert ringed.state(1) == "ENABLED"
    assert methods(ringed)[-1] == "GenerateCryptoKeyVersion"


class Broken(Exception):
    pass


@pytest.mark.parametrize("failure", [Broken(), MemoryError()], ids=lambda error: type(error).__name__)
def test_a_failure_is_told_and_kept(
    ringed: World, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(backend: SoftwareBackend, algorithm: Algorithm) -> KeyMaterial:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(SoftwareBackend, "generate", fail)
        with pytest.raises(type(failure)):
            ringed.kms.create_crypto_key(OWNER, KEY, spec(P256))
    assert ringed.state(1) == "GENERATION_FAILED"
    assert methods(ringed)[-2:] == ["CreateCryptoKey", "FailCryptoKeyVersion"]
    with pytest.raises(FailedPrecondition, match="current state is: GENERATION_FAILED"):
        ringed.kms.get_public_key(OWNER, KEY.version(1))
    assert not list((ringed.path / "data" / "pending").iterdir())
    # The key is there, and its next version works.
    assert ringed.kms.create_crypto_key_version(OWNER, KEY).name == KEY.version(2)
    assert ringed.state(2) == "ENABLED"
    assert ringed.verify() == []


@pytest.mark.parametrize("first", [True, False], ids=["first version", "another version"])
def test_an_interrupt_is_noticed_at_once(ringed: World, slow: Slow, first: bool) -> None:
    if not first:
        slow.go_on.set()
        ringed.make_key(kind=P256)
        slow.go_on.clear()
        slow.begun.clear()

    def interrupt() -> None:
        assert slow.begun.wait(30)
        signal.pthread_kill(main_thread().ident or 0, signal.SIGINT)

    def make() -> None:
        if first:
            ringed.kms.create_crypto_key(OWNER, KEY, spec(P256))
        else:
            ringed.kms.create_crypto_key_version(OWNER, KEY)

    Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        make()
    assert not slow.was_left_alone, "it was noticed when the material was done"
    assert ringed.state(1 if first else 2) == "GENERATION_FAILED"
    assert methods(ringed)[-1] == "FailCryptoKeyVersion"
    assert ringed.verify() == []


def test_a_request_for_what_cannot_be_there_makes_no_store(world: World) -> None:
    with pytest.raises(NotFound):
        world.kms.create_crypto_key(OWNER, KEY, spec(P256))
    with pytest.raises(NotFound):
        world.kms.create_crypto_key_version(OWNER, KEY)
    assert not world.path.exists()


def test_rsa_keys_are_of_their_size(ringed: World) -> None:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    ringed.make_key(kind=("ASYMMETRIC_DECRYPT", "RSA_DECRYPT_OAEP_2048_SHA256"))
    key: Any = load_der_public_key(ringed.kms.get_public_key(OWNER, KEY.version(1), "DER").data)
    assert key.key_size == by_enum("RSA_DECRYPT_OAEP_2048_SHA256").key_bits
    assert key.public_numbers().e == 65537


def test_symmetric_keys_are_made_in_one_transaction(ringed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(generation, "make_interruptibly")
    for purpose, enum in (("ENCRYPT_DECRYPT", "GOOGLE_SYMMETRIC_ENCRYPTION"), ("MAC", "HMAC_SHA1")):
        before = ringed.generation()
        ringed.make_key(CryptoKeyName(RING, purpose), kind=(purpose, enum))
        assert ringed.generation() == before + 1
    assert methods(ringed).count("CreateCryptoKey") == 2
    assert "GenerateCryptoKeyVersion" not in methods(ringed)
