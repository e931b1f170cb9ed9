from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from kmsctl.errors import IntegrityError
from kmsctl.service.audit_keys import signing_key
from kmsctl.store import audit_keys
from tests.unit.service.world import OWNER, PLACE

if TYPE_CHECKING:
    from tests.unit.service.world import World


def test_each_database_signs_with_a_key_of_its_own(keyed: World) -> None:
    found = {}
    for name in ("control", PLACE):
        with keyed.database(name).read() as snapshot:
            key = signing_key(snapshot)
            assert key.name == f"kmsctl/{snapshot.head.store_id.hex()}/{name}"
        public = load_pem_public_key(key.public_pem().encode())
        assert isinstance(public, Ed25519PublicKey)
        assert public.public_bytes_raw() == key.public
        public.verify(key.sign_note("a note\n"), b"a note\n")
        public.verify(key.sign("kmsctl attestation", b"facts"), b"kmsctl attestation\x01facts")
        found[name] = key.public
    assert len(set(found.values())) == 2


def test_the_key_stays_the_same(keyed: World) -> None:
    with keyed.database().read() as snapshot:
        before = signing_key(snapshot).public
        wrapped = audit_keys.find(snapshot).blob("material")
    keyed.kms.rotate_master_key(OWNER, PLACE)
    keyed.reopen()
    with keyed.database().read() as snapshot:
        assert signing_key(snapshot).public == before
        assert audit_keys.find(snapshot).blob("material") != wrapped
    assert keyed.verify() == []


def test_no_statement_is_a_note(keyed: World) -> None:
    with keyed.database().read() as snapshot:
        key = signing_key(snapshot)
    for text in ("no end of line", "a control character \x01\n", ""):
        with pytest.raises(ValueError, match="a note"):
            key.sign_note(text)
    with pytest.raises(ValueError, match="a label"):
        key.sign("label\n", b"")


def test_the_secret_is_sealed_and_not_shown(keyed: World) -> None:
    with keyed.database().read() as snapshot:
        secret = audit_keys.secret(snapshot, audit_keys.find(snapshot))
        key = signing_key(snapshot)
    keyed.kms.close()
    assert secret[:32].hex() not in repr(key)
    for path in keyed.path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert secret[:32] not in content
            assert secret[32:] not in content


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM audit_keys",
        "UPDATE audit_keys SET material = zeroblob(108)",
        "UPDATE audit_keys SET id = 2",
    ],
)
def test_a_key_that_was_tampered_with_signs_nothing(keyed: World, change: str) -> None:
    keyed.kms.close()
    keyed.sql(change)
    with keyed.database().read() as snapshot, pytest.raises(IntegrityError):
        signing_key(snapshot)
