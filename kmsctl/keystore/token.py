"""Protectors of type ``pkcs11``: the slot's key is encrypted by a key that never leaves a PKCS#11 token.

The store opens only while the token is there. Which token that is comes from the settings, as for HSM keys;
what a slot says of it is compared, and nothing is loaded because of it.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from kmsctl.errors import FailedPrecondition, InvalidArgument, NotFound
from kmsctl.model.algorithms import by_enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kmsctl.crypto.pkcs11 import TokenBackend
    from kmsctl.keystore.ports import Asking, Enrolling, Parameters, Request
    from kmsctl.keystore.slots import Parameter, Slot

_KEY_SIZE = 32
_ID_SIZE = 16
_ALGORITHM = "GOOGLE_SYMMETRIC_ENCRYPTION"
_LABEL = "kmsctl root key"


def enrol(
    request: Request, store_id: bytes, asking: Enrolling, random: Callable[[int], bytes]
) -> tuple[dict[str, Parameter], bytes, Sequence[bytes]]:
    del request, store_id
    token = _configured(asking)
    cka_id, key = random(_ID_SIZE), random(_KEY_SIZE)
    asking.making(cka_id)  # whatever happens from now on, `clear` is called with it if it is not enrolled
    token.create(by_enum(_ALGORITHM), cka_id, _LABEL)
    wrapped = token.wrap_root_key(cka_id, key)
    _check(token, token.unwrap_root_key(cka_id, wrapped) == key)
    identity = token.identity
    parameters: dict[str, Parameter] = {
        "ckaId": cka_id.hex(),
        "label": identity.label,
        "serial": identity.serial,
        "wrapped": b2a_base64(wrapped, newline=False).decode(),
    }
    return parameters, key, ()


def key_of(slot: Slot, store_id: bytes, asking: Asking) -> bytes | None:
    del store_id
    token = _the_one(slot.parameters, asking)
    cka_id = _cka_id(slot.parameters)
    try:
        wrapped = a2b_base64(str(slot.parameters.get("wrapped")), strict_mode=True)
        key = token.unwrap_root_key(cka_id, wrapped)
    except (ValueError, Base64Error, InvalidArgument):
        raise FailedPrecondition(
            f"The token '{token.identity.label}' does not decrypt it: the slot or the key was changed."
        ) from None
    if len(key) != _KEY_SIZE:
        raise FailedPrecondition(f"What the token '{token.identity.label}' gives is no key of a slot.")
    return key


def describe(parameters: Parameters) -> str:
    return f"token {_shown(parameters)}, CKA_ID {parameters.get('ckaId')}"


def forget(parameters: Parameters, asking: Asking) -> None:
    _the_one(parameters, asking).destroy(_cka_id(parameters))


def clear(cka_id: bytes, asking: Asking) -> None:
    """Removes a key that was made for a protector and never enrolled, if the token has it."""
    token = _configured(asking)
    try:
        label = token.attributes(cka_id).get("CKA_LABEL")
    except NotFound:
        return
    if label == _LABEL:  # the note is a file's name: no key of a version is removed because of it
        token.destroy(cka_id)


def _check(token: TokenBackend, same: bool) -> None:
    if not same:
        raise FailedPrecondition(f"The token '{token.identity.label}' does not give back what it is given.")


def _configured(asking: Asking) -> TokenBackend:
    token = asking.token()
    if token is None:
        raise FailedPrecondition(
            "No HSM is configured.",
            hint="Set it: kmsctl config set hsm/uri 'pkcs11:token=LABEL?module-path=/PATH/TO/MODULE.so'",
        )
    return token


def _the_one(parameters: Parameters, asking: Asking) -> TokenBackend:
    """Returns the token that is configured, if it is the one that has the key."""
    token = _configured(asking)
    identity = token.identity
    serial = parameters.get("serial")
    if identity.label != parameters.get("label") or (serial and identity.serial != serial):
        raise FailedPrecondition(
            f"Its key is in the token {_shown(parameters)}, but the token that is configured is "
            f"'{identity.label}' (serial {identity.serial})."
        )
    return token


def _cka_id(parameters: Parameters) -> bytes:
    try:
        return bytes.fromhex(str(parameters.get("ckaId")))
    except ValueError:
        raise FailedPrecondition("The slot names no key of a token.") from None


def _shown(parameters: Parameters) -> str:
    serial = parameters.get("serial")
    return f"'{parameters.get('label')}'" + (f" (serial {serial})" if serial else "")
