"""SLH-DSA-SHA2-128s (FIPS 205), pure mode with an empty context, from the optional package pqcrypto.

A private key is SK.seed ‖ SK.prf ‖ PK.seed ‖ PK.root in 64 bytes, a public key its last 32 (RFC 9909).
"""

from __future__ import annotations

from kmsctl.crypto.backend import KeyMaterial
from kmsctl.crypto.software import pkcs8, spki
from kmsctl.errors import Internal, Unimplemented
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from kmsctl.model.algorithms import Algorithm

    class _Scheme(Protocol):
        """The module ``pqcrypto.slh_dsa_sha2_128s``, as far as it is used here."""

        def keygen(self) -> tuple[bytes, bytes]: ...
        def sign(self, secret_key: bytes, message: bytes, /) -> bytes: ...
        def verify(self, public_key: bytes, message: bytes, signature: bytes, /) -> None: ...

    class _Library(Protocol):
        """The package ``pqcrypto``."""

        InvalidSignatureError: type[Exception]
        slh_dsa_sha2_128s: _Scheme


_PRIVATE_SIZE = 64
_PUBLIC_SIZE = 32


def _library(algorithm: Algorithm) -> _Library:
    """Returns the package; raises UNIMPLEMENTED if there is none."""
    from importlib import import_module

    try:
        package: Any = import_module("pqcrypto")
    except ImportError:
        package = None
    if not hasattr(package, "slh_dsa_sha2_128s"):
        raise Unimplemented(
            f"{algorithm.enum} needs the optional Python package pqcrypto 1.0 or newer; the package "
            "cryptography does not have SLH-DSA."
        )
    library: _Library = package
    return library


def require(algorithm: Algorithm) -> None:
    """Raises UNIMPLEMENTED where the optional package is missing, and for the pre-hash variant."""
    if algorithm.family == algorithms.HASH_SLH_DSA:
        raise Unimplemented(
            f"{algorithm.enum} is not available: neither cryptography nor pqcrypto can sign a digest "
            "with HashSLH-DSA."
        )
    _library(algorithm)


def generate(algorithm: Algorithm) -> KeyMaterial:
    """Makes a key pair."""
    public, secret = _library(algorithm).slh_dsa_sha2_128s.keygen()
    return _material(algorithm, secret, public)


def check_material(algorithm: Algorithm, secret: bytes) -> KeyMaterial:
    """Takes the form of RFC 9909. A signature shows that the root in the key belongs to its seed."""
    raw = spki.decode_private(algorithm, secret, _PRIVATE_SIZE)
    if raw is None:
        raise pkcs8.wrong_material(algorithm)
    probe = b"kmsctl import check"
    signature = _library(algorithm).slh_dsa_sha2_128s.sign(raw, probe)
    if not _verifies(algorithm, raw[-_PUBLIC_SIZE:], probe, signature):
        raise pkcs8.wrong_material(algorithm)
    return _material(algorithm, raw, raw[-_PUBLIC_SIZE:])


def _material(algorithm: Algorithm, secret: bytes, public: bytes) -> KeyMaterial:
    return KeyMaterial(spki.encode_private(algorithm, secret), spki.encode_public(algorithm, public))


def sign(algorithm: Algorithm, secret: bytes, value: bytes, *, digested: bool) -> bytes:  # noqa: ARG001 - it signs data only
    """Signs, and verifies before it hands out: a faulty signature can give the key away."""
    raw = spki.decode_private(algorithm, secret, _PRIVATE_SIZE)
    if raw is None:
        raise Internal("The stored key material is not of the version's algorithm.")
    signature = _library(algorithm).slh_dsa_sha2_128s.sign(raw, value)
    if not _verifies(algorithm, raw[-_PUBLIC_SIZE:], value, signature):
        raise Internal("The signature that was made does not verify, and was discarded.")
    return signature


def verify(
    algorithm: Algorithm,
    public: bytes,
    signature: bytes,
    value: bytes,
    *,
    digested: bool,  # noqa: ARG001 - it signs data only
) -> bool:
    """`public` is the SubjectPublicKeyInfo."""
    return _verifies(algorithm, spki.raw_public(algorithm, public), value, signature)


def _verifies(algorithm: Algorithm, raw: bytes, value: bytes, signature: bytes) -> bool:
    if len(signature) != algorithms.PARAMETER_SETS["SLH-DSA-SHA2-128s"][1]:
        return False
    library = _library(algorithm)
    try:
        library.slh_dsa_sha2_128s.verify(raw, value, signature)
    except library.InvalidSignatureError:
        return False
    return True
