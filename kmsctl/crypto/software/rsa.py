"""RSA (RFC 8017): PKCS #1 v1.5 and PSS signatures, PKCS #1 v1.5 without DigestInfo, OAEP."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)

from kmsctl.crypto.software import pkcs8
from kmsctl.crypto.software.digests import digest_of
from kmsctl.errors import InvalidArgument, Unimplemented
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.model.algorithms import Algorithm

PUBLIC_EXPONENT = 65537


def require(algorithm: Algorithm) -> None:
    """Raises UNIMPLEMENTED where the installed library cannot sign without DigestInfo."""
    if algorithm.family == algorithms.RSA_RAW_PKCS1 and not hasattr(utils, "NoDigestInfo"):
        from cryptography import __version__

        raise Unimplemented(
            f"{algorithm.enum} needs the Python package cryptography 47 or newer; {__version__} is installed."
        )


def generate(algorithm: Algorithm) -> KeyMaterial:
    """Makes a key pair with the public exponent 65537."""
    return pkcs8.material(generate_private_key(PUBLIC_EXPONENT, algorithm.key_bits or 0))


def check_material(algorithm: Algorithm, secret: bytes) -> KeyMaterial:
    """Validates primes and exponents as well; takes up to a second for 4096 bits.

    The public exponent must be at least 65537 (FIPS 186-5, 5.1).
    """
    key = pkcs8.load_foreign(algorithm, secret)
    if (
        not isinstance(key, RSAPrivateKey)
        or key.key_size != algorithm.key_bits
        or key.public_key().public_numbers().e < PUBLIC_EXPONENT
    ):
        raise pkcs8.wrong_material(algorithm)
    return pkcs8.material(key)


def _private(algorithm: Algorithm, secret: bytes) -> RSAPrivateKey:
    key = pkcs8.load(secret)
    if not isinstance(key, RSAPrivateKey) or key.key_size != algorithm.key_bits:
        raise pkcs8.not_of_the_algorithm()
    return key


def _scheme(
    algorithm: Algorithm, *, digested: bool
) -> tuple[padding.AsymmetricPadding, HashAlgorithm | utils.Prehashed | utils.NoDigestInfo]:
    if algorithm.family == algorithms.RSA_RAW_PKCS1:
        return padding.PKCS1v15(), utils.NoDigestInfo()
    digest = digest_of(algorithm)
    hashing = utils.Prehashed(digest) if digested else digest
    if algorithm.family == algorithms.RSA_PSS:
        return padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH), hashing
    return padding.PKCS1v15(), hashing


def sign(algorithm: Algorithm, secret: bytes, value: bytes, *, digested: bool) -> bytes:
    """Signs a digest, or data; PSS has a salt of the digest's length."""
    scheme, hashing = _scheme(algorithm, digested=digested)
    return _private(algorithm, secret).sign(value, scheme, hashing)


def verify(algorithm: Algorithm, public: bytes, signature: bytes, value: bytes, *, digested: bool) -> bool:
    """PSS signatures must have a salt of the digest's length, as the API's have."""
    scheme, hashing = _scheme(algorithm, digested=digested)
    key = pkcs8.load_public(public)
    if not isinstance(key, RSAPublicKey):
        raise pkcs8.not_of_the_algorithm()
    try:
        # The library's verify takes NoDigestInfo too; only its annotation does not say so.
        key.verify(signature, value, scheme, hashing)  # type: ignore[arg-type]
    except InvalidSignature:
        return False
    return True


def decrypt(algorithm: Algorithm, secret: bytes, ciphertext: bytes) -> bytes:
    """OAEP with an empty label; one digest serves OAEP and MGF1."""
    digest = digest_of(algorithm)
    key = _private(algorithm, secret)
    try:
        return key.decrypt(ciphertext, padding.OAEP(padding.MGF1(digest), digest, None))
    except ValueError:
        # One text whatever was wrong: a caller must not learn how far the unpadding came.
        raise InvalidArgument("Decryption failed.") from None
