"""ECDSA on P-256, P-384 and secp256k1 (FIPS 186-5, SEC 2)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils

from kmsctl.crypto.software import pkcs8
from kmsctl.crypto.software.digests import digest_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.model.algorithms import Algorithm

CURVES: dict[str | None, type[ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1,
    "P-384": ec.SECP384R1,
    "secp256k1": ec.SECP256K1,
}
#: The orders of the groups (SP 800-186, 3.2.1; SEC 2, 2.4.1).
ORDERS: dict[str | None, int] = {
    "P-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "P-384": int(
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16
    ),
    "secp256k1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
}


def require(algorithm: Algorithm) -> None:
    """Every supported release of the library has them."""


def generate(algorithm: Algorithm) -> KeyMaterial:
    """Makes a key pair."""
    return pkcs8.material(ec.generate_private_key(CURVES[algorithm.parameters]()))


def check_material(algorithm: Algorithm, secret: bytes) -> KeyMaterial:
    """The key must be on the curve of `algorithm`; it is stored with the name of the curve."""
    key = pkcs8.load_foreign(algorithm, secret)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not _fits(algorithm, key.curve):
        raise pkcs8.wrong_material(algorithm)
    return pkcs8.material(key)


def _fits(algorithm: Algorithm, curve: ec.EllipticCurve) -> bool:
    return isinstance(curve, CURVES[algorithm.parameters])


def _ecdsa(algorithm: Algorithm, *, digested: bool) -> ec.ECDSA:
    digest = digest_of(algorithm)
    return ec.ECDSA(utils.Prehashed(digest) if digested else digest)


def sign(algorithm: Algorithm, secret: bytes, value: bytes, *, digested: bool) -> bytes:
    """Returns a DER ``Ecdsa-Sig-Value``, with S in the lower half for secp256k1."""
    key = pkcs8.load(secret)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not _fits(algorithm, key.curve):
        raise pkcs8.not_of_the_algorithm()
    signature = key.sign(value, _ecdsa(algorithm, digested=digested))
    return low_s(signature) if algorithm.parameters == "secp256k1" else signature


def low_s(signature: bytes) -> bytes:
    """Of the two signatures (r, s) and (r, n - s), both valid, blockchains accept the lower s only."""
    r, s = utils.decode_dss_signature(signature)
    return utils.encode_dss_signature(r, min(s, ORDERS["secp256k1"] - s))


def verify(algorithm: Algorithm, public: bytes, signature: bytes, value: bytes, *, digested: bool) -> bool:
    """Takes a secp256k1 signature with either S."""
    key = pkcs8.load_public(public)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not _fits(algorithm, key.curve):
        raise pkcs8.not_of_the_algorithm()
    try:
        key.verify(signature, value, _ecdsa(algorithm, digested=digested))
    except InvalidSignature:
        return False
    return True
