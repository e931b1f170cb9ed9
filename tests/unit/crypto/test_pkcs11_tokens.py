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
    from collections.abc import Callable

    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.crypto.pkcs11.connection import TokenSession
    from kmsctl.crypto.pkcs11.schemes import Scheme

pytest.importorskip("pkcs11", reason="python-pkcs11 is missing: NO HSM TEST RUNS. pip install kmsctl[hsm]")

from pkcs11.constants import Attribute, CertificateType, ObjectClass
from pkcs11.mechanisms import KeyType

from kmsctl.crypto.pkcs11 import asymmetric, attributes, failures, keys, recovery, symmetric
from kmsctl.crypto.pkcs11.cryptoki import Cryptoki, CryptokiError

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


def test_what_others_put_into_the_token_without_its_pin_is_not_used(softhsm_token: tokens.Token) -> None:
    """The CKA_ID of a key pair can be read without the PIN, and an object with it be made."""
    backend = TokenBackend.open(pkcs11_uri.parse(softhsm_token.uri), lambda: tokens.PIN, softhsm_token.locks)
    made = backend.create(_SYMMETRIC, _id(), "key")
    sealed = backend.encrypt(made.secret, b"text", b"")
    planted = {
        Attribute.CLASS: ObjectClass.SECRET_KEY,
        Attribute.KEY_TYPE: KeyType.AES,
        Attribute.TOKEN: True,
        Attribute.PRIVATE: False,
        Attribute.ID: made.secret,
        Attribute.VALUE: bytes(32),
        Attribute.ENCRYPT: True,
        Attribute.DECRYPT: True,
    }

    def plant(session: TokenSession) -> None:
        session.session.create_object(planted)

    def remove(session: TokenSession) -> None:
        for each in keys.search(session, made.secret, private=True):
            each.destroy()

    backend.connection.run(plant, "planting", exclusive=True)
    backend.close()
    assert backend.decrypt(made.secret, sealed, b"") == b"text"
    assert backend.find(made.secret) is not None
    backend.connection.run(remove, "removing", exclusive=True)
    backend.close()
    with pytest.raises(NotFound, match=made.secret.hex()):
        backend.encrypt(made.secret, b"text", b"")
    assert backend.find(made.secret) is None


def test_answers_that_make_no_sense_are_errors_of_the_token(backend: TokenBackend) -> None:
    cka_id = backend.create(_SYMMETRIC, _id(), "key").secret

    def misread(session: TokenSession) -> int:
        mapper: Any = session.mapper
        mapper.unpack_attributes(Attribute.KEY_TYPE, b"short")
        raise AssertionError("five bytes are no number")

    with pytest.raises(
        TokenError, match=r"could not be used for looking: .*its module's answer makes no sense"
    ):
        backend.connection.run(misread, "looking")
    assert backend.find(cka_id) is not None


