"""Protectors of type ``keyring``: the slot's key, random, lies in the operating system's keyring."""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from kmsctl.errors import FailedPrecondition, Unimplemented

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from kmsctl.keystore.ports import Asking, Parameters, Request
    from kmsctl.keystore.slots import Parameter, Slot

_SERVICE = "kmsctl"
_KEY_SIZE = 32


def enrol(
    request: Request, store_id: bytes, asking: Asking, random: Callable[[int], bytes]
) -> tuple[dict[str, Parameter], bytes, Sequence[bytes]]:
    del request, asking
    key = random(_KEY_SIZE)
    name = f"{store_id.hex()}-{random(8).hex()}"
    text = b2a_base64(key, newline=False).decode()
    library = _library()
    _call(lambda: library.set_password(_SERVICE, name, text))
    if _call(lambda: library.get_password(_SERVICE, name)) != text:
        raise FailedPrecondition("The keyring of the operating system does not give back what it is given.")
    return {"service": _SERVICE, "username": name}, key, ()


def key_of(slot: Slot, store_id: bytes, asking: Asking) -> bytes | None:
    del store_id, asking
    service, name = str(slot.parameters.get("service")), str(slot.parameters.get("username"))
    library = _library()
    text = _call(lambda: library.get_password(service, name))
    if text is None:
        raise FailedPrecondition(f"The keyring of the operating system has no entry '{name}' of '{service}'.")
    try:
        key = a2b_base64(str(text), strict_mode=True)
    except (ValueError, Base64Error):
        key = b""
    if len(key) != _KEY_SIZE:
        raise FailedPrecondition(f"The entry '{name}' of '{service}' in the keyring is not kmsctl's.")
    return key


def describe(parameters: Parameters) -> str:
    return f"entry {parameters.get('username')} of {parameters.get('service')}"


def forget(parameters: Parameters) -> None:
    library = _library()
    service, name = str(parameters.get("service")), str(parameters.get("username"))
    _call(lambda: library.delete_password(service, name))


def _library() -> ModuleType:
    try:
        import keyring
    except ImportError:
        raise Unimplemented(
            "Protectors of type keyring need the library keyring.",
            hint="Install kmsctl with it: pip install 'kmsctl[keyring]'",
        ) from None
    return keyring


def _call(act: Callable[[], object]) -> object:
    """Asks the keyring. Its backends raise what they like, and may quote what they were given: not shown."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - see above
        kind = type(error).__name__
        raise FailedPrecondition(
            f"The keyring of the operating system cannot be used ({kind}).",
            hint="Is it unlocked, and is there one in this session? Otherwise use another protector.",
        ) from None
