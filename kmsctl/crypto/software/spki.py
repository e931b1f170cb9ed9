"""Public keys in the API's formats, and the DER of keys that the library cannot encode itself."""

from __future__ import annotations

from kmsctl.errors import InvalidArgument
from kmsctl.model import pem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.algorithms import Algorithm

#: Object identifiers in DER: RFC 9909 and draft-connolly-cfrg-xwing-kem.
OIDS = {
    "SLH-DSA-SHA2-128s": bytes.fromhex("0609608648016503040314"),
    "X-Wing": bytes.fromhex("060b2b0601040183e62d81c87a"),
}
_SHORT_FORM = 0x80


def _tlv(tag: int, *parts: bytes) -> bytes:
    """Encodes one DER value."""
    value = b"".join(parts)
    size = len(value)
    if size < _SHORT_FORM:
        return bytes((tag, size)) + value
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _SHORT_FORM | len(octets))) + octets + value


def encode_public(algorithm: Algorithm, raw: bytes) -> bytes:
    """Returns the SubjectPublicKeyInfo of a raw public key."""
    identifier = _tlv(0x30, OIDS[algorithm.parameters or ""])
    return _tlv(0x30, identifier, _tlv(0x03, b"\x00", raw))


def encode_private(algorithm: Algorithm, raw: bytes) -> bytes:
    """Returns the PKCS#8 OneAsymmetricKey of a raw private key."""
    identifier = _tlv(0x30, OIDS[algorithm.parameters or ""])
    return _tlv(0x30, b"\x02\x01\x00", identifier, _tlv(0x04, raw))


def decode_private(algorithm: Algorithm, der: bytes, size: int) -> bytes | None:
    """Returns the raw private key in what `encode_private` writes, or None if it is anything else."""
    raw = der[-size:]
    return raw if encode_private(algorithm, raw) == der else None


def raw_public(algorithm: Algorithm, public: bytes) -> bytes:
    """Returns the raw bytes of a post-quantum public key, which end its SubjectPublicKeyInfo."""
    return public[-(algorithm.public_key_size or 0) :]


def export(algorithm: Algorithm, public: bytes, form: str) -> bytes:
    """Returns a public key in the format `form`.

    Args:
        algorithm: of the key version.
        public: its SubjectPublicKeyInfo in DER.
        form: ``PEM`` (RFC 7468), ``DER``, ``NIST_PQC`` (as FIPS 203 to 205 encode it) or
            ``XWING_RAW_BYTES`` (as draft-connolly-cfrg-xwing-kem encodes it).

    Raises:
        InvalidArgument: if public keys of `algorithm` have no such format.
    """
    formats = algorithm.public_key_formats
    if form not in formats:
        raise InvalidArgument(
            f"public_key_format: {form} is not a format for {algorithm.enum}; "
            + (f"its formats are {', '.join(formats)}." if formats else "it has no public key.")
        )
    if form == "DER":
        return public
    if form == "PEM":
        return pem.encode(pem.PUBLIC_KEY, public)
    return raw_public(algorithm, public)
