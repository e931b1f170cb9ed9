"""Signatures and RSA-OAEP with private keys of a token. Digests are taken outside of it (rule 4)."""

from __future__ import annotations

from pkcs11.mechanisms import Mechanism

from kmsctl.crypto.pkcs11 import failures, schemes
from kmsctl.errors import InvalidArgument
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kmsctl.model.algorithms import Algorithm

#: Digest → the DER of a DigestInfo up to the digest (RFC 8017, 9.2, note 1).
_DIGEST_INFO = {
    "SHA256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "SHA384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "SHA512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
#: Curve → bytes of r and of s.
_HALVES: dict[str | None, int] = {"P-256": 32, "P-384": 48, "secp256k1": 32}


def digest_of(algorithm: Algorithm, data: bytes) -> bytes:
    """Returns what a signature over `data` is made over: its digest, or the data itself."""
    if algorithm.digest is None:
        return data
    from cryptography.hazmat.primitives.hashes import Hash

    from kmsctl.crypto.software import digests

    hashed = Hash(digests.digest_of(algorithm))
    hashed.update(data)
    return hashed.finalize()


def sign(key: Any, algorithm: Algorithm, value: bytes) -> bytes:
    """Signs a digest, or data for Ed25519 and RSA without DigestInfo; forms as `Backend.sign` has them."""
    family = algorithm.family
    if family == algorithms.ECDSA:
        return _der(algorithm, bytes(key.sign(value, mechanism=Mechanism.ECDSA)))
    if family == algorithms.ED25519:
        return bytes(key.sign(value, mechanism=Mechanism.EDDSA))
    if family == algorithms.RSA_PSS:
        parameters = (*schemes.DIGESTS[algorithm.digest], len(value))
        return bytes(key.sign(value, mechanism=Mechanism.RSA_PKCS_PSS, mechanism_param=parameters))
    prefix = _DIGEST_INFO[algorithm.digest] if algorithm.digest else b""
    return bytes(key.sign(prefix + value, mechanism=Mechanism.RSA_PKCS))


def _der(algorithm: Algorithm, signature: bytes) -> bytes:
    """Returns the DER ``Ecdsa-Sig-Value`` of r ‖ s, which is what tokens answer."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    from kmsctl.crypto.software import ec

    half = _HALVES[algorithm.parameters]
    if len(signature) != 2 * half:
        raise failures.senseless()
    encoded = encode_dss_signature(
        int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    )
    return ec.low_s(encoded) if algorithm.parameters == "secp256k1" else encoded


def decrypt(key: Any, algorithm: Algorithm, ciphertext: bytes, *, unpad: bool) -> bytes:
    """RSA-OAEP with an empty label; `unpad` says that it is to be unpadded outside of the token."""
    try:
        opened = unpadded(key, algorithm, ciphertext) if unpad else native(key, algorithm, ciphertext)
    except failures.kinds() as error:
        # NSS answers a message of another length than OAEP allows as if the parameters were wrong.
        if failures.name(error) not in failures.UNDECRYPTABLE | {"ArgumentsBad"}:
            raise
        opened = None
    if opened is None:
        # One text whatever was wrong: a caller must not learn how far the unpadding came.
        raise InvalidArgument("Decryption failed.")
    return opened


def native(key: Any, algorithm: Algorithm, ciphertext: bytes) -> bytes:
    """RSA-OAEP by the token itself."""
    parameters = (*schemes.DIGESTS[algorithm.digest], None)
    return bytes(key.decrypt(ciphertext, mechanism=Mechanism.RSA_PKCS_OAEP, mechanism_param=parameters))


def unpadded(key: Any, algorithm: Algorithm, ciphertext: bytes) -> bytes | None:
    """The private key operation by the token, the unpadding here: not constant-time (`oaep`)."""
    from kmsctl.crypto.pkcs11 import oaep

    encoded = bytes(key.decrypt(ciphertext, mechanism=Mechanism.RSA_X_509))
    return oaep.unpad(encoded.rjust(len(ciphertext), b"\0"), algorithm.digest or "")
