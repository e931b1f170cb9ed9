"""What a module answers → errors that name token, cause and what to do.

python-pkcs11 has an exception for each return value that it knows; it and `cryptoki` are brought to one
name, the exception's, which is the standard's CKR name in another spelling.
"""

from __future__ import annotations

import struct

from kmsctl.crypto.pkcs11 import library
from kmsctl.errors import TokenBusy, TokenError, TokenPinError

#: Return values whose names python-pkcs11 does not know, or that `cryptoki` may meet.
_NAMES = {
    0x02: "HostMemory",
    0x03: "SlotIDInvalid",
    0x05: "GeneralError",
    0x06: "FunctionFailed",
    0x07: "ArgumentsBad",
    0x20: "DataInvalid",
    0x21: "DataLenRange",
    0x30: "DeviceError",
    0x31: "DeviceMemory",
    0x32: "DeviceRemoved",
    0x40: "EncryptedDataInvalid",
    0x41: "EncryptedDataLenRange",
    0x54: "FunctionNotSupported",
    0x60: "KeyHandleInvalid",
    0x62: "KeySizeRange",
    0x63: "KeyTypeInconsistent",
    0x68: "KeyFunctionNotPermitted",
    0x70: "MechanismInvalid",
    0x71: "MechanismParamInvalid",
    0x82: "ObjectHandleInvalid",
    0x90: "OperationActive",
    0x91: "OperationNotInitialized",
    0xA0: "PinIncorrect",
    0xA1: "PinInvalid",
    0xA2: "PinLenRange",
    0xA3: "PinExpired",
    0xA4: "PinLocked",
    0xB0: "SessionClosed",
    0xB1: "SessionCount",
    0xB3: "SessionHandleInvalid",
    0xB5: "SessionReadOnly",
    0xE0: "TokenNotPresent",
    0xE1: "TokenNotRecognised",
    0xE2: "TokenWriteProtected",
    0x101: "UserNotLoggedIn",
    0x102: "UserPinNotInitialized",
    0x104: "UserAnotherAlreadyLoggedIn",
    0x140: "CurveNotSupported",
    0x190: "CryptokiNotInitialized",
}

#: The session is gone, or the token is: opening another session may help.
LOST = frozenset(
    (
        "SessionHandleInvalid",
        "SessionClosed",
        "UserNotLoggedIn",
        "DeviceRemoved",
        "TokenNotPresent",
        "TokenNotRecognised",
        "CryptokiNotInitialized",
    )
)
#: The object is gone, or its handle was another session's.
STALE = frozenset(("ObjectHandleInvalid", "KeyHandleInvalid", "UnwrappingKeyHandleInvalid"))
#: What modules answer to a mechanism, parameter, curve or template that they do not know.
UNSUPPORTED = frozenset(
    (
        "MechanismInvalid",
        "MechanismParamInvalid",
        "ArgumentsBad",
        "FunctionNotSupported",
        "AttributeTypeInvalid",
        "AttributeValueInvalid",
        "AttributeReadOnly",
        "DomainParamsInvalid",
        "CurveNotSupported",
        "TemplateInconsistent",
        "TemplateIncomplete",
        "KeySizeRange",
        "KeyTypeInconsistent",
        "KeyFunctionNotPermitted",
        "GeneralError",
        "FunctionFailed",
        "HostMemory",
    )
)
#: What modules answer to input that does not decrypt or unwrap: hardly two the same.
UNDECRYPTABLE = frozenset(
    (
        "EncryptedDataInvalid",
        "EncryptedDataLenRange",
        "DataInvalid",
        "DataLenRange",
        "WrappedKeyInvalid",
        "WrappedKeyLenRange",
        "GeneralError",
        "FunctionFailed",
        "AttributeValueInvalid",
        "TemplateInconsistent",
        "KeySizeRange",
    )
)

#: What python-pkcs11 and `cryptography` raise about answers that no module should give: numbers and keys of
#: other sizes, points on no curve, objects of another class.
SENSELESS = (ValueError, TypeError, AttributeError, ArithmeticError, MemoryError, struct.error)
#: The name of a failure that such an answer is: the module itself reported none.
_SENSELESS = "Senseless"

