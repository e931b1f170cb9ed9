from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import FailedPrecondition, StoreFull, StoreLocked
from kmsctl.service import audit
from kmsctl.store import leases
from tests.unit.service.protection import Answers, Wanted
from tests.unit.service.world import KEY, OWNER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kmsctl.crypto.pkcs11.connection import TokenSession
    from tests.unit.service.hsm_world import HsmWorld


def root_keys(world: HsmWorld) -> int:
    """Returns how many keys of protectors there are in the token."""
    from pkcs11.constants import Attribute

    def count(session: TokenSession) -> int:
        return len(list(session.session.get_objects({Attribute.LABEL: "kmsctl root key"})))

    token = world.kms.tokens.general()
    assert token is not None
    return token.connection.run(count, "counting")


def notes(world: HsmWorld) -> list[str]:
    """Returns what is noted of keys that are being made."""
    return leases.abandoned(str(world.path / "config"))


def add(world: HsmWorld) -> int:
    made = world.kms.add_protector(OWNER, "pkcs11", Wanted(), Answers(), lambda shares: None)
    assert made.type == "pkcs11"
    assert "kmsctl-test" in made.detail
    return made.number


def cka_id(world: HsmWorld) -> bytes:
    protectors, _ = world.kms.list_protectors(OWNER)
    (detail,) = [each.detail for each in protectors if each.type == "pkcs11"]
    return bytes.fromhex(detail.rpartition(" ")[2])


def only_the_token(world: HsmWorld) -> None:
    world.make_key()
    add(world)
    world.kms.remove_protector(OWNER, 0, lambda gone: None)


def test_the_store_opens_while_the_token_is_there_and_only_then(hsm: HsmWorld) -> None:
    only_the_token(hsm)
    text = hsm.encrypt()
    hsm.reopen()
    assert hsm.decrypt(text) == b"text"
    uri = hsm.uri
    for missing, words in (
        (None, "No HSM is configured"),
        ("pkcs11:token=other?module-path=" + hsm.token.module, "No token"),
    ):
        hsm.uri = missing
        hsm.reopen()
        with pytest.raises(StoreLocked, match=words):
            hsm.decrypt(text)
    hsm.uri = uri
    hsm.reopen()
    assert hsm.decrypt(text) == b"text"
    assert hsm.verify() == []


def test_a_protector_takes_its_key_out_of_the_token_when_it_goes(hsm: HsmWorld) -> None:
    hsm.make_key()
    number = add(hsm)
    key = cka_id(hsm)
    assert hsm.holds(key)
    _, left = hsm.kms.remove_protector(OWNER, number, lambda gone: None)
    assert left is None
    assert not hsm.holds(key)


def test_a_key_that_cannot_be_taken_out_is_told(hsm: HsmWorld) -> None:
    hsm.make_key()
    number = add(hsm)
    hsm.uri = None
    hsm.reopen()
    _, left = hsm.kms.remove_protector(OWNER, number, lambda gone: None)
    assert left is not None
    assert "No HSM is configured" in left


def test_a_wrong_pin_or_a_key_that_is_gone_opens_nothing(hsm: HsmWorld) -> None:
    only_the_token(hsm)
    key = cka_id(hsm)
    pin, hsm.pin = hsm.pin, "00000000"
    hsm.reopen()
    with pytest.raises(StoreLocked, match="PIN is wrong"):
        hsm.encrypt(KEY)
    hsm.pin = pin
    hsm.reopen()
    token = hsm.kms.tokens.general()
    assert token is not None
    assert token.destroy(key)
    hsm.reopen()
    with pytest.raises(StoreLocked, match=key.hex()):
        hsm.encrypt(KEY)


def test_without_a_token_none_can_be_added(hsm: HsmWorld) -> None:
    hsm.make_key()
    hsm.uri = None
    hsm.reopen()
    with pytest.raises(FailedPrecondition, match="No HSM is configured"):
        add(hsm)


def interrupt(shares: Sequence[bytes]) -> None:
    raise KeyboardInterrupt


def test_a_protector_that_is_not_enrolled_leaves_no_key_in_the_token(hsm: HsmWorld) -> None:
    hsm.make_key()
    before = root_keys(hsm)
    with pytest.raises(KeyboardInterrupt):
        hsm.kms.add_protector(OWNER, "pkcs11", Wanted(), Answers(), interrupt)
    assert root_keys(hsm) == before
    assert notes(hsm) == []


def test_a_protector_that_was_enrolled_before_the_record_failed_keeps_its_key(
    hsm: HsmWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    hsm.make_key()

    def fail(*given: object) -> None:
        raise StoreFull("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(audit, "append_store", fail)
        with pytest.raises(StoreFull):
            add(hsm)
    assert hsm.holds(cka_id(hsm))
    assert notes(hsm) == []


def test_a_key_that_cannot_be_cleared_away_now_is_later(hsm: HsmWorld) -> None:
    hsm.make_key()
    before, uri = root_keys(hsm), hsm.uri

    def vanish(shares: Sequence[bytes]) -> None:
        hsm.uri = None
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hsm.kms.add_protector(OWNER, "pkcs11", Wanted(), Answers(), vanish)
    assert len(notes(hsm)) == 1
    (left,) = hsm.maintain().left
    assert "is yet to be removed from the token: No HSM is configured" in left
    hsm.uri = uri
    assert root_keys(hsm) == before + 1
    assert hsm.maintain().left == []
    assert root_keys(hsm) == before
    assert notes(hsm) == []


def test_what_is_to_be_cleared_from_a_token_that_is_gone_can_be_forgotten(hsm: HsmWorld) -> None:
    hsm.make_key()
    number = add(hsm)
    hsm.uri = None
    hsm.kms.remove_protector(OWNER, number, lambda _: None)
    (left,) = hsm.maintain().left
    path = next((hsm.path / "config" / "pending").iterdir())
    assert f"If that token is gone for good, remove {path}." in left
    path.unlink()
    assert hsm.maintain().left == []


def test_a_note_never_removes_the_key_of_a_version_or_of_a_protector(hsm: HsmWorld) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    add(hsm)
    named = [hsm.cka_id(), cka_id(hsm)]
    for each in named:
        leases.Lease(str(hsm.path / "config"), each).__enter__().leave()
    assert hsm.maintain().left == []
    assert notes(hsm) == []
    assert all(hsm.holds(each) for each in named)