def test_a_module_that_does_not_start_again_is_an_error_of_the_token(
    softhsm_token: tokens.Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = softhsm_token.uri.replace("token=kmsctl-test", "token=absent")
    backend = TokenBackend.open(pkcs11_uri.parse(uri), lambda: tokens.PIN, softhsm_token.locks)
    with pytest.raises(TokenError, match="No token"):
        _ = backend.identity

    def fail(self: Cryptoki, parameters: str | None) -> None:
        raise CryptokiError("C_Initialize", 0xE0)

    with monkeypatch.context() as patched:
        patched.setattr(Cryptoki, "initialize", fail)
        with pytest.raises(TokenError, match="CKR_TOKEN_NOT_PRESENT"):
            _ = backend.identity
    with pytest.raises(TokenError, match="No token"):
        _ = backend.identity


@pytest.mark.parametrize("change", [-1, 1])
def test_answers_of_another_length_are_refused(
    backend: TokenBackend, monkeypatch: pytest.MonkeyPatch, change: int
) -> None:
    cka_id = backend.create(_SYMMETRIC, _id(), "key").secret
    sealed = backend.encrypt(cka_id, b"some text", b"")
    gcm = Cryptoki.gcm

    def longer(*given: Any, **named: Any) -> bytes:
        return (gcm(*given, **named) + b"!")[: None if change > 0 else -2]

    monkeypatch.setattr(Cryptoki, "gcm", longer)
    with pytest.raises(TokenError, match="makes no sense"):
        backend.encrypt(cka_id, b"text", b"")
    with pytest.raises(TokenError, match="makes no sense"):
        backend.decrypt(cka_id, sealed, b"")

    class Key:
        def sign(self, data: bytes, **named: object) -> bytes:
            return bytes(64 + change)

        def decrypt(self, data: bytes, **named: object) -> bytes:
            return bytes(16 + change)

    uses: tuple[Callable[[], object], ...] = (
        lambda: symmetric.mac(Key(), by_enum("HMAC_SHA512"), b""),
        lambda: asymmetric.sign(Key(), _P256, bytes(32)),
        lambda: symmetric.raw_decrypt(
            None,  # type: ignore[arg-type]  # it has no part in this
            by_enum("AES_256_CBC"),
            Key(),
            bytes(16),
            aad=b"",
            iv=bytes(16),
        ),
    )
    for each in uses:
        with pytest.raises(failures.TokenFailure):
            each()


def test_a_key_of_another_size_is_not_kept(backend: TokenBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    make, cka_id = keys.make, _id()
    shorter = {"RSA_SIGN_PKCS1_3072_SHA256": "RSA_SIGN_PKCS1_2048_SHA256", "AES_256_GCM": "AES_128_GCM"}

    def wrong(session: TokenSession, scheme: Scheme, algorithm: algorithms.Algorithm, *named: Any) -> None:
        make(session, scheme, by_enum(shorter[algorithm.enum]), *named)

    monkeypatch.setattr(keys, "make", wrong)
    for enum in shorter:
        with pytest.raises(TokenError, match=f"of another size than {enum} has"):
            backend.create(by_enum(enum), cka_id, "key")
        assert backend.find(cka_id) is None


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


def _rsa_key(exponent: int, add: int = 0) -> bytes:
    """Returns PKCS#8 DER of an RSA key with another public exponent, and with something added to its modulus."""
    der = SoftwareBackend().generate(_RSA).secret
    at = der.index(b"\x02\x82\x01\x01\x00") + 5
    modulus = int.from_bytes(der[at : at + 256], "big") + add
    der = der[:at] + modulus.to_bytes(256, "big") + der[at + 256 :]
    return der.replace(b"\x02\x03\x01\x00\x01", b"\x02\x03" + exponent.to_bytes(3, "big"), 1)


def _ec_key(scalar: int) -> bytes:
    der = SoftwareBackend().generate(_P256).secret
    at = der.index(b"\x04\x20") + 2
    return der[:at] + scalar.to_bytes(32, "big") + der[at + 32 :]


_UNSOUND: dict[str, tuple[algorithms.Algorithm, Callable[[], bytes]]] = {
    "31 bytes": (_SYMMETRIC, lambda: bytes(31)),
    "33 bytes": (_SYMMETRIC, lambda: bytes(33)),
    "1 byte": (_SYMMETRIC, lambda: bytes(1)),
    "exponent 3": (_RSA, lambda: _rsa_key(3)),
    "exponent 65536": (_RSA, lambda: _rsa_key(65536)),
    "exponent 65538": (_RSA, lambda: _rsa_key(65538)),
    "exponent 65539": (_RSA, lambda: _rsa_key(65539)),
    "an even modulus": (_RSA, lambda: _rsa_key(65537, -1)),
    "another modulus": (_RSA, lambda: _rsa_key(65537, 2)),
    "no key": (_RSA, lambda: os.urandom(100)),
    "the scalar 0": (_P256, lambda: _ec_key(0)),
    "the group's order": (_P256, lambda: _ec_key(recovery.ORDERS["P-256"])),
}


@pytest.mark.parametrize("kind", _UNSOUND)
def test_what_is_no_sound_key_is_the_materials_fault(
    backend: TokenBackend, wrapping: KeyMaterial, token: tokens.Token, kind: str
) -> None:
    """Modules unwrap much of it, and fail only at using it."""
    algorithm, make = _UNSOUND[kind]
    if token.kind == "nss" and algorithm is _P256:
        pytest.skip("NSS imports no EC keys.")
    cka_id = _id()
    with pytest.raises((InvalidArgument, UnwrapError)):
        _import(backend, wrapping, algorithm, make(), cka_id)
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
