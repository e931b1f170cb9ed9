"""Making keys that are confirmed and used once before anybody hears of them, and nothing left otherwise."""

from __future__ import annotations

from kmsctl.crypto.backend import KeyMaterial
from kmsctl.crypto.pkcs11 import attributes, capabilities, failures, keys, proof, schemes
from kmsctl.errors import FailedPrecondition, TokenError, Unimplemented

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kmsctl.crypto.pkcs11.connection import Connection, TokenSession
    from kmsctl.crypto.pkcs11.schemes import Scheme
    from kmsctl.model.algorithms import Algorithm


def scheme_of(algorithm: Algorithm) -> Scheme:
    """Returns the scheme of an algorithm; FAILED_PRECONDITION if no HSM key has it."""
    scheme = schemes.scheme_of(algorithm)
    if scheme is None:
        raise FailedPrecondition(f"{algorithm.enum} is not an algorithm of HSM keys.")
    return scheme


def reason(connection: Connection, session: TokenSession, algorithm: Algorithm, *, unpad: bool) -> str | None:
    """Returns the sentence that says what the token lacks for an algorithm, or None."""
    lack = capabilities.lacks(session, connection, algorithm, unpad=unpad)
    if lack is None:
        return None
    return f"{algorithm.enum} is not available: the {connection.name} lacks {lack}."


def check_can(connection: Connection, session: TokenSession, algorithm: Algorithm, *, unpad: bool) -> None:
    """Refuses an algorithm that the token cannot serve, by the name of what it lacks."""
    lack = reason(connection, session, algorithm, unpad=unpad)
    if lack is None:
        return
    hint = "`kmsctl hsm status` lists what the token can do."
    if "CKM_RSA_PKCS_OAEP with" in lack:
        hint = "Use an algorithm that ends in SHA1, or a token that has it. " + hint
    raise Unimplemented(lack, hint=hint)


def create(
    session: TokenSession, algorithm: Algorithm, cka_id: bytes, label: str, *, unpad: bool
) -> KeyMaterial:
    """`TokenBackend.create`, within the exclusive lock."""
    scheme = scheme_of(algorithm)
    keys.check_free(session, cka_id)
    with Undo(session, cka_id):
        keys.make(session, scheme, algorithm, cka_id, label)
        made = keys.confirm(session, cka_id, scheme)
        public = keys.public_of(session, cka_id, made)
        proof.use(session, algorithm, made, public, unpad=unpad)
        if not _has_size(algorithm, made, public):
            raise TokenError(
                f"The token '{session.token.label}' made a key of another size than {algorithm.enum} has."
            )
    return KeyMaterial(cka_id, public)


def _has_size(algorithm: Algorithm, made: Any, public: bytes | None) -> bool:
    """Tells whether a new key is as long as it was asked to be, as far as the token says."""
    from pkcs11.constants import Attribute

    from kmsctl.crypto.software import pkcs8

    if algorithm.secret_size is not None:
        return attributes.read(made, Attribute.VALUE_LEN) in (algorithm.secret_size, *attributes.UNTOLD_SIZES)
    if algorithm.key_bits is None:
        return True  # the curve shows in the use
    return getattr(pkcs8.load_public(public or b""), "key_size", None) == algorithm.key_bits


class Undo:
    """A context manager that destroys what was made under a CKA_ID if its block fails.

    A token that does not answer any more keeps it; who gave the CKA_ID knows it and can look later.
    """

    __slots__ = ("_cka_id", "_session")

    def __init__(self, session: TokenSession, cka_id: bytes) -> None:
        self._session = session
        self._cka_id = cka_id

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None:
            quietly(lambda: keys.destroy(self._session, self._cka_id))


def quietly(work: Callable[[], object]) -> None:
    """Does what tidies up after another failure, whose report matters more."""
    try:
        work()
    except failures.every():
        pass
