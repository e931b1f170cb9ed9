"""The session of a token: opened when it is needed, logged in once, opened again where that is safe."""

from __future__ import annotations

from _thread import allocate_lock

from kmsctl.crypto.pkcs11 import failures, loading, selection
from kmsctl.crypto.pkcs11.locking import ModuleLock
from kmsctl.errors import TokenError, TokenPinError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from pkcs11.types import Token

    from kmsctl.crypto.pkcs11.attributes import Mapper
    from kmsctl.crypto.pkcs11.cryptoki import Cryptoki
    from kmsctl.crypto.pkcs11.loading import Module
    from kmsctl.crypto.pkcs11.locking import Hold
    from kmsctl.model.pkcs11_uri import Pkcs11Uri

    T = TypeVar("T")


#: (module, label, serial number, PIN) of the PINs that were refused in this process → the error. Several URIs
#: may name one token, and a service may be opened again.
_REFUSED: dict[tuple[str, str, bytes | str, bytes | None], TokenPinError] = {}


class TokenSession:
    """A session in use, by the one thread that holds the module's lock.

    Attributes:
        session: python-pkcs11's, whose annotations lack what its compiled part has.
        token: as it was when the session was opened.
        cryptoki: see `loading.Module`.
        mapper: of attributes; it knows what this token does not take.
        keys: handles that were found: (object class, CKA_ID) → object.
    """

    __slots__ = ("_mechanisms", "cryptoki", "keys", "mapper", "session", "token")

    def __init__(self, session: Any, token: Token, cryptoki: Cryptoki | None, mapper: Mapper) -> None:
        self.session = session
        self.token = token
        self.cryptoki = cryptoki
        self.mapper = mapper
        self.keys: dict[tuple[int, bytes], Any] = {}
        self._mechanisms: frozenset[int] | None = None

    @property
    def mechanisms(self) -> frozenset[int]:
        """The numbers of all mechanisms in the token's list."""
        if self._mechanisms is None:
            self._mechanisms = frozenset(int(each) for each in self.token.slot.get_mechanisms())
        return self._mechanisms

    def check_alive(self) -> None:
        """Raises an exception of `failures.kinds` unless token and login are still there.

        A token that was removed, or has logged the user out, answers a search with nothing instead of an
        error.
        """
        try:
            self.token.slot.get_token()
        except failures.kinds():
            raise failures.TokenFailure("TokenNotPresent") from None
        if self.cryptoki is None or not _needs_login(self.token):
            return
        if not self.cryptoki.is_logged_in(self.session.handle):
            raise failures.TokenFailure("UserNotLoggedIn")


