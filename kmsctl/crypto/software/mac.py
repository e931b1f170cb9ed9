"""HMAC (FIPS 198-1)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hmac import HMAC

from kmsctl.crypto import checks
from kmsctl.crypto.software.digests import digest_of
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.algorithms import Algorithm


def _hmac(algorithm: Algorithm, secret: bytes, data: bytes) -> HMAC:
    checks.purpose(algorithm, algorithms.MAC)
    checks.length("data", data, algorithms.LIMITS[algorithms.SOFTWARE].mac_data)
    hmac = HMAC(secret, digest_of(algorithm))
    hmac.update(data)
    return hmac


def sign(algorithm: Algorithm, secret: bytes, data: bytes) -> bytes:
    """Returns the whole tag."""
    return _hmac(algorithm, secret, data).finalize()


def verify(algorithm: Algorithm, secret: bytes, data: bytes, mac: bytes) -> bool:
    """Compares in constant time; a tag of another length is simply false."""
    try:
        _hmac(algorithm, secret, data).verify(mac)
    except InvalidSignature:
        return False
    return True
