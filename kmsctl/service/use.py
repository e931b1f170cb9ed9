"""Using one version: the checks that every cryptographic verb makes before it touches material."""

from __future__ import annotations

from kmsctl.crypto.checksums import crc32c
from kmsctl.errors import FailedPrecondition, InvalidArgument
from kmsctl.model import algorithms, states
from kmsctl.model.protection import PROTECTION_LEVEL_NUMBERS, PROTECTION_LEVELS
from kmsctl.service import due
from kmsctl.service.backends import backend, public_backend
from kmsctl.service.call import not_found
from kmsctl.store import versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from kmsctl.crypto.backend import Backend
    from kmsctl.model.algorithms import Algorithm, Limits
    from kmsctl.model.names import CryptoKeyVersionName
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Row
    from kmsctl.store.token_objects import TokenName

    T = TypeVar("T")


class Use:
    """A version that may be used now, with its material.

    Attributes:
        token: the token that its key is in; None for keys in software, and where it is not needed.
        algorithm, level, limits: what it is, and the sizes that its protection level takes.
        backend: does the cryptography.
        secret, public: its material, as the backend made it.
    """

    __slots__ = ("algorithm", "backend", "level", "limits", "public", "secret", "token")

    algorithm: Algorithm
    backend: Backend
    level: str
    limits: Limits
    secret: bytes
    public: bytes
    token: TokenName | None

    def __repr__(self) -> str:
        return f"Use({self.algorithm.enum})"


def use_version(
    kms: Kms,
    ctx: Context,
    method: str,
    name: CryptoKeyVersionName,
    serve: Callable[[Use], T],
    *,
    secret: bool,
    operation: str | None = None,
) -> T:
    """Authorizes `method` on a version, and has `serve` answer it with what that takes.

    The cryptography is done outside the snapshot, for it may take long; then the call is recorded.

    Args:
        kms: the service.
        ctx: the caller.
        method: the API's short name.
        name: the version.
        serve: does the cryptography and returns the answer.
        secret: whether its secret material is needed, or the public key alone.
        operation: what the key's purpose has to offer, if it is not `method` itself.

    Raises:
        NotFound: if there is no such version.
        FailedPrecondition: if it is of another purpose or not ENABLED.
    """

    def act(snapshot: Snapshot, key: Row) -> Use:
        row = versions.find(snapshot, key, name)
        if row is None:
            raise not_found(name)
        check_purpose(key, name, operation or method)
        check_enabled(snapshot, row, name)
        use = Use()
        use.algorithm = algorithms.by_number(row.integer("algorithm"))
        use.level = PROTECTION_LEVELS[row.integer("protection_level")]
        use.limits = algorithms.LIMITS[use.level]
        use.secret = versions.material(snapshot, row, name) if secret else b""
        public = row.values["public"]
        use.public = public if isinstance(public, bytes) else b""
        use.token = token_name(snapshot, row, name) if secret else None
        return use

    def answer(use: Use) -> T:
        level = PROTECTION_LEVEL_NUMBERS[use.level]
        # Tokens are slow, and may ask for a PIN: not within the snapshot.
        use.backend = holding(kms, level, name, use.token) if secret else public_backend(kms, level)
        return serve(use)

    return due.use_key(kms, ctx, method, name, name.parent, act, use=answer)


def token_name(snapshot: Snapshot, row: Row, name: CryptoKeyVersionName) -> TokenName | None:
    """Returns the token that the key of a version is in, or None if it is in none."""
    if not versions.in_token(row):
        return None
    from kmsctl.store import token_objects

    return token_objects.token_of(token_objects.of(snapshot, row, f"CryptoKeyVersion {name}"))


def holding(kms: Kms, level: int, name: CryptoKeyVersionName, token: TokenName | None) -> Backend:
    """Returns what uses the secret material of a version: its token, if it is in one."""
    return backend(kms, level) if token is None else kms.tokens.holding(name, token)


def count_encryption(kms: Kms, name: CryptoKeyVersionName, use: Use) -> None:
    """Counts an encryption with a key in a token whose nonces are random and short (AES-GCM).

    Raises:
        FailedPrecondition: if the key has encrypted as often as it may.
    """
    if use.token is not None and use.algorithm.counts_encryptions:
        kms.encryptions.count(kms, name, use.secret)


def check_checksum(field: str, data: bytes, checksum: int | None) -> bool:
    """Refuses data that is not what the caller took the CRC32C of. Returns whether there was one."""
    if checksum is not None and crc32c(data) != checksum:
        raise InvalidArgument(
            f"The checksum in field {field}_crc32c did not match the data in field {field}."
        )
    return checksum is not None


def check_purpose(key: Row, name: object, operation: str) -> None:
    purpose = algorithms.purpose_by_number(key.integer("purpose"))
    if operation not in purpose.operations:
        raise FailedPrecondition(
            f"Operation requested for Key {name} has incorrect key purpose: {purpose.enum}"
        )


def check_enabled(snapshot: Snapshot, row: Row, name: object) -> None:
    """Refuses to use a version that is not ENABLED, in the words that people grep for."""
    state = versions.state_of(row, snapshot.now)
    if state not in states.ALLOWED["use"]:
        raise FailedPrecondition(f"{name} is not enabled, current state is: {state}.")
