"""What the algorithms' families are in PKCS#11: key types, mechanisms, usage."""

from __future__ import annotations

from pkcs11.constants import Attribute, MechanismFlag
from pkcs11.mechanisms import MGF, KeyType, Mechanism

from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.algorithms import Algorithm

#: Families with keys that encrypt: AES.
_AES = {
    algorithms.GOOGLE_SYMMETRIC: Mechanism.AES_GCM,
    algorithms.AES_GCM: Mechanism.AES_GCM,
    algorithms.AES_CBC: Mechanism.AES_CBC,
    algorithms.AES_CTR: Mechanism.AES_CTR,
}
#: Families of signatures → (key type, making key pairs, signing). Digests are taken outside (rule 4).
_SIGNATURES = {
    algorithms.ECDSA: (KeyType.EC, Mechanism.EC_KEY_PAIR_GEN, Mechanism.ECDSA),
    algorithms.ED25519: (KeyType.EC_EDWARDS, Mechanism.EC_EDWARDS_KEY_PAIR_GEN, Mechanism.EDDSA),
    algorithms.RSA_PKCS1: (KeyType.RSA, Mechanism.RSA_PKCS_KEY_PAIR_GEN, Mechanism.RSA_PKCS),
    algorithms.RSA_RAW_PKCS1: (KeyType.RSA, Mechanism.RSA_PKCS_KEY_PAIR_GEN, Mechanism.RSA_PKCS),
    algorithms.RSA_PSS: (KeyType.RSA, Mechanism.RSA_PKCS_KEY_PAIR_GEN, Mechanism.RSA_PKCS_PSS),
}
HMACS: dict[str | None, Mechanism] = {
    "SHA1": Mechanism.SHA_1_HMAC,
    "SHA224": Mechanism.SHA224_HMAC,
    "SHA256": Mechanism.SHA256_HMAC,
    "SHA384": Mechanism.SHA384_HMAC,
    "SHA512": Mechanism.SHA512_HMAC,
}
#: Digest → the parameters that PSS and OAEP have for it.
DIGESTS: dict[str | None, tuple[Mechanism, MGF]] = {
    "SHA1": (Mechanism.SHA_1, MGF.SHA1),
    "SHA256": (Mechanism.SHA256, MGF.SHA256),
    "SHA384": (Mechanism.SHA384, MGF.SHA384),
    "SHA512": (Mechanism.SHA512, MGF.SHA512),
}
#: Curve → its object identifier in DER (SEC 2, RFC 8410).
CURVES: dict[str | None, bytes] = {
    "P-256": bytes.fromhex("06082a8648ce3d030107"),
    "P-384": bytes.fromhex("06052b81040022"),
    "secp256k1": bytes.fromhex("06052b8104000a"),
    "Ed25519": bytes.fromhex("06032b6570"),
}
#: The other spelling of Ed25519's parameters, which PKCS#11 3.0 began with: a PrintableString.
EDWARDS25519_NAME = b"\x13\x0cedwards25519"


class Scheme:
    """How keys of a family are made and used.

    Attributes:
        key_type: CKA_KEY_TYPE.
        making: the mechanism that makes a key or a key pair.
        using: the mechanism that uses it.
        flags: the usage of both keys of a pair, as python-pkcs11 is told it.
        usage: the usage attributes that the private or secret key must have.
    """

    __slots__ = ("flags", "key_type", "making", "usage", "using")

    def __init__(
        self, key_type: KeyType, making: Mechanism, using: Mechanism, flags: MechanismFlag, *usage: Attribute
    ) -> None:
        self.key_type = key_type
        self.making = making
        self.using = using
        self.flags = flags
        self.usage = frozenset(usage)


def scheme_of(algorithm: Algorithm) -> Scheme | None:
    """Returns the scheme of an algorithm, or None if no HSM key has it."""
    family = algorithm.family
    if algorithms.HSM not in algorithm.protection_levels:
        return None
    if family in _AES:
        flags = MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT
        making = Mechanism.AES_KEY_GEN
        return Scheme(KeyType.AES, making, _AES[family], flags, Attribute.ENCRYPT, Attribute.DECRYPT)
    if family == algorithms.HMAC:
        # Keys typed by their digest are refused by half of the modules; generic ones by none.
        flags = MechanismFlag.SIGN | MechanismFlag.VERIFY
        making, using = Mechanism.GENERIC_SECRET_KEY_GEN, HMACS[algorithm.digest]
        return Scheme(KeyType.GENERIC_SECRET, making, using, flags, Attribute.SIGN, Attribute.VERIFY)
    if family in _SIGNATURES:
        flags = MechanismFlag.SIGN | MechanismFlag.VERIFY
        return Scheme(*_SIGNATURES[family], flags, Attribute.SIGN)
    if family == algorithms.RSA_OAEP:
        flags = MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT
        making, using = Mechanism.RSA_PKCS_KEY_PAIR_GEN, Mechanism.RSA_PKCS_OAEP
        return Scheme(KeyType.RSA, making, using, flags, Attribute.DECRYPT)
    return None


def wrapping_scheme() -> Scheme:
    """Returns the scheme of an import job's key pair, which wraps and does nothing else."""
    flags = MechanismFlag.WRAP | MechanismFlag.UNWRAP
    making, using = Mechanism.RSA_PKCS_KEY_PAIR_GEN, Mechanism.RSA_PKCS_OAEP
    return Scheme(KeyType.RSA, making, using, flags, Attribute.UNWRAP)
