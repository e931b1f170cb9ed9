"""Keys in tokens: what is made, found, refused and destroyed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.crypto.import_wrapping import wrap
from kmsctl.crypto.importing import UnwrapError
from kmsctl.crypto.pkcs11 import TokenBackend, inspection
from kmsctl.crypto.software import SoftwareBackend
from kmsctl.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    TokenError,
    Unimplemented,
)
from kmsctl.model import algorithms, import_methods, pem, pkcs11_uri
from kmsctl.model.algorithms import by_enum
from tests import tokens

if TYPE_CHECKING:
    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.crypto.pkcs11.connection import TokenSession

pytest.importorskip("pkcs11", reason="python-pkcs11 is missing: NO HSM TEST RUNS. pip install kmsctl[hsm]")

from pkcs11.constants import Attribute, CertificateType, ObjectClass

from kmsctl.crypto.pkcs11 import attributes, keys

_SYMMETRIC = by_enum("GOOGLE_SYMMETRIC_ENCRYPTION")
_P256 = by_enum("EC_SIGN_P256_SHA256")
_RSA = by_enum("RSA_SIGN_PKCS1_2048_SHA256")
_METHOD = import_methods.by_enum("RSA_OAEP_3072_SHA1_AES_256")


@pytest.fixture(scope="module", params=["softhsm", "nss"])
def token(request: pytest.FixtureRequest) -> tokens.Token:
    found: tokens.Token = request.getfixturevalue(f"{request.param}_token")
    return found


@pytest.fixture(scope="module")
def backend(token: tokens.Token) -> TokenBackend:
    return TokenBackend.open(pkcs11_uri.parse(token.uri), lambda: tokens.PIN, token.locks)


@pytest.fixture(scope="module")
def wrapping(backend: TokenBackend) -> KeyMaterial:
    return backend.create_wrapping_pair(_METHOD, os.urandom(16), "import job")


def _id() -> bytes:
    return os.urandom(16)


def test_a_key_stays_inside_and_does_one_thing(backend: TokenBackend) -> None:
    for algorithm, usage in ((_SYMMETRIC, {"ENCRYPT", "DECRYPT"}), (_P256, {"SIGN"})):
        made = backend.create(algorithm, _id(), "prod/db/1")
        stated = backend.attributes(made.secret)
        assert stated["CKA_LABEL"] == "prod/db/1"
        assert stated["CKA_ID"] == made.secret.hex()
        for name in ("TOKEN", "PRIVATE", "SENSITIVE", "ALWAYS_SENSITIVE", "NEVER_EXTRACTABLE"):
            assert stated[f"CKA_{name}"] is True
        assert stated["CKA_EXTRACTABLE"] is False
        assert {each.name for each in attributes.USAGE if stated.get(f"CKA_{each.name}")} == usage
        assert not [name for name in stated if "VALUE" in name and name != "CKA_VALUE_LEN"]


def test_an_import_jobs_key_unwraps_and_does_nothing_else(
    backend: TokenBackend, wrapping: KeyMaterial
) -> None:
    stated = backend.attributes(wrapping.secret)
    assert {each.name for each in attributes.USAGE if stated.get(f"CKA_{each.name}")} == {"UNWRAP"}


def test_what_was_made_is_found_and_destroyed(backend: TokenBackend) -> None:
    for algorithm in (_SYMMETRIC, _P256, _RSA):
        made = backend.create(algorithm, _id(), "key")
        found = backend.find(made.secret)
        assert found is not None
        assert (found.secret, found.public) == (made.secret, made.public)
        assert backend.destroy(made.secret) is True
        assert backend.find(made.secret) is None
        assert backend.destroy(made.secret) is False
        with pytest.raises(NotFound, match=f"no key with the CKA_ID {made.secret.hex()}"):
            backend.attributes(made.secret)


def test_a_certificate_with_the_id_of_a_key_stays(softhsm_token: tokens.Token) -> None:
    backend = TokenBackend.open(pkcs11_uri.parse(softhsm_token.uri), lambda: tokens.PIN, softhsm_token.locks)
    made = backend.create(_P256, _id(), "key")
    certificate = {
        Attribute.CLASS: ObjectClass.CERTIFICATE,
        Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
        Attribute.TOKEN: True,
        Attribute.ID: made.secret,
        Attribute.SUBJECT: b"\x30\x00",
        Attribute.VALUE: b"\x30\x00",
    }

    def add(session: TokenSession) -> None:
        session.session.create_object(certificate)

    def left(session: TokenSession) -> list[ObjectClass]:
        return [each[Attribute.CLASS] for each in keys.search(session, made.secret)]

    backend.connection.run(add, "adding", exclusive=True)
    assert backend.find(made.secret) is not None
    assert backend.destroy(made.secret) is True
    assert backend.connection.run(left, "looking") == [ObjectClass.CERTIFICATE]


def test_a_key_that_is_gone_is_named(backend: TokenBackend) -> None:
    gone = _id()
    with pytest.raises(NotFound, match=gone.hex()):
        backend.encrypt(gone, b"", b"")
    with pytest.raises(NotFound, match=gone.hex()):
        backend.sign(_P256, gone, data=b"")


def test_an_id_that_is_taken_is_refused(backend: TokenBackend, wrapping: KeyMaterial) -> None:
    made = backend.create(_SYMMETRIC, _id(), "first")
    sealed = backend.encrypt(made.secret, b"text", b"")
    for algorithm in (_SYMMETRIC, _P256):
        with pytest.raises(AlreadyExists, match=made.secret.hex()):
            backend.create(algorithm, made.secret, "second")
    with pytest.raises(AlreadyExists):
        _import(backend, wrapping, _SYMMETRIC, os.urandom(32), made.secret)
    assert backend.decrypt(made.secret, sealed, b"") == b"text"


def test_objects_of_others_are_never_looked_for(backend: TokenBackend) -> None:
    for not_ours in (b"", b"\x01", bytes(20)):
        for touch in (backend.find, backend.destroy, backend.attributes):
            with pytest.raises(Exception, match="A CKA_ID of kmsctl has 16 bytes"):
                touch(not_ours)


def test_what_a_token_lacks_is_refused_at_creation_by_name(
    backend: TokenBackend, token: tokens.Token
) -> None:
    lacks = {
        "softhsm": ("RSA_DECRYPT_OAEP_2048_SHA256", "CKM_RSA_PKCS_OAEP with SHA256"),
        "nss": ("EC_SIGN_SECP256K1_SHA256", "keys on the curve secp256k1"),
    }
    enum, lack = lacks[token.kind]
    cka_id = _id()
    with pytest.raises(
        Unimplemented, match=f"{enum} is not available: the token 'kmsctl-test' of .* lacks {lack}"
    ):
        backend.create(by_enum(enum), cka_id, "key")
    assert backend.find(cka_id) is None
    with pytest.raises(FailedPrecondition, match="is not an algorithm of HSM keys"):
        backend.create(by_enum("PQ_SIGN_ML_DSA_65"), cka_id, "key")


def test_an_attribute_that_was_not_kept_destroys_the_key(
    backend: TokenBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pkcs11.constants import Attribute

    cka_id = _id()
    monkeypatch.setitem(attributes.KEPT_INSIDE, Attribute.EXTRACTABLE, True)
    monkeypatch.setattr(attributes, "enforce", lambda key, usage: None)
    not_kept = attributes.not_kept

    def strict(key: Any, usage: frozenset[Any]) -> str | None:
        attributes.KEPT_INSIDE[Attribute.EXTRACTABLE] = False
        return not_kept(key, usage)

    monkeypatch.setattr(attributes, "not_kept", strict)
    with pytest.raises(TokenError, match="did not keep the attribute CKA_EXTRACTABLE"):
        backend.create(_SYMMETRIC, cka_id, "key")
    assert backend.find(cka_id) is None


def test_a_key_that_the_token_lost_is_not_made(
    backend: TokenBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, cka_id = keys.find, _id()

    def lose(session: TokenSession, wanted: bytes) -> Any:
        for each in keys.search(session, wanted):
            each.destroy()
        return find(session, wanted)

    monkeypatch.setattr(keys, "find", lose)
    with pytest.raises(TokenError, match="reported a key as made and does not have it"):
        backend.create(_SYMMETRIC, cka_id, "key")


def test_a_key_that_does_not_work_is_not_left_behind(
    backend: TokenBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kmsctl.crypto.pkcs11 import symmetric

    cka_id = _id()
    monkeypatch.setattr(symmetric, "open_", lambda *given: b"something else")
    with pytest.raises(TokenError, match="computes GOOGLE_SYMMETRIC_ENCRYPTION wrongly"):
        backend.create(_SYMMETRIC, cka_id, "key")
    assert backend.find(cka_id) is None


def _import(
    backend: TokenBackend,
    wrapping: KeyMaterial,
    algorithm: algorithms.Algorithm,
    material: bytes,
    cka_id: bytes,
) -> KeyMaterial:
    wrapped = wrap(_METHOD, pem.encode(pem.PUBLIC_KEY, wrapping.public or b""), material, os.urandom)
    return backend.unwrap(_METHOD, wrapping.secret, algorithm, cka_id, "imported", wrapped)


@pytest.mark.parametrize(
    "enum",
    [
        "GOOGLE_SYMMETRIC_ENCRYPTION",
        "AES_128_CBC",
        "HMAC_SHA1",
        "HMAC_SHA512",
        "EC_SIGN_P256_SHA256",
        "EC_SIGN_P384_SHA384",
        "EC_SIGN_SECP256K1_SHA256",
        "RSA_SIGN_PSS_2048_SHA256",
        "RSA_DECRYPT_OAEP_2048_SHA1",
    ],
)
def test_keys_are_unwrapped_inside(backend: TokenBackend, wrapping: KeyMaterial, enum: str) -> None:
    algorithm = by_enum(enum)
    own = SoftwareBackend().generate(algorithm)
    try:
        made = _import(backend, wrapping, algorithm, own.secret, _id())
    except Unimplemented as error:
        # NSS has no secp256k1, and cannot unwrap EC keys without being told their public keys.
        if "softokn" not in error.message:
            raise
        pytest.skip(error.message)
    assert made.public == own.public
    stated = backend.attributes(made.secret)
    assert (stated["CKA_SENSITIVE"], stated["CKA_EXTRACTABLE"], stated["CKA_LOCAL"]) == (True, False, False)
    if enum.startswith("EC"):
        signature = backend.sign(algorithm, made.secret, data=b"data")
        assert SoftwareBackend().verify(algorithm, own.public or b"", signature, data=b"data")
    if enum.startswith("HMAC"):
        expected = SoftwareBackend().mac_sign(algorithm, own.secret, b"data")
        assert backend.mac_sign(algorithm, made.secret, b"data") == expected


def test_public_keys_of_imported_ec_keys_are_right_for_many(
    backend: TokenBackend, wrapping: KeyMaterial
) -> None:
    """Whether a y coordinate is odd is a matter of chance: eight keys have both kinds, all but surely."""
    for _ in range(8):
        own = SoftwareBackend().generate(_P256)
        try:
            assert _import(backend, wrapping, _P256, own.secret, _id()).public == own.public
        except Unimplemented as error:
            pytest.skip(error.message)


@pytest.mark.parametrize(
    ("of", "into"),
    [
        ("AES_128_CBC", "GOOGLE_SYMMETRIC_ENCRYPTION"),
        ("HMAC_SHA256", "HMAC_SHA512"),
        ("EC_SIGN_P384_SHA384", "GOOGLE_SYMMETRIC_ENCRYPTION"),
        ("RSA_SIGN_PSS_2048_SHA256", "RSA_SIGN_PSS_3072_SHA256"),
        ("RSA_SIGN_PSS_2048_SHA256", "EC_SIGN_P256_SHA256"),
    ],
)
def test_what_is_of_another_algorithm_is_refused_and_gone(
    backend: TokenBackend, wrapping: KeyMaterial, of: str, into: str
) -> None:
    cka_id = _id()
    material = SoftwareBackend().generate(by_enum(of)).secret
    with pytest.raises((InvalidArgument, UnwrapError, Unimplemented)):
        _import(backend, wrapping, by_enum(into), material, cka_id)
    assert backend.find(cka_id) is None


def test_every_flipped_byte_is_refused_alike(backend: TokenBackend, wrapping: KeyMaterial) -> None:
    public = pem.encode(pem.PUBLIC_KEY, wrapping.public or b"")
    wrapped = wrap(_METHOD, public, os.urandom(32), os.urandom)
    reasons = set()
    for position in (0, 100, _METHOD.encapsulation_size - 1, _METHOD.encapsulation_size, len(wrapped) - 1):
        cka_id, flipped = _id(), bytearray(wrapped)
        flipped[position] ^= 1
        with pytest.raises(UnwrapError) as caught:
            backend.unwrap(_METHOD, wrapping.secret, _SYMMETRIC, cka_id, "imported", bytes(flipped))
        reasons.add(caught.value.reason)
        assert backend.find(cka_id) is None
    assert len(reasons) == 1


def test_import_methods_are_those_that_the_token_can_do(backend: TokenBackend, token: tokens.Token) -> None:
    method = import_methods.by_enum("RSA_OAEP_3072_SHA256_AES_256")
    cka_id = _id()
    if token.kind == "softhsm":
        with pytest.raises(Unimplemented, match="lacks unwrapping by CKM_RSA_PKCS_OAEP with SHA256"):
            backend.create_wrapping_pair(method, cka_id, "job")
        assert backend.find(cka_id) is None
    else:
        assert backend.create_wrapping_pair(method, cka_id, "job").public
    hpke = import_methods.by_enum("HPKE_KEM_ML_KEM_768_HKDF_SHA256_AES_256_GCM")
    with pytest.raises(FailedPrecondition, match="is not one of HSM import jobs"):
        backend.create_wrapping_pair(hpke, cka_id, "job")


def test_a_root_key_is_wrapped_by_the_token(backend: TokenBackend) -> None:
    made = backend.create(_SYMMETRIC, _id(), "root key")
    root_key = os.urandom(32)
    wrapped = backend.wrap_root_key(made.secret, root_key)
    assert root_key not in wrapped
    assert backend.unwrap_root_key(made.secret, wrapped) == root_key
    with pytest.raises(InvalidArgument, match="Decryption failed"):
        backend.unwrap_root_key(made.secret, backend.encrypt(made.secret, root_key, b""))


def test_a_check_leaves_nothing_behind(backend: TokenBackend) -> None:
    def count(session: TokenSession) -> int:
        return len(list(session.session.get_objects({})))

    before = backend.connection.run(count, "counting")
    results = list(inspection.check(backend, lambda: 0.0))
    assert backend.connection.run(count, "counting") == before
    assert {each.passed for each in results} == {True, None}
    assert "google-symmetric-encryption" in [each.algorithm for each in results if each.passed]
    lacking = [each for each in results if each.passed is None]
    assert all(each.result.startswith("lacks ") for each in lacking)


def test_status_names_what_can_and_what_cannot_be_had(backend: TokenBackend, token: tokens.Token) -> None:
    found: Any = inspection.status(backend)
    assert found["token"]["label"] == tokens.LABEL
    assert found["token"]["pin"] in ("set", "not needed")
    assert {"CKM_AES_GCM", "CKM_ECDSA"} <= set(found["mechanisms"])
    every = {a.spelling for a in algorithms.ALGORITHMS if algorithms.HSM in a.protection_levels}
    lacking = {each["algorithm"] for each in found["unavailable"]}
    assert set(found["algorithms"]) | lacking == every
    assert not set(found["algorithms"]) & lacking
    assert ("ec-sign-secp256k1-sha256" in lacking) is (token.kind == "nss")
    [listed] = [
        each
        for each in inspection.tokens(pkcs11_uri.parse(token.uri), token.locks)
        if each["label"] == tokens.LABEL
    ]
    assert pkcs11_uri.parse(str(listed["uri"])).attributes["token"] == tokens.LABEL


def test_oaep_is_unpadded_outside_only_for_who_allows_it(softhsm_token: tokens.Token) -> None:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    uri = pkcs11_uri.parse(softhsm_token.uri)
    allowing = TokenBackend.open(
        uri, lambda: tokens.PIN, softhsm_token.locks, allow_software_oaep_unpadding=True
    )
    algorithm = by_enum("RSA_DECRYPT_OAEP_2048_SHA256")
    assert allowing.unavailable_reason(algorithm) is None
    made = allowing.create(algorithm, _id(), "key")
    public = load_der_public_key(made.public or b"")
    assert isinstance(public, rsa.RSAPublicKey)
    oaep = padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)
    for message in (b"", b"text", b"\0\1\0\1", bytes(190)):
        sealed = public.encrypt(message, oaep)
        assert allowing.asymmetric_decrypt(algorithm, made.secret, sealed) == message
    labelled = public.encrypt(b"text", padding.OAEP(padding.MGF1(SHA256()), SHA256(), b"label"))
    for wrong in (labelled, public.encrypt(b"text", padding.PKCS1v15()), bytes(256)):
        with pytest.raises(InvalidArgument, match=r"^Decryption failed\.$"):
            allowing.asymmetric_decrypt(algorithm, made.secret, wrong)
    forbidding = TokenBackend.open(uri, lambda: tokens.PIN, softhsm_token.locks)
    with pytest.raises(Unimplemented, match="CKM_RSA_PKCS_OAEP with SHA256"):
        forbidding.asymmetric_decrypt(algorithm, made.secret, public.encrypt(b"text", oaep))
