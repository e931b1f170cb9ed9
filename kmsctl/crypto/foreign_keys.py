"""What somebody else's key material is, as far as its outermost bytes tell.

Nothing secret is read or computed with, so this is quick whatever is sent: it is what refuses a
modulus of 60,000 bits before a library spends minutes on it, and what tells people which of the
many forms of private keys they have. Whether a key is sound is the backend's to check.
"""

from __future__ import annotations

from kmsctl.model import algorithms, pem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.algorithms import Algorithm

# Forms of a private key, or of what was taken for one.
PKCS8 = "a PKCS#8 key"
ENCRYPTED = "an encrypted PKCS#8 key"
PKCS1 = "a PKCS#1 RSA key"
SEC1 = "a SEC 1 EC key"
PUBLIC = "a public key"
PEM = "PEM text"

_SEQUENCE, _INTEGER, _OCTETS, _BITS, _OID = 0x30, 0x02, 0x04, 0x03, 0x06
#: How the outermost SEQUENCE of each form begins (RFC 5958, 8017, 5915 and 5280).
_SHAPES = (
    ((_INTEGER, _SEQUENCE, _OCTETS), PKCS8),
    ((_INTEGER, _INTEGER, _INTEGER), PKCS1),
    ((_INTEGER, _OCTETS), SEC1),
    ((_SEQUENCE, _OCTETS), ENCRYPTED),
    ((_SEQUENCE, _BITS), PUBLIC),
)
_SHORT_FORM = 0x80
_MAX_LENGTH_OCTETS = 4
_MIN_EXPONENT = 65537

RSA, _RSA_PSS, EC = "RSA", "RSA-PSS", "EC"
#: Object identifiers (DER content) → the kind of key, named as `Algorithm.parameters` names it.
_KINDS = {
    "2a864886f70d010101": RSA,
    "2a864886f70d01010a": _RSA_PSS,
    "2a8648ce3d0201": EC,
    "2a8648ce380401": "DSA",
    "2b6570": "Ed25519",
    "2b6571": "Ed448",
    "2b656e": "X25519",
    "2b656f": "X448",
    "608648016503040311": "ML-DSA-44",
    "608648016503040312": "ML-DSA-65",
    "608648016503040313": "ML-DSA-87",
    "608648016503040314": "SLH-DSA-SHA2-128s",
    "608648016503040401": "ML-KEM-512",
    "608648016503040402": "ML-KEM-768",
    "608648016503040403": "ML-KEM-1024",
    "2b0601040183e62d81c87a": "X-Wing",
}
_CURVES = {
    "2a8648ce3d030107": "P-256",
    "2b81040022": "P-384",
    "2b81040023": "P-521",
    "2b81040021": "P-224",
    "2b8104000a": "secp256k1",
}


class Malformed(Exception):
    """The bytes are no DER of the expected shape."""


class PrivateKeyInfo:
    """What a PKCS#8 structure says about its key, unchecked.

    Attributes:
        kind: ``RSA``, ``EC``, a name such as ``Ed25519`` or ``ML-DSA-65``; None if it is unknown.
        curve: of an EC key: its name; None if it is unknown or spelled out.
        bits: of an RSA modulus, else 0.
        exponent: of an RSA public key, else 0.
    """

    __slots__ = ("bits", "curve", "exponent", "kind")

    def __init__(
        self, kind: str | None, *, curve: str | None = None, bits: int = 0, exponent: int = 0
    ) -> None:
        self.kind = kind
        self.curve = curve
        self.bits = bits
        self.exponent = exponent


def form(data: bytes) -> str | None:
    """Returns one of this module's forms, or None if the bytes are none of them."""
    if pem.label_of(data) is not None:
        return PEM
    try:
        tags = _tags(data)
    except Malformed:
        return None
    return next((name for shape, name in _SHAPES if tuple(tags[: len(shape)]) == shape), None)


def inspect(der: bytes) -> PrivateKeyInfo:
    """Reads what a PKCS#8 structure says about its key.

    Raises:
        Malformed: if it is none.
    """
    _, start, end = _read(der, 0, len(der))
    _, _, at = _read(der, start, end, _INTEGER)
    _, first, at = _read(der, at, end, _SEQUENCE)
    identifier_end = at
    _, oid_start, oid_end = _read(der, first, identifier_end, _OID)
    kind = _KINDS.get(der[oid_start:oid_end].hex())
    if kind == EC:
        tag, curve_start, curve_end = _read(der, oid_end, identifier_end)
        return PrivateKeyInfo(
            kind, curve=_CURVES.get(der[curve_start:curve_end].hex()) if tag == _OID else None
        )
    if kind not in (RSA, _RSA_PSS):
        return PrivateKeyInfo(kind)
    _, key_start, key_end = _read(der, at, end, _OCTETS)
    _, at, inner_end = _read(der, key_start, key_end, _SEQUENCE)
    _, _, at = _read(der, at, inner_end, _INTEGER)
    _, modulus, at = _read(der, at, inner_end, _INTEGER)
    bits = int.from_bytes(der[modulus:at], "big").bit_length()
    _, exponent, at = _read(der, at, inner_end, _INTEGER)
    return PrivateKeyInfo(RSA, bits=bits, exponent=int.from_bytes(der[exponent:at], "big"))


