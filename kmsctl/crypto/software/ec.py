"""ECDSA on P-256, P-384 and secp256k1 (FIPS 186-5, SEC 2), and Ed25519 (RFC 8032)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kmsctl.crypto.software import pkcs8
from kmsctl.crypto.software.digests import digest_of
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.model.algorithms import Algorithm

_CURVES: dict[str | None, type[ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1,
    "P-384": ec.SECP384R1,
    "secp256k1": ec.SECP256K1,
}
#: The order of the group of secp256k1 (SEC 2, 2.4.1).
_SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def require(algorithm: Algorithm) -> None:
    """Every supported release of the library has these."""


def generate(algorithm: Algorithm) -> KeyMaterial:
    """Makes a key pair."""
    if algorithm.family == algorithms.ED25519:
        return pkcs8.material(Ed25519PrivateKey.generate())
    return pkcs8.material(ec.generate_private_key(_CURVES[algorithm.parameters]()))


def check_material(algorithm: Algorithm, secret: bytes) -> KeyMaterial:
    """The key must be on the curve of `algorithm`; it is stored with the name of the curve."""
    key = pkcs8.load_foreign(algorithm, secret)
    if algorithm.family == algorithms.ED25519:
        fits = isinstance(key, Ed25519PrivateKey)
    else:
        fits = isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(
            key.curve, _CURVES[algorithm.parameters]
        )
    if not fits:
        raise pkcs8.wrong_material(algorithm)
    return pkcs8.material(key)


def _ecdsa(algorithm: Algorithm, *, digested: bool) -> ec.ECDSA:
    digest = digest_of(algorithm)
    return ec.ECDSA(utils.Prehashed(digest) if digested else digest)


def sign(algorithm: Algorithm, secret: bytes, value: bytes, *, digested: bool) -> bytes:
    """Returns DER for ECDSA, with S in the lower half for secp256k1; 64 bytes for Ed25519."""
    key = pkcs8.load(secret)
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(value)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise pkcs8.not_of_the_algorithm()
    signature = key.sign(value, _ecdsa(algorithm, digested=digested))
    return _low_s(signature) if algorithm.parameters == "secp256k1" else signature


def _low_s(signature: bytes) -> bytes:
    """Of the two signatures (r, s) and (r, n - s), both valid, blockchains accept the lower s only."""
    r, s = utils.decode_dss_signature(signature)
    return utils.encode_dss_signature(r, min(s, _SECP256K1_ORDER - s))


def verify(algorithm: Algorithm, public: bytes, signature: bytes, value: bytes, *, digested: bool) -> bool:
    """Takes a secp256k1 signature with either S."""
    key = pkcs8.load_public(public)
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, value)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, value, _ecdsa(algorithm, digested=digested))
        else:
            raise pkcs8.not_of_the_algorithm()
    except InvalidSignature:
        return False
    return True