_WRITE_PROTECTED = "it is write-protected"
_ABSENT = "it is not there any more"
_MEMORY = "it has no memory left"
_LOCKED_HINT = (
    "The security officer sets a new PIN: pkcs11-tool --module M --login --login-type so --init-pin"
)
_ABSENT_HINT = "Put the token back, or start what serves it again; `kmsctl hsm status` says when it is there."
#: Name → (error, cause, hint).
_CAUSES: dict[str, tuple[type[TokenError], str, str | None]] = {
    "PinIncorrect": (
        TokenPinError,
        "the PIN is wrong; it was tried once and is not tried again",
        "Tokens lock after a few wrong PINs: check where the PIN comes from before you run another command.",
    ),
    "PinInvalid": (TokenPinError, "the PIN has characters that it does not take", None),
    "PinLenRange": (TokenPinError, "the PIN is too short or too long for it", None),
    "PinExpired": (
        TokenPinError,
        "the PIN has expired",
        "Set a new one: pkcs11-tool --module M --login --change-pin",
    ),
    "PinLocked": (TokenPinError, "the PIN is locked after too many wrong ones", _LOCKED_HINT),
    "UserPinNotInitialized": (TokenPinError, "its user has no PIN yet", _LOCKED_HINT),
    "UserAnotherAlreadyLoggedIn": (TokenError, "its security officer is logged in", None),
    "UserNotLoggedIn": (TokenError, "it logged its user out", None),
    "SessionCount": (
        TokenBusy,
        "it has no session left",
        "Other processes hold them; end one, and try again.",
    ),
    "SessionReadOnly": (TokenError, _WRITE_PROTECTED, None),
    "TokenWriteProtected": (TokenError, _WRITE_PROTECTED, None),
    "DeviceRemoved": (TokenError, _ABSENT, _ABSENT_HINT),
    "TokenNotPresent": (TokenError, _ABSENT, _ABSENT_HINT),
    "TokenNotRecognised": (TokenError, "it is not initialised", None),
    "SlotIDInvalid": (TokenError, _ABSENT, _ABSENT_HINT),
    "SessionHandleInvalid": (TokenError, "it closed the session", _ABSENT_HINT),
    "SessionClosed": (TokenError, "it closed the session", _ABSENT_HINT),
    "DeviceMemory": (TokenBusy, _MEMORY, "Destroy keys that are not needed, or use another token."),
    "HostMemory": (TokenBusy, "its module found no memory", None),
    "DeviceError": (TokenError, "the device failed", None),
    "ObjectHandleInvalid": (TokenError, "the key is not in it any more", None),
    "KeyHandleInvalid": (TokenError, "the key is not in it any more", None),
}


class TokenFailure(Exception):
    """A refusal found by this package itself, which is named like one that a module answers."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def senseless() -> TokenFailure:
    """Returns the failure for an exception of `SENSELESS`."""
    return TokenFailure(_SENSELESS)


def kinds() -> tuple[type[Exception], ...]:
    """Returns the exceptions that calls of a module may raise."""
    library.load()
    from pkcs11.exceptions import PKCS11Error

    from kmsctl.crypto.pkcs11.cryptoki import CryptokiError

    return (PKCS11Error, CryptokiError, TokenFailure)


def every() -> tuple[type[Exception], ...]:
    """Returns what can come of using a key: `kinds`, `SENSELESS`, and the errors that this package raises."""
    return (*kinds(), *SENSELESS, TokenError)


def name(error: BaseException) -> str:
    """Returns the name of the return value that `error` stands for."""
    from kmsctl.crypto.pkcs11.cryptoki import CryptokiError

    if isinstance(error, TokenFailure):
        return error.name
    if isinstance(error, CryptokiError):
        return _NAMES.get(error.value, f"{error.value:#x}")
    kind = type(error).__name__
    if kind == "PKCS11Error":
        # Return values without an exception of their own: the text is all there is.
        value = str(error).rpartition(" ")[2]
        if value.startswith("0x"):
            return _NAMES.get(int(value, 16), value)
        if "not initialized" in str(error):
            return "CryptokiNotInitialized"
    return kind


def ckr(failure: str) -> str:
    """Returns the standard's spelling of a name: ``CKR_PIN_INCORRECT``."""
    if failure == _SENSELESS:
        return "its module's answer makes no sense"
    if failure.startswith("0x"):
        return f"CKR {failure}"
    words = "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in failure)
    return ("CKR" + words).replace("_I_D_", "_ID_").replace("RECOGNISED", "RECOGNIZED")


def translate(error: BaseException, token: str, doing: str) -> TokenError:
    """Returns the error for what a module answered.

    Args:
        error: one of `kinds`.
        token: how the token is called, such as ``token 'kms' of /usr/lib/.../libsofthsm2.so``.
        doing: the operation in words, such as ``signing``.
    """
    failure = name(error)
    kind, cause, hint = _CAUSES.get(failure, (TokenError, "it failed", None))
    return kind(f"The {token} could not be used for {doing}: {cause} ({ckr(failure)}).", hint=hint)
