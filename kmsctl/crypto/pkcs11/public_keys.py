"""Public keys of a token as SubjectPublicKeyInfo in DER."""

from __future__ import annotations

from pkcs11.constants import Attribute
from pkcs11.mechanisms import KeyType

from kmsctl.crypto.pkcs11 import attributes, schemes
from kmsctl.errors import TokenError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

_OCTET_STRING = 0x04


def encode(public: Any) -> bytes:
    """Returns the SubjectPublicKeyInfo of a public key object."""
    kind = public[Attribute.KEY_TYPE]
    if kind == KeyType.RSA:
        return _rsa(public)
    point = _point(public[Attribute.EC_POINT])
    if kind == KeyType.EC_EDWARDS:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        return der(Ed25519PublicKey.from_public_bytes(point))
    return _ec(public[Attribute.EC_PARAMS], point)


def of_private(private: Any) -> bytes | None:
    """Returns the public key of a private key whose attributes tell it, as RSA keys' do, or None."""
    if private[Attribute.KEY_TYPE] == KeyType.RSA and attributes.read(private, Attribute.PUBLIC_EXPONENT):
        return _rsa(private)
    return None


def der(key: PublicKeyTypes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _rsa(key: Any) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    exponent = int.from_bytes(key[Attribute.PUBLIC_EXPONENT], "big")
    return der(RSAPublicNumbers(exponent, int.from_bytes(key[Attribute.MODULUS], "big")).public_key())


def _ec(parameters: bytes, point: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec

    from kmsctl.crypto.software.ec import CURVES

    for name, oid in schemes.CURVES.items():
        if oid == parameters and name in CURVES:
            return der(ec.EllipticCurvePublicKey.from_encoded_point(CURVES[name](), point))
    raise TokenError("The token made a key on a curve that was not asked for.")


def _point(encoded: bytes) -> bytes:
    """Takes the DER octet string off; some modules leave it out, for Ed25519 most."""
    if len(encoded) > 2 and encoded[0] == _OCTET_STRING and encoded[1] == len(encoded) - 2:
        return encoded[2:]
    return encoded
