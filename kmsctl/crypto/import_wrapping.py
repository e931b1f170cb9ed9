"""Wrapping key material for import: what whoever owns the key does, on whatever machine.

It needs the public key of the import job and nothing else: no store, no network. The bytes are those
of docs/format.md, "Wrapped key material on import"; OpenSSL and PKCS#11 (CKM_RSA_AES_KEY_WRAP) make the same.
"""

from __future__ import annotations

import os

from kmsctl.errors import InvalidArgument
from kmsctl.model import pem
from kmsctl.model.import_methods import EPHEMERAL_KEY_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from kmsctl.model.import_methods import ImportMethod


def wrap(
    method: ImportMethod,
    public_key_pem: bytes,
    material: bytes,
    random: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """Wraps material for an import job.

    Args:
        method: the job's import method.
        public_key_pem: the job's public key, a SubjectPublicKeyInfo in PEM.
        material: raw bytes of symmetric and MAC keys, PKCS#8 DER of asymmetric ones.
        random: draws the ephemeral key of the RSA-AES methods.

    Raises:
        InvalidArgument: if the public key is not of the method, or the material empty or too long.
        Unimplemented: if the installed library lacks the method's KEM.
    """
    public = read_public_key(public_key_pem)
    if not material:
        raise InvalidArgument("The key material to wrap is empty.")
    if len(material) > method.max_material:
        raise InvalidArgument(
            f"The key material is larger than the import method's maximum size of {method.max_material} "
            f"bytes. Provided value had length {len(material)}.",
            hint=None
            if method.aes_kwp or method.hpke
            else "Use an import job whose method ends in -aes-256.",
        )
    if method.hpke:
        from kmsctl.crypto import hpke

        return hpke.seal(method.wrapping_algorithm, public, material)
    key = _rsa_public_key(method, public)
    if not method.aes_kwp:
        return _oaep(method, key, material)
    from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding

    ephemeral = random(EPHEMERAL_KEY_SIZE)
    return _oaep(method, key, ephemeral) + aes_key_wrap_with_padding(ephemeral, material)


def read_public_key(public_key_pem: bytes) -> bytes:
    """Returns the SubjectPublicKeyInfo in a PEM file; INVALID_ARGUMENT if there is none."""
    public = pem.decode(public_key_pem, pem.PUBLIC_KEY)
    if public is None:
        raise InvalidArgument(
            "The public key of the import job must be a PEM file with a PUBLIC KEY in it.",
            hint="kmsctl import-jobs describe JOB --format='value(publicKey.pem)' writes one.",
        )
    return public


def _rsa_public_key(method: ImportMethod, public: bytes) -> RSAPublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    bits = method.wrapping_algorithm.key_bits
    wrong = InvalidArgument(
        f"The public key is not of the import job's method: {method.enum} has RSA keys of {bits} bits.",
        hint="Check that file and import job belong together.",
    )
    try:
        key = load_der_public_key(public)
    except (ValueError, UnsupportedAlgorithm):
        raise wrong from None
    if not isinstance(key, RSAPublicKey) or key.key_size != bits:
        raise wrong
    return key


def _oaep(method: ImportMethod, key: RSAPublicKey, message: bytes) -> bytes:
    """RSAES-OAEP (RFC 8017) with an empty label; one digest serves OAEP and MGF1."""
    from cryptography.hazmat.primitives.asymmetric import padding

    from kmsctl.crypto.software.digests import digest_of

    digest = digest_of(method.wrapping_algorithm)
    return key.encrypt(message, padding.OAEP(padding.MGF1(digest), digest, None))
