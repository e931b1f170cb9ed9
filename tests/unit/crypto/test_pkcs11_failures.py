"""What modules answer → errors that name token and cause; PINs that must not be tried."""

from __future__ import annotations

import pytest

from kmsctl.errors import TokenBusy, TokenError, TokenPinError

pkcs11 = pytest.importorskip(
    "pkcs11", reason="python-pkcs11 is missing: NO HSM TEST RUNS. pip install kmsctl[hsm]"
)

from kmsctl.crypto.pkcs11 import failures, selection  # noqa: E402
from kmsctl.crypto.pkcs11.attributes import Mapper  # noqa: E402
from kmsctl.crypto.pkcs11.connection import Connection  # noqa: E402
from kmsctl.crypto.pkcs11.cryptoki import CryptokiError  # noqa: E402
from kmsctl.model import pkcs11_uri  # noqa: E402

_NAME = "token 'kms' of /m.so"


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (pkcs11.PinIncorrect(), TokenPinError, r"the PIN is wrong; .* \(CKR_PIN_INCORRECT\)"),
        (pkcs11.PinLocked(), TokenPinError, r"the PIN is locked .* \(CKR_PIN_LOCKED\)"),
        (pkcs11.PinExpired(), TokenPinError, "has expired"),
        (pkcs11.PinLenRange(), TokenPinError, "too short or too long"),
        (pkcs11.UserPinNotInitialized(), TokenPinError, "no PIN yet"),
        (pkcs11.SessionCount(), TokenBusy, r"no session left \(CKR_SESSION_COUNT\)"),
        (pkcs11.DeviceMemory(), TokenBusy, "no memory left"),
        (pkcs11.DeviceRemoved(), TokenError, "not there any more"),
        (pkcs11.TokenNotPresent(), TokenError, "not there any more"),
        (pkcs11.TokenNotRecognised(), TokenError, r"not initialised \(CKR_TOKEN_NOT_RECOGNIZED\)"),
        (pkcs11.TokenWriteProtected(), TokenError, "write-protected"),
        (pkcs11.GeneralError(), TokenError, r"it failed \(CKR_GENERAL_ERROR\)"),
        (pkcs11.PKCS11Error("Unmapped error code 0x68"), TokenError, r"\(CKR_KEY_FUNCTION_NOT_PERMITTED\)"),
        (pkcs11.PKCS11Error("Unmapped error code 0x80000001"), TokenError, r"\(CKR 0x80000001\)"),
        (CryptokiError("C_Login", 0xA4), TokenPinError, r"CKR_PIN_LOCKED"),
        (CryptokiError("C_Encrypt", 0x32), TokenError, "CKR_DEVICE_REMOVED"),
        (CryptokiError("C_Encrypt", 0x1234), TokenError, r"\(CKR 0x1234\)"),
        (failures.TokenFailure("SlotIDInvalid"), TokenError, "CKR_SLOT_ID_INVALID"),
    ],
)
def test_the_error_names_token_operation_and_cause(
    error: Exception, kind: type[TokenError], says: str
) -> None:
    translated = failures.translate(error, _NAME, "signing")
    assert type(translated) is kind
    with pytest.raises(kind, match=f"^The token 'kms' of /m.so could not be used for signing: .*{says}"):
        raise translated


def test_names_of_both_layers_are_the_same() -> None:
    """Every name in the tables is one that python-pkcs11 has, or one that it has no exception for."""
    own = {
        "KeyFunctionNotPermitted",
        "CurveNotSupported",
        "CryptokiNotInitialized",
        "UserAnotherAlreadyLoggedIn",
    }
    named = {*failures._NAMES.values(), *failures._CAUSES, *failures.LOST, *failures.STALE}
    for name in named | failures.UNSUPPORTED | failures.UNDECRYPTABLE:
        assert hasattr(pkcs11, name) is (name not in own), name


class _Token:
    """A token as far as its flags go."""

    def __init__(self, *flags: str) -> None:
        self.flags = pkcs11.TokenFlag(0)
        for flag in flags:
            self.flags |= pkcs11.TokenFlag[flag]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("USER_PIN_INITIALIZED", "USER_PIN_LOCKED"), "PinLocked"),
        (("USER_PIN_INITIALIZED", "USER_PIN_FINAL_TRY"), "locks if one more wrong PIN is tried"),
        ((), "UserPinNotInitialized"),
    ],
)
def test_a_pin_that_must_not_be_tried_is_not_even_asked_for(flags: tuple[str, ...], says: str) -> None:
    def ask() -> str:
        raise AssertionError("the PIN was asked for")

    connection = Connection(pkcs11_uri.parse("pkcs11:token=kms?module-path=/m.so"), ask, "/")
    with pytest.raises((failures.TokenFailure, TokenPinError), match=says):
        connection._check_flags(_Token(*flags))  # type: ignore[arg-type]


def test_an_empty_pin_is_not_tried() -> None:
    connection = Connection(pkcs11_uri.parse("pkcs11:token=kms?module-path=/m.so"), lambda: "", "/")
    with pytest.raises(TokenPinError, match="an empty one was given"):
        connection._read_pin()


def test_usage_attributes_that_are_false_can_be_left_out() -> None:
    """tpm2-pkcs11 refuses them; what it then does of its own accord is read back all the same."""
    given = {"capabilities": pkcs11.MechanismFlag.SIGN, "id_": b"1", "label": "l", "store": True}
    mapper = Mapper()
    assert pkcs11.Attribute.DECRYPT in mapper.private_key_template(**given)
    mapper.omits_false = True
    template = mapper.private_key_template(**given)
    assert [each for each in template if each in (pkcs11.Attribute.DECRYPT, pkcs11.Attribute.UNWRAP)] == []
    assert template[pkcs11.Attribute.SIGN]


def test_numbers_of_vendors_are_read_as_numbers() -> None:
    mapper = Mapper()
    vendor = (0x80000001).to_bytes(8, "little")
    assert mapper.unpack_attributes(pkcs11.Attribute.KEY_TYPE, vendor) == 0x80000001


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    assert selection.text(b"a b\0\0") == "a b"
    assert selection.text("v\u00e4lt\u0001 \x1b[31m ") == "v\u00e4lt? ?[31m"
