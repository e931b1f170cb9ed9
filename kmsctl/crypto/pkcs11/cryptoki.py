"""Calls of a PKCS#11 module that python-pkcs11 has no way to make, through ctypes.

C_Initialize with arguments, C_Login with a PIN that is overwritten afterwards, and C_Encrypt and C_Decrypt
with one call and a buffer of our own: NSS's answer to the question for a length forgets the tag of AES-GCM.
Within a process, sessions and objects have the same handles here as in python-pkcs11.
"""

from __future__ import annotations

import ctypes

CKF_OS_LOCKING_OK = 2
CKU_USER = 1
#: States of a session in which the user is logged in: read-only and read-write.
_USER_STATES = (1, 3)
CKM_AES_GCM = 0x1087

CKR_ARGUMENTS_BAD = 0x07
CKR_CANT_LOCK = 0x0A
CKR_USER_ALREADY_LOGGED_IN = 0x100
CKR_CRYPTOKI_ALREADY_INITIALIZED = 0x191

#: The functions that are called → where they stand in CK_FUNCTION_LIST (PKCS#11 2.40, pkcs11f.h).
_POSITIONS = {
    "C_Initialize": 0,
    "C_Finalize": 1,
    "C_GetTokenInfo": 6,
    "C_GetSessionInfo": 15,
    "C_Login": 18,
    "C_EncryptInit": 29,
    "C_Encrypt": 30,
    "C_DecryptInit": 33,
    "C_Decrypt": 34,
}
_FUNCTIONS = 68
_GCM_TAG_BITS = 128
#: Bytes that an answer may be longer than what was put in: the tag, and some modules want a spare block.
_ROOM = 64