def problem(algorithm: Algorithm, material: bytes) -> str | None:
    """Returns a sentence that says why material cannot be a key of `algorithm`, or None.

    Args:
        algorithm: of the version to be.
        material: as it is before wrapping: raw bytes, or PKCS#8 DER.
    """
    if algorithm.secret_size is not None:
        return _symmetric_problem(algorithm, material)
    found = form(material)
    if found == ENCRYPTED:
        return "The key material is an encrypted PKCS#8 key; it must be decrypted before it is wrapped."
    if found is None:
        return f"The key material is not a private key; {algorithm.enum} needs one as PKCS#8 in DER."
    if found != PKCS8:
        return f"The key material is {found}; {algorithm.enum} needs the private key as PKCS#8 in DER."
    try:
        info = inspect(material)
    except Malformed:
        return "The key material is not a well-formed PKCS#8 key in DER."
    return mismatch(algorithm, info)


def unsound(algorithm: Algorithm) -> str:
    """Returns the sentence for material that `problem` finds nothing wrong with, but that is not a key."""
    if algorithm.public_key_size is not None:
        return (
            f"The key material is not a sound key of {algorithm.enum}; it must be in the seed form, where "
            "the algorithm has one."
        )
    return (
        f"The key material has the type and size of {algorithm.enum}, but its parts do not belong together, "
        "or it is not DER."
    )


def _symmetric_problem(algorithm: Algorithm, material: bytes) -> str | None:
    size = algorithm.secret_size or 0
    if len(material) == size:
        return None
    text = (
        f"The key material has {len(material)} bytes; {algorithm.enum} needs exactly {size} bytes, "
        "not encoded."
    )
    stripped = material.strip()
    if len(stripped) == 2 * size and _is_made_of(stripped, b"0123456789abcdefABCDEF"):
        return text + " It looks like hexadecimal digits."
    base64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
    if len(stripped.rstrip(b"=")) == (8 * size + 5) // 6 and _is_made_of(stripped.rstrip(b"="), base64):
        return text + " It looks like base64."
    return text


def _is_made_of(text: bytes, characters: bytes) -> bool:
    return set(characters).issuperset(text)


def mismatch(algorithm: Algorithm, info: PrivateKeyInfo) -> str | None:
    """Compares what a key says it is with what the algorithm needs, and says what is wrong, or None."""
    wanted = (
        EC if algorithm.family == algorithms.ECDSA else RSA if algorithm.key_bits else algorithm.parameters
    )
    if info.kind != wanted:
        return f"The key material is a key of type {info.kind or 'unknown'}; {algorithm.enum} needs {wanted}."
    if wanted == EC and info.curve is not None and info.curve != algorithm.parameters:
        return (
            f"The key material is an EC key on {info.curve}; {algorithm.enum} needs {algorithm.parameters}."
        )
    if wanted == RSA and info.bits != algorithm.key_bits:
        return (
            f"The key material is an RSA key of {info.bits} bits; {algorithm.enum} needs "
            f"{algorithm.key_bits} bits."
        )
    if wanted == RSA and info.exponent < _MIN_EXPONENT:
        return (
            f"The key material is an RSA key with the public exponent {info.exponent}; it must be at least "
            f"{_MIN_EXPONENT}."
        )
    return None


def _tags(der: bytes) -> list[int]:
    """Returns the tags of what the outermost SEQUENCE holds; it must be all there is."""
    tag, at, end = _read(der, 0, len(der))
    if tag != _SEQUENCE or end != len(der):
        raise Malformed
    tags: list[int] = []
    while at < end and len(tags) < 10:
        tag, _, at = _read(der, at, end)
        tags.append(tag)
    return tags


def _read(der: bytes, at: int, end: int, expected: int | None = None) -> tuple[int, int, int]:
    """Reads the head of one DER value. Returns its tag, and where its content starts and ends."""
    if at + 2 > end:
        raise Malformed
    tag, length = der[at], der[at + 1]
    start = at + 2
    if length >= _SHORT_FORM:
        octets = length & 0x7F
        if not 0 < octets <= _MAX_LENGTH_OCTETS or start + octets > end:
            raise Malformed
        length = int.from_bytes(der[start : start + octets], "big")
        start += octets
    if start + length > end or (expected is not None and tag != expected):
        raise Malformed
    return tag, start, start + length
