"""What modules and tokens say of themselves, and what a token turns out to do: plain data for people."""

from __future__ import annotations

from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pkcs11.types import Token

    from kmsctl.crypto.pkcs11 import TokenBackend
    from kmsctl.crypto.pkcs11.connection import TokenSession
    from kmsctl.crypto.pkcs11.loading import Module
    from kmsctl.model.algorithms import Algorithm
    from kmsctl.model.pkcs11_uri import Pkcs11Uri

#: Flag of a token → what it says of the PIN, the worst first.
_PIN_STATES = (
    ("USER_PIN_LOCKED", "locked"),
    ("USER_PIN_FINAL_TRY", "one try left"),
    ("USER_PIN_COUNT_LOW", "a wrong one was tried"),
    ("USER_PIN_TO_BE_CHANGED", "to be changed"),
)


def tokens(uri: Pkcs11Uri, lock_directory: str) -> list[dict[str, object]]:
    """Returns the tokens of the module that `uri` names, without logging in; its token does not matter."""
    from kmsctl.crypto.pkcs11 import failures, loading, selection
    from kmsctl.crypto.pkcs11.locking import ModuleLock
    from kmsctl.model.pkcs11_uri import Pkcs11Uri

    with ModuleLock(lock_directory, loading.real_path(uri.module_path)).hold(exclusive=False):
        module = loading.load(uri.module_path, uri.init_args)
        try:
            found = selection.present(module.library)
        except failures.kinds() as error:
            name = f"PKCS#11 module {uri.module_path}"
            raise failures.translate(error, name, "listing its tokens") from None
        listed = []
        for token in found:
            names = {"token": token.label, "serial": selection.text(token.serial)}
            given = {name: value for name, value in names.items() if value}
            listed.append(
                {
                    **_token(token),
                    "modulePath": uri.module_path,
                    "uri": str(Pkcs11Uri(uri.module_path, given, None, uri.init_args)),
                }
            )
        return listed


def _token(token: Token) -> dict[str, object]:
    from kmsctl.crypto.pkcs11 import selection

    return {
        "label": selection.text(token.label),
        "serial": selection.text(token.serial),
        "manufacturer": selection.text(token.manufacturer_id),
        "model": selection.text(token.model),
        "slotId": token.slot.slot_id,
        "pin": _pin_state(token),
    }


def _pin_state(token: Token) -> str:
    from pkcs11.constants import TokenFlag

    if not token.flags & TokenFlag.LOGIN_REQUIRED:
        return "not needed"
    if not token.flags & TokenFlag.USER_PIN_INITIALIZED:
        return "not set"
    return next((state for name, state in _PIN_STATES if token.flags & TokenFlag[name]), "set")


def status(backend: TokenBackend) -> dict[str, object]:
    """Returns module, token, sessions and mechanisms, and whether each algorithm of HSM keys can be had."""

    def look(module: Module, token: Token) -> dict[str, object]:
        from pkcs11.mechanisms import Mechanism

        from kmsctl.crypto.pkcs11 import selection

        open_, most = (
            (None, None) if module.cryptoki is None else module.cryptoki.sessions(token.slot.slot_id)
        )
        mechanisms = sorted(int(each) for each in token.slot.get_mechanisms())
        known = Mechanism._value2member_map_
        library = module.library
        return {
            "module": {
                "path": module.path,
                "manufacturer": selection.text(library.manufacturer_id),
                "description": selection.text(library.library_description),
                "version": ".".join(str(part) for part in library.library_version),
                "cryptokiVersion": ".".join(str(part) for part in library.cryptoki_version),
            },
            "token": _token(token),
            "sessions": {
                "open": "not told" if open_ is None else open_,
                "most": "no limit" if most == 0 else "not told" if most is None else most,
            },
            "mechanisms": [
                f"CKM_{Mechanism(each).name.lstrip('_')}" if each in known else f"{each:#x}"
                for each in mechanisms
            ],
        }

    found = backend.connection.look(look)
    available, unavailable = [], []
    for algorithm in algorithms.ALGORITHMS:
        if algorithms.HSM in algorithm.protection_levels:
            lack = backend.lacks(algorithm)
            if lack is None:
                available.append(algorithm.spelling)
            else:
                unavailable.append({"algorithm": algorithm.spelling, "lacks": lack})
    return {**found, "algorithms": available, "unavailable": unavailable}


class Check:
    """The result of trying one algorithm.

    Attributes:
        algorithm: its spelling.
        result: ``ok``, or what is wrong or missing.
        passed: whether it is ok; None if the token lacks it.
        seconds: how long it took.
    """

    __slots__ = ("algorithm", "passed", "result", "seconds")

    def __init__(self, algorithm: str, result: str, seconds: float, *, passed: bool | None) -> None:
        self.algorithm = algorithm
        self.result = result
        self.seconds = seconds
        self.passed = passed


def check(backend: TokenBackend, now: Callable[[], float]) -> Iterator[Check]:
    """Makes a key for the session of each kind, uses it, and destroys it: nothing is left in the token.

    RSA schemes are tried with the shortest keys. A token that is not there is an error.
    """
    for algorithm in _shortest():
        started = now()
        lack = backend.lacks(algorithm)
        if lack is not None:
            yield Check(algorithm.spelling, f"lacks {lack}", now() - started, passed=None)
            continue
        wrong = backend.connection.run(_tried(backend, algorithm), f"trying {algorithm.spelling}")
        yield Check(algorithm.spelling, wrong or "ok", now() - started, passed=wrong is None)


def _shortest() -> list[Algorithm]:
    """Returns one algorithm of each family, curve and digest."""
    found: dict[tuple[object, ...], Algorithm] = {}
    for algorithm in algorithms.ALGORITHMS:
        if algorithms.HSM in algorithm.protection_levels:
            kind = (algorithm.family, algorithm.parameters, algorithm.digest)
            bits = algorithm.key_bits or 0
            known = found.get(kind)
            if known is None or (algorithm.secret_size is None and bits < (known.key_bits or 0)):
                found[kind] = algorithm
    return list(found.values())


def _tried(backend: TokenBackend, algorithm: Algorithm) -> Callable[[TokenSession], str | None]:
    def work(session: TokenSession) -> str | None:
        from kmsctl.crypto.pkcs11 import capabilities, failures, keys, making, proof, public_keys
        from kmsctl.errors import TokenError

        try:
            unpad = backend.must_unpad(session, algorithm)
            made_of = capabilities.to_make(algorithm)
            public, key = keys.make_for_session(session, making.scheme_of(made_of), made_of)
            try:
                encoded = None if public is None else public_keys.encode(public)
                proof.use(session, algorithm, key, encoded, unpad=unpad)
            finally:
                for each in (public, key):
                    if each is not None:
                        making.quietly(each.destroy)
        except failures.kinds() as error:
            failure = failures.name(error)
            if failure in failures.LOST:
                raise
            return f"failed: {failures.ckr(failure)}"
        except TokenError as error:
            return f"failed: {error.message}"
        return None

    return work