class _FunctionList(ctypes.Structure):
    _fields_ = (("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * _FUNCTIONS))


class _InitializeArguments(ctypes.Structure):
    _fields_ = (
        ("mutexes", ctypes.c_void_p * 4),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    )


class _NssInitializeArguments(ctypes.Structure):
    """NSS has its string before ``pReserved`` (nss: lib/softoken/pkcs11.h, CK_C_INITIALIZE_ARGS)."""

    _fields_ = (
        ("mutexes", ctypes.c_void_p * 4),
        ("flags", ctypes.c_ulong),
        ("parameters", ctypes.c_char_p),
        ("reserved", ctypes.c_void_p),
    )


class _Mechanism(ctypes.Structure):
    _fields_ = (
        ("mechanism", ctypes.c_ulong),
        ("parameter", ctypes.c_void_p),
        ("length", ctypes.c_ulong),
    )


class _GcmParameters(ctypes.Structure):
    _fields_ = (
        ("iv", ctypes.c_void_p),
        ("iv_length", ctypes.c_ulong),
        ("iv_bits", ctypes.c_ulong),
        ("aad", ctypes.c_void_p),
        ("aad_length", ctypes.c_ulong),
        ("tag_bits", ctypes.c_ulong),
    )


class _SessionInfo(ctypes.Structure):
    _fields_ = (
        ("slot", ctypes.c_ulong),
        ("state", ctypes.c_ulong),
        ("flags", ctypes.c_ulong),
        ("device_error", ctypes.c_ulong),
    )


class _TokenInfo(ctypes.Structure):
    _fields_ = (
        ("texts", ctypes.c_char * 96),
        ("flags", ctypes.c_ulong),
        ("most_sessions", ctypes.c_ulong),
        ("sessions", ctypes.c_ulong),
        ("rest", ctypes.c_ulong * 8),
        ("versions", ctypes.c_ubyte * 4),
        ("time", ctypes.c_char * 16),
    )


class CryptokiError(Exception):
    """A return value other than CKR_OK, of a call made here."""

    def __init__(self, function: str, value: int) -> None:
        super().__init__(f"{function}: CKR {value:#x}")
        self.value = value


def _buffer(data: bytes) -> ctypes.Array[ctypes.c_char]:
    """Returns a copy of `data` that C may read; never of no length, which some modules take amiss."""
    return ctypes.create_string_buffer(data, max(1, len(data)))


class Cryptoki:
    """The functions of one module, which stays loaded until the process ends.

    Raises:
        OSError: if the file cannot be loaded; AttributeError if it is no PKCS#11 module.
    """

    __slots__ = ("_functions", "address")

    def __init__(self, path: str) -> None:
        library = ctypes.CDLL(path)
        functions = ctypes.POINTER(_FunctionList)()
        value = library.C_GetFunctionList(ctypes.byref(functions))
        if value:
            raise CryptokiError("C_GetFunctionList", value)
        self.address = ctypes.addressof(functions.contents)
        self._functions = functions.contents.functions

    def _call(self, name: str, *arguments: object) -> None:
        kinds = [type(a) if isinstance(a, ctypes.c_ulong) else ctypes.c_void_p for a in arguments]
        function = ctypes.CFUNCTYPE(ctypes.c_ulong, *kinds)(self._functions[_POSITIONS[name]] or 0)
        value = function(*arguments)
        if value:
            raise CryptokiError(name, value)

    def initialize(self, parameters: str | None) -> None:
        """C_Initialize, with locking left to the operating system (rule 1).

        Some modules know no locking and say so: they are initialised without, which is safe as long as one
        thread at a time enters them. A module that another part of the process initialised is left alone.
        """
        plain = _InitializeArguments(flags=CKF_OS_LOCKING_OK)
        nss = _NssInitializeArguments(flags=CKF_OS_LOCKING_OK, parameters=(parameters or "").encode())
        try:
            self._call("C_Initialize", ctypes.byref(nss if parameters else plain))
        except CryptokiError as error:
            if error.value == CKR_CRYPTOKI_ALREADY_INITIALIZED:
                return
            if error.value not in (CKR_CANT_LOCK, CKR_ARGUMENTS_BAD) or parameters:
                raise
            self._call("C_Initialize", None)

    def finalize(self) -> None:
        """C_Finalize, as far as the module can: after a fork it may say that it never was initialised."""
        try:
            self._call("C_Finalize", None)
        except CryptokiError:
            pass

    def login(self, session: int, pin: bytes | None) -> bool:
        """Logs the user in, and says whether nobody was logged in before.

        `pin` is None if the token asks for it with a keypad of its own.
        """
        secret = None if pin is None else _buffer(pin)
        length = 0 if pin is None else len(pin)
        try:
            self._call(
                "C_Login", ctypes.c_ulong(session), ctypes.c_ulong(CKU_USER), secret, ctypes.c_ulong(length)
            )
        except CryptokiError as error:
            if error.value == CKR_USER_ALREADY_LOGGED_IN:
                return False
            raise
        finally:
            if secret is not None:
                ctypes.memset(secret, 0, len(secret))
        return True

    def is_logged_in(self, session: int) -> bool:
        """Tells whether the user is logged in: private objects can be seen only then."""
        info = _SessionInfo()
        self._call("C_GetSessionInfo", ctypes.c_ulong(session), ctypes.byref(info))
        return info.state in _USER_STATES

    def sessions(self, slot: int) -> tuple[int | None, int | None]:
        """Returns how many sessions a token has open, and at most; None is what it does not tell.

        A most of 0 stands for no limit (CK_EFFECTIVELY_INFINITE).
        """
        info = _TokenInfo()
        self._call("C_GetTokenInfo", ctypes.c_ulong(slot), ctypes.byref(info))
        unknown = ctypes.c_ulong(-1).value
        return (
            None if info.sessions == unknown else info.sessions,
            None if info.most_sessions == unknown else info.most_sessions,
        )

    def gcm(self, operation: str, session: int, key: int, *, iv: bytes, aad: bytes, data: bytes) -> bytes:
        """AES-GCM with a tag of 16 bytes; `operation` is ``Encrypt`` or ``Decrypt``."""
        handle = ctypes.c_ulong(session)
        nonce, associated, given = _buffer(iv), _buffer(aad), _buffer(data)
        parameters = _GcmParameters(
            iv=ctypes.addressof(nonce),
            iv_length=len(iv),
            iv_bits=len(iv) * 8,
            aad=ctypes.addressof(associated) if aad else None,
            aad_length=len(aad),
            tag_bits=_GCM_TAG_BITS,
        )
        mechanism = _Mechanism(CKM_AES_GCM, ctypes.addressof(parameters), ctypes.sizeof(parameters))
        answer = ctypes.create_string_buffer(len(data) + _ROOM)
        length = ctypes.c_ulong(len(answer))
        self._call(f"C_{operation}Init", handle, ctypes.byref(mechanism), ctypes.c_ulong(key))
        try:
            self._call(
                f"C_{operation}",
                handle,
                given,
                ctypes.c_ulong(len(data)),
                answer,
                ctypes.byref(length),
            )
            return answer.raw[: length.value]
        finally:
            ctypes.memset(answer, 0, len(answer))
            ctypes.memset(given, 0, len(given))