class Connection:
    """One token, as one backend uses it.

    Args:
        uri: module and token.
        pin: returns the PIN; called once, unless it fails.
        lock_directory: for the lock files.
    """

    def __init__(self, uri: Pkcs11Uri, pin: Callable[[], bytes | str], lock_directory: str) -> None:
        self._uri = uri
        self._ask = pin
        self._pin: bytes | None = None
        self._refusal: TokenPinError | None = None
        self._lock_directory = lock_directory
        self._lock: ModuleLock | None = None
        self._asking = allocate_lock()
        self._session: TokenSession | None = None
        self._generation = 0
        #: Label and serial number of the token that was found first.
        self._seen: tuple[str, bytes | str] | None = None
        #: What was found by trying what the token can do: a key of the caller's → what it lacks, or None.
        self.tried: dict[object, str | None] = {}

    def __repr__(self) -> str:
        return f"Connection({self._uri!s})"

    @property
    def name(self) -> str:
        """What messages call the token."""
        label = self._uri.attributes.get("token")
        if self._session is not None:
            label = self._session.token.label
        quoted = f" '{label}'" if label else ""
        return f"token{quoted} of {self._uri.module_path}"

    def _hold(self, *, exclusive: bool) -> Hold:
        if self._lock is None:
            self._lock = ModuleLock(self._lock_directory, loading.real_path(self._uri.module_path))
        return self._lock.hold(exclusive=exclusive)

    def run(
        self,
        work: Callable[[TokenSession], T],
        doing: str,
        *,
        exclusive: bool = False,
        repeat: bool = True,
    ) -> T:
        """Does `work` with a session that is logged in, and returns its result.

        Args:
            work: may raise what calls of a module raise, which becomes a TokenError.
            doing: the operation in words, for messages.
            exclusive: whether it changes objects of the token.
            repeat: whether it may be done a second time, if the session turns out to have been void.
        """
        self._check_refusal(self._refusal)
        self._get_pin()
        with self._hold(exclusive=exclusive) as hold:
            module = self._load()
            kinds = failures.kinds()
            reused = self._session is not None
            try:
                return self._attempt(work, module, hold)
            except kinds as error:
                failure = failures.name(error)
                lost = failure in failures.LOST
                if not (repeat and reused and (lost or failure in failures.STALE)):
                    raise failures.translate(error, self.name, doing) from error.__cause__
                if lost:
                    self._restart(module, failures.translate(error, self.name, doing))
            try:
                return self._attempt(work, module, hold)
            except kinds as error:
                raise failures.translate(error, self.name, doing) from error.__cause__

    def look(self, work: Callable[[Module, Token], T], doing: str = "looking at it") -> T:
        """Does `work` with the token, without logging in."""
        with self._hold(exclusive=False):
            module = self._load()
            try:
                return work(module, self._select(module))
            except failures.kinds() as error:
                raise failures.translate(error, self.name, doing) from None

    def close(self) -> None:
        """Closes the session, if there is one."""
        if self._session is not None:
            with self._hold(exclusive=False):
                self._load()
                self._drop()

    def _load(self) -> Module:
        module = loading.load(self._uri.module_path, self._uri.init_args)
        if self._generation != module.generation:
            self._session = None
        return module

    def _attempt(self, work: Callable[[TokenSession], T], module: Module, hold: Hold) -> T:
        if self._session is None or self._generation != module.generation:
            token = self._select(module)
            # A login writes to the token, in SoftHSM at least: who loads the module meanwhile finds none.
            self._session = hold.alone(lambda: self._open(module, token))
            self._generation = module.generation
        try:
            return work(self._session)
        except failures.SENSELESS as error:
            self._drop()
            raise failures.senseless() from error
        except BaseException as error:
            # Some modules keep a failed operation active for good: the session is given up (rule 14).
            if isinstance(error, failures.kinds()):
                self._drop()
            else:
                self._renew(self._session)
            raise

    def _renew(self, old: TokenSession) -> None:
        """Changes the session for another one, while the first is still open: the login lives on in it."""
        try:
            session = self._open_session(old.token, old.mapper, None)
        except failures.kinds():
            self._drop()
            return
        self._drop()
        self._session = TokenSession(session, old.token, old.cryptoki, old.mapper)

    @staticmethod
    def _restart(module: Module, otherwise: TokenError) -> None:
        """Starts a module anew, or raises what was wrong before: that it does not start is no news then."""
        try:
            module.initialize_again()
        except failures.kinds():
            raise otherwise from None

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            try:
                session.session.close()
            except failures.kinds():
                pass

    def _select(self, module: Module) -> Token:
        """Returns the token.

        Raises:
            TokenError: if it is another one than before: of a key that is not in it, nothing follows.
        """
        token = self._find(module)
        seen = (token.label, token.serial)
        if self._seen not in (None, seen):
            raise TokenError(
                f"Another token has taken the place of the {self.name}.",
                hint="Put that one back, or run the command again for the new one.",
            )
        self._seen = seen
        return token

    def _find(self, module: Module) -> Token:
        """Finds the token. One that was not there when the module started shows when it starts again."""
        try:
            return selection.select(module.library, self._uri)
        except selection.AbsentToken:
            if module.fresh:
                raise
        module.initialize_again()
        return selection.select(module.library, self._uri)

    def _open(self, module: Module, token: Token) -> TokenSession:
        from kmsctl.crypto.pkcs11.attributes import Mapper

        mapper = Mapper()
        session = self._open_session(token, mapper, None)
        try:
            if _needs_login(token):
                session = self._log_in(session, token, mapper, module.cryptoki)
        except BaseException:
            session.close()
            raise
        return TokenSession(session, token, module.cryptoki, mapper)

    @staticmethod
    def _open_session(token: Token, mapper: Mapper, pin: str | None) -> Any:
        from pkcs11.exceptions import TokenWriteProtected

        try:
            return token.open(rw=True, user_pin=pin, attribute_mapper=mapper)
        except TokenWriteProtected:
            return token.open(rw=False, user_pin=pin, attribute_mapper=mapper)

    def _log_in(self, session: Any, token: Token, mapper: Mapper, cryptoki: Cryptoki | None) -> Any:
        """Returns a session in which the user is logged in; a PIN is tried once (rule 10)."""
        from pkcs11.constants import TokenFlag
        from pkcs11.exceptions import UserAlreadyLoggedIn

        kinds = failures.kinds()
        try:
            if cryptoki is not None and cryptoki.is_logged_in(session.handle):
                return session
            if token.flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH and cryptoki is not None:
                cryptoki.login(session.handle, None)
                return session
            self._check_flags(token)
            pin = self._read_pin()
            self._check_refusal(_REFUSED.get(self._login(token)))
            if cryptoki is not None:
                cryptoki.login(session.handle, pin)
                return session
            try:
                opened = self._open_session(token, mapper, _text(pin))
            except UserAlreadyLoggedIn:
                return session
            session.close()
        except kinds as error:
            translated = failures.translate(error, self.name, "logging in")
            if isinstance(translated, TokenPinError):
                self._refusal = translated
                if failures.name(error) == "PinIncorrect":
                    _REFUSED[self._login(token)] = translated
            raise translated from None
        return opened

    def _login(self, token: Token) -> tuple[str, str, bytes | str, bytes | None]:
        return loading.real_path(self._uri.module_path), token.label, token.serial, self._pin

    def _get_pin(self) -> None:
        """Asks for the PIN if it will be needed; not under the module's lock, as people type slowly."""
        if self._session is None:
            with self._asking:
                if self._pin is None and self.look(self._wants_pin, "logging in"):
                    self._read_pin()

    def _wants_pin(self, module: Module, token: Token) -> bool:
        from pkcs11.constants import TokenFlag

        if not _needs_login(token):
            return False
        if module.cryptoki is not None:
            if token.flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH:
                return False
            # Another connection of this process may be logged in: that holds for all of them.
            session = token.open()
            try:
                if module.cryptoki.is_logged_in(session.handle):  # type: ignore[attr-defined]
                    return False
            finally:
                session.close()
        self._check_flags(token)
        return True

    def _check_flags(self, token: Token) -> None:
        """Refuses a PIN that must not be tried."""
        from pkcs11.constants import TokenFlag

        if token.flags & TokenFlag.USER_PIN_LOCKED:
            raise failures.TokenFailure("PinLocked")
        if not token.flags & TokenFlag.USER_PIN_INITIALIZED:
            raise failures.TokenFailure("UserPinNotInitialized")
        if token.flags & TokenFlag.USER_PIN_FINAL_TRY:
            raise TokenPinError(
                f"The {self.name} locks if one more wrong PIN is tried: kmsctl does not take that risk.",
                hint="Log in once with another program, which sets the count back: "
                "pkcs11-tool --module M --login --list-objects",
            )

    def _read_pin(self) -> bytes:
        if self._pin is None:
            given = self._ask()
            pin = given.encode() if isinstance(given, str) else given
            if not pin:
                raise TokenPinError(f"The {self.name} needs a PIN, and an empty one was given.")
            self._pin = pin
        return self._pin

    @staticmethod
    def _check_refusal(refusal: TokenPinError | None) -> None:
        if refusal is not None:
            raise TokenPinError(refusal.message, hint=refusal.hint)


def _text(pin: bytes) -> str:
    try:
        return pin.decode()
    except UnicodeDecodeError:
        raise failures.TokenFailure("PinInvalid") from None


def _needs_login(token: Token) -> bool:
    from pkcs11.constants import TokenFlag

    return bool(token.flags & TokenFlag.LOGIN_REQUIRED)
