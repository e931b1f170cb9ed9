from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kmsctl.crypto.pkcs11 import TokenBackend
from kmsctl.errors import FailedPrecondition, KmsError, TokenError
from kmsctl.store import token_objects
from tests.unit.service.hsm_world import HSM
from tests.unit.service.world import KEY, OWNER, RING, spec

if TYPE_CHECKING:
    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.model.algorithms import Algorithm
    from tests.unit.service.hsm_world import HsmWorld

V1 = KEY.version(1)


class Interrupted(BaseException):
    """What no handler of errors expects, such as an interrupt."""


def failing(world: HsmWorld, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> list[bytes]:
    """Creates a key while the token's `create` makes the object and then fails. Returns its CKA_ID."""
    made = []
    create = TokenBackend.create

    def fails(self: TokenBackend, algorithm: Algorithm, cka_id: bytes, label: str) -> KeyMaterial:
        create(self, algorithm, cka_id, label)
        made.append(cka_id)
        raise error

    world.kms.create_key_ring(OWNER, RING)
    with monkeypatch.context() as patch:
        patch.setattr(TokenBackend, "create", fails)
        with pytest.raises(type(error)):
            world.kms.create_crypto_key(OWNER, KEY, spec(**HSM))
    return made


def test_a_token_that_ceases_to_answer_leaves_a_version_that_the_next_command_makes(
    hsm: HsmWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = TokenError("The token was removed.")
    (cka_id,) = failing(hsm, monkeypatch, error)
    assert error.hint is not None
    assert "tries again" in error.hint
    (listed,) = hsm.kms.list_crypto_key_versions(OWNER, KEY)
    assert listed.state == "PENDING_GENERATION"
    assert hsm.decrypt(hsm.encrypt()) == b"text"
    assert hsm.state() == "ENABLED"
    assert hsm.cka_id() == cka_id
    (warning,) = hsm.warnings
    assert "C_GenerateKey of the PKCS#11 module" in warning
    assert str(V1) in warning


def test_while_the_token_is_away_nothing_is_given_up(hsm: HsmWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(hsm, monkeypatch, TokenError("The token was removed."))
    hsm.uri = None
    for _ in range(4):
        hsm.reopen()
        assert hsm.state() == "PENDING_GENERATION"
        (left,) = hsm.maintain().left
        assert "No HSM is configured" in left
    hsm.uri = hsm.token.uri
    hsm.reopen()
    report = hsm.maintain()
    assert (report.made, report.failed, report.left) == ([str(V1)], [], [])
    assert hsm.state() == "ENABLED"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            FailedPrecondition("The token did not keep CKA_SENSITIVE."),
            "The token did not keep CKA_SENSITIVE.",
        ),
        (Interrupted(), "Its generation was interrupted."),
    ],
)
def test_what_fails_for_good_is_given_up_with_its_reason_and_leaves_no_object(
    hsm: HsmWorld, monkeypatch: pytest.MonkeyPatch, error: BaseException, reason: str
) -> None:
    (cka_id,) = failing(hsm, monkeypatch, error)
    version = hsm.kms.get_crypto_key_version(OWNER, V1)
    assert (version.state, version.generation_failure_reason) == ("GENERATION_FAILED", reason)
    assert not hsm.holds(cka_id)
    assert hsm.objects() == {}
    assert hsm.verify() == []
    hsm.kms.create_crypto_key_version(OWNER, KEY)
    hsm.kms.update_crypto_key_primary_version(OWNER, KEY, 2)
    assert hsm.decrypt(hsm.encrypt()) == b"text"


def test_an_object_that_cannot_be_removed_after_a_failure_waits_for_the_token(
    hsm: HsmWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stays(self: TokenBackend, cka_id: bytes) -> bool:
        raise TokenError(f"The token does not let {cka_id.hex()} go.")

    with monkeypatch.context() as patch:
        patch.setattr(TokenBackend, "destroy", stays)
        (cka_id,) = failing(hsm, monkeypatch, FailedPrecondition("It was not kept."))
        assert hsm.objects()[str(V1)] == (cka_id, token_objects.DOOMED)
        (finding,) = hsm.verify()
        assert cka_id.hex() in finding.message
        (left,) = hsm.maintain().left
        assert "does not let" in left
    assert hsm.holds(cka_id)
    assert hsm.maintain().left == []
    assert not hsm.holds(cka_id)


def test_a_row_of_an_object_that_was_removed_is_missed(hsm: HsmWorld) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION")
    text = hsm.encrypt()
    hsm.kms.close()
    hsm.sql("DELETE FROM token_objects")
    with pytest.raises(KmsError) as refused:
        hsm.decrypt(text)
    assert refused.value.status == "INTEGRITY"
    assert {"ORPHAN", "ROW_REPLAYED"} <= hsm.kinds()
