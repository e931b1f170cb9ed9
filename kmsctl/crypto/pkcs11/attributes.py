"""Attributes of keys: what is asked for, what must have been kept, what an attestation states."""

from __future__ import annotations

import struct

from pkcs11.attributes import AttributeMapper
from pkcs11.constants import Attribute, ObjectClass
from pkcs11.exceptions import PKCS11Error
from pkcs11.mechanisms import KeyType, Mechanism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import IntEnum
    from typing import Any

#: What keeps a key inside (rule 3). CKA_TOKEN, CKA_ID and CKA_LABEL come with each key.
KEPT_INSIDE: dict[Attribute, bool] = {
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
}
USAGE = (
    Attribute.ENCRYPT,
    Attribute.DECRYPT,
    Attribute.SIGN,
    Attribute.VERIFY,
    Attribute.WRAP,
    Attribute.UNWRAP,
    Attribute.DERIVE,
)
#: CK_UNAVAILABLE_INFORMATION: what SoftHSM says of the mechanism that made an unwrapped key.
UNAVAILABLE = 2 ** (8 * struct.calcsize("L")) - 1
#: What a token says of the length of a key when it does not say it: SoftHSM 2.6 has 0 for unwrapped ones.
UNTOLD_SIZES = (0, None)
_PRIVATE_KEYS_LACK = (Attribute.ENCRYPT, Attribute.VERIFY, Attribute.WRAP)

_FLAGS = (
    Attribute.TOKEN,
    Attribute.PRIVATE,
    Attribute.SENSITIVE,
    Attribute.EXTRACTABLE,
    Attribute.ALWAYS_SENSITIVE,
    Attribute.NEVER_EXTRACTABLE,
    Attribute.LOCAL,
    Attribute.MODIFIABLE,
    *USAGE,
)
_NUMBERS = (Attribute.VALUE_LEN,)
_BYTES = (Attribute.ID, Attribute.EC_PARAMS, Attribute.MODULUS, Attribute.PUBLIC_EXPONENT)
_ENUMS: tuple[tuple[Attribute, type[IntEnum]], ...] = (
    (Attribute.CLASS, ObjectClass),
    (Attribute.KEY_TYPE, KeyType),
    (Attribute.KEY_GEN_MECHANISM, Mechanism),
)


def _number(value: int) -> bytes:
    return struct.pack("L", int(value))


def _tolerant(known: type[IntEnum]) -> Callable[[bytes], int]:
    """Returns a reader of numbers that takes a vendor's own ones as plain numbers."""

    def read(value: bytes) -> int:
        (number,) = struct.unpack("L", value)
        try:
            return known(number)
        except ValueError:
            return int(number)

    return read


class Mapper(AttributeMapper):
    """python-pkcs11's templates, less what some modules refuse.

    Attributes:
        omits_false: leave out usage attributes that are false, which tpm2-pkcs11 refuses.
    """

    def __init__(self) -> None:
        super().__init__()
        self.omits_false = False
        for attribute, known in _ENUMS:
            self.register_handler(attribute, _number, _tolerant(known))

    def _less(self, template: dict[Attribute, Any]) -> dict[Attribute, Any]:
        if template.get(Attribute.CLASS) == ObjectClass.PRIVATE_KEY:
            for attribute in _PRIVATE_KEYS_LACK:
                template.pop(attribute, None)
        if self.omits_false:
            return {name: value for name, value in template.items() if value or name not in USAGE}
        return template

    def public_key_template(self, **given: Any) -> dict[Attribute, Any]:
        return self._less(super().public_key_template(**given))

    def private_key_template(self, **given: Any) -> dict[Attribute, Any]:
        return self._less(super().private_key_template(**given))

    def generic_key_template(self, base_template: dict[Attribute, Any], **given: Any) -> dict[Attribute, Any]:
        return self._less(super().generic_key_template(base_template, **given))


def read(key: Any, attribute: Attribute) -> Any:
    """Returns one attribute, or None if the token does not tell it."""
    try:
        return key[attribute]
    except (PKCS11Error, NotImplementedError, ValueError):
        return None


def not_kept(key: Any, usage: frozenset[Attribute]) -> str | None:
    """Returns the first attribute that is not as it must be, or None.

    Args:
        key: a private or secret key of the token.
        usage: the usage attributes that it is to have, and no others.
    """
    for attribute, wanted in KEPT_INSIDE.items():
        if read(key, attribute) is not wanted:
            return f"CKA_{attribute.name}"
    if read(key, Attribute.TOKEN) is not True:
        return "CKA_TOKEN"
    for attribute in USAGE:
        # What a token does not tell of a usage, it does not have.
        if bool(read(key, attribute)) is not (attribute in usage):
            return f"CKA_{attribute.name}"
    return None


def enforce(key: Any, usage: frozenset[Attribute]) -> None:
    """Sets what a module did not heed in C_UnwrapKey, and takes afterwards.

    openCryptoki makes unwrapped keys extractable; NSS lets unwrapped RSA keys do whatever RSA keys can.
    """
    wanted = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
    wanted.update((each, each in usage) for each in USAGE)
    for attribute, value in wanted.items():
        if bool(read(key, attribute)) is not value:
            try:
                key[attribute] = value
            except PKCS11Error:
                pass


def stated(key: Any) -> dict[str, str | int | bool]:
    """Returns what an attestation states of a key: CKA name → value, byte strings in hexadecimal."""
    found: dict[str, str | int | bool] = {}
    for attribute, known in _ENUMS:
        value = read(key, attribute)
        if value is not None and value != UNAVAILABLE:
            prefix = {ObjectClass: "CKO_", KeyType: "CKK_", Mechanism: "CKM_"}[known]
            named = isinstance(value, known)
            found[f"CKA_{attribute.name}"] = prefix + value.name if named else f"{value:#x}"
    label = read(key, Attribute.LABEL)
    if label is not None:
        found["CKA_LABEL"] = str(label)
    for attribute in (*_FLAGS, *_NUMBERS, *_BYTES):
        value = read(key, attribute)
        if value is not None:
            found[f"CKA_{attribute.name}"] = value.hex() if isinstance(value, bytes) else value
    return found
