"""Sealing a short secret for a passphrase, or for somebody's public key.

A passphrase goes through scrypt (RFC 7914) and seals with XAES-256-GCM. RSA keys take RSAES-OAEP and SHA-256;
X25519 and NIST curves HPKE (RFC 9180) in base mode with HKDF-SHA256 and AES-256-GCM, empty ``aad``.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm

from kmsctl.crypto import xaes
from kmsctl.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["InvalidTag", "open_with_passphrase", "open_with_private_key", "seal_for_passphrase", "seal_to"]

#: 128 MiB and about a third of a second a guess.
SCRYPT_N, SCRYPT_R, SCRYPT_P = 1 << 17, 8, 1
#: What is believed of a file before it can be checked: more would be a way to fill the memory.
_MOST_N, _MOST_R, _MOST_P = 1 << 20, 16, 4
_OAEP = "RSA_OAEP_SHA256"
_LEAST_RSA = 2048


def seal_for_passphrase(
    passphrase: bytes, secret: bytes, binding: bytes, random: Callable[[int], bytes]
) -> dict[str, object]:
    """Returns, for JSON, what opens `secret` with the passphrase and the same `binding`."""
    salt = random(32)
    key = _scrypt(passphrase, salt, SCRYPT_N, SCRYPT_R, SCRYPT_P)
    sealed = xaes.seal(key, random(xaes.NONCE_SIZE), secret, binding)
    costs = {"n": SCRYPT_N, "r": SCRYPT_R, "p": SCRYPT_P}
    return {"kdf": "scrypt", **costs, "salt": _text(salt), "sealed": _text(sealed)}


def open_with_passphrase(passphrase: bytes, found: dict[str, Any], binding: bytes) -> bytes:
    """Returns the secret.

    Raises:
        InvalidTag: if the passphrase is another one, or something was changed.
    """
    try:
        n, r, p = (int(found[name]) for name in ("n", "r", "p"))
        salt, sealed = _bytes(found["salt"]), _bytes(found["sealed"])
    except (KeyError, TypeError, ValueError):
        raise InvalidTag from None
    in_bounds = 1 < n <= _MOST_N and not n & (n - 1) and 0 < r <= _MOST_R and 0 < p <= _MOST_P
    if found.get("kdf") != "scrypt" or not in_bounds:
        raise InvalidTag
    return xaes.open_(_scrypt(passphrase, salt, n, r, p), sealed, binding)


def seal_to(public_key: bytes, secret: bytes, binding: bytes) -> dict[str, object]:
    """Returns, for JSON, what opens `secret` with the private key that belongs to `public_key` (PEM or DER).

    Raises:
        InvalidArgument: if that is no public key that secrets can be sealed to.
    """
    from cryptography.hazmat.primitives import serialization

    from kmsctl.crypto.integrity import digest

    key = _load_public(public_key)
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    der = key.public_bytes(serialization.Encoding.DER, spki)
    method = _method(key)
    if method == _OAEP:
        if key.key_size < _LEAST_RSA:
            raise InvalidArgument(f"An RSA key needs {_LEAST_RSA} bits or more.")
        sealed = key.encrypt(secret, _oaep(binding))
    else:
        sealed = _suite(method).encrypt(secret, key, info=binding)
    return {"method": method, "publicKeyDigest": digest(der).hex(), "sealed": _text(sealed)}


def open_with_private_key(
    private_key: bytes, passphrase: bytes | None, found: dict[str, Any], binding: bytes
) -> bytes:
    """Returns the secret.

    Raises:
        InvalidArgument: if `private_key` is no private key.
        InvalidTag: if it is another one, or something was changed.
    """
    key = _load_private(private_key, passphrase)
    try:
        sealed = _bytes(found["sealed"])
        method = _method(key.public_key())
        if found.get("method") != method:
            raise InvalidTag
        if method == _OAEP:
            opened: bytes = key.decrypt(sealed, _oaep(binding))
            return opened
        return bytes(_suite(method).decrypt(sealed, key, info=binding))
    except (KeyError, TypeError, ValueError):
        raise InvalidTag from None


def _load_public(data: bytes) -> Any:
    from cryptography.hazmat.primitives import serialization

    load = serialization.load_der_public_key
    if data.lstrip().startswith(b"-----BEGIN"):
        load = serialization.load_pem_public_key
    try:
        return load(data)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidArgument(
            "The recipient's public key is not one (SubjectPublicKeyInfo, PEM or DER).",
            hint="openssl pkey -in PRIVATE_KEY -pubout -out PUBLIC_KEY",
        ) from None


def _load_private(data: bytes, passphrase: bytes | None) -> Any:
    from cryptography.hazmat.primitives import serialization

    load = serialization.load_der_private_key
    if data.lstrip().startswith(b"-----BEGIN"):
        load = serialization.load_pem_private_key
    try:
        return load(data, passphrase)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        raise InvalidArgument(
            "The private key cannot be read: it is no PEM or DER private key, or its passphrase is another."
        ) from None


def _method(key: Any) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

    if isinstance(key, rsa.RSAPublicKey):
        return _OAEP
    if isinstance(key, x25519.X25519PublicKey):
        return "HPKE_X25519"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    raise InvalidArgument(
        "Secrets cannot be sealed to a key of this kind.",
        hint="Use an RSA, X25519, P-256, P-384 or P-521 key.",
    )


_CURVES = {"secp256r1": "HPKE_P256", "secp384r1": "HPKE_P384", "secp521r1": "HPKE_P521"}


def _suite(method: str) -> Any:
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

    return Suite(getattr(KEM, method.removeprefix("HPKE_")), KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def _oaep(binding: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256

    return padding.OAEP(padding.MGF1(SHA256()), SHA256(), binding)


def _scrypt(passphrase: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt, xaes.KEY_SIZE, n, r, p).derive(passphrase)


def _text(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()


def _bytes(text: str) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True)
    except Base64Error:
        raise ValueError from None
