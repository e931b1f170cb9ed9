"""Making the material of new versions.

Symmetric keys are drawn within the transaction that adds the version. Key pairs take long, so
they are made outside: one transaction adds the version as PENDING_GENERATION, another enables it.
"""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition, Unimplemented
from kmsctl.model import algorithms, states
from kmsctl.service import audit
from kmsctl.service.backends import backend
from kmsctl.service.call import find_database, not_found
from kmsctl.store import keys, leases, rings, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.crypto.backend import Backend, KeyMaterial
    from kmsctl.model.algorithms import Algorithm
    from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName
    from kmsctl.service.kms import Kms
    from kmsctl.store.snapshot import Transaction
    from kmsctl.store.tables import Row

UID_SIZE = 16
#: For how many seconds an interrupt may go unnoticed while key material is made.
_TURN = 0.1


def algorithm_of(row: Row) -> Algorithm:
    return algorithms.by_number(row.integer("algorithm"))


def is_slow(row: Row) -> bool:
    """Tells whether the material of a key's versions has to be made outside a transaction."""
    return algorithm_of(row).secret_size is None


def check_may_generate(key: Row, name: CryptoKeyName) -> None:
    if key.integer("import_only"):
        raise FailedPrecondition(
            f"CryptoKey {name} is import-only: its versions cannot be generated.",
            hint="Import a version with: kmsctl keys versions import",
        )


def check_available(kms: Kms, level: int, algorithm: Algorithm) -> None:
    """Refuses an algorithm that the backend of a protection level cannot do, and says why.

    It may import the code of the algorithm: not to be called under the write lock.
    """
    reason = backend(kms, level).unavailable_reason(algorithm)
    if reason is not None:
        raise Unimplemented(reason)


def add_version(
    kms: Kms, transaction: Transaction, key: Row, name: CryptoKeyName, uid: bytes | None = None
) -> int:
    """Adds the next version of a key and returns its number.

    It is ENABLED, or PENDING_GENERATION where making its material is slow: then the caller holds
    the lease on `uid` and calls `complete` after the transaction.
    """
    check_may_generate(key, name)
    number = key.integer("last_version") + 1
    version = name.version(number)
    row = versions.insert(
        transaction, key, version, uid or kms.random(UID_SIZE), state=states.PENDING_GENERATION
    )
    if not is_slow(key):
        made = backend(kms, key.integer("protection_level")).generate(algorithm_of(key))
        versions.set_material(transaction, row, version, made.secret, made.public)
    transaction.update(key, last_version=number)
    return number


class Generation:
    """The slow making of one version, from before its first transaction to after its second.

    A context manager: it holds the lease while it is open.
    """

    __slots__ = ("_kms", "_lease", "uid")

    def __init__(self, kms: Kms, name: CryptoKeyName) -> None:
        """Prepares the making of a version of the key `name`, which may be yet to be added."""
        if kms.find_store() is None:
            raise not_found(name)  # a request for what cannot be there makes no store
        self._kms = kms
        self.uid = kms.random(UID_SIZE)
        self._lease = leases.Lease(kms.data_directory, self.uid)

    def __enter__(self) -> Generation:
        self._lease.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._lease.__exit__(None, None, None)

    def complete(self, version: CryptoKeyVersionName) -> None:
        """Makes the material of a version that was added as PENDING_GENERATION, and enables it."""
        database = find_database(self._kms, version)
        if database is None:
            raise not_found(version)
        with database.read() as snapshot:
            _, row = _find(snapshot, version)  # type: ignore[arg-type]
            level, algorithm = row.integer("protection_level"), algorithm_of(row)
        try:
            made = make_interruptibly(backend(self._kms, level), algorithm)
        except BaseException:
            self._fail(version)
            raise
        with database.write() as transaction:
            row = _find(transaction, version)[1]
            if not versions.is_pending_generation(row):
                raise FailedPrecondition(f"CryptoKeyVersion {version} was given up by another process.")
            versions.set_material(transaction, row, version, made.secret, made.public)
            audit.append_automatic(
                transaction, "GenerateCryptoKeyVersion", version, row.integer("create_time")
            )

    def _fail(self, version: CryptoKeyVersionName) -> None:
        database = find_database(self._kms, version)
        if database is None:
            return
        with database.write() as transaction:
            row = _find(transaction, version)[1]
            if versions.is_pending_generation(row):
                versions.fail_generation(transaction, row)
                audit.append_automatic(
                    transaction, "FailCryptoKeyVersion", version, row.integer("create_time")
                )


def make_interruptibly(used: Backend, algorithm: Algorithm) -> KeyMaterial:
    """Makes key material in a thread of its own.

    The library does not come back to the interpreter before it is done, which may be many seconds;
    the thread that waits here notices an interrupt at once.
    """
    from threading import Thread

    made: list[KeyMaterial] = []
    failed: list[BaseException] = []

    def make() -> None:
        try:
            made.append(used.generate(algorithm))
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            failed.append(error)

    thread = Thread(target=make, name="generation", daemon=True)
    thread.start()
    while thread.is_alive():
        # In turns, as a signal that comes just before the waiting begins does not end it.
        thread.join(_TURN)
    if failed:
        raise failed[0]
    return made[0]


def _find(transaction: Transaction, version: CryptoKeyVersionName) -> tuple[Row, Row]:
    ring = rings.find(transaction, version.parent.parent)
    key = None if ring is None else keys.find(transaction, ring, version.parent)
    row = None if key is None else versions.find(transaction, key, version)
    if key is None or row is None:
        raise not_found(version)
    return key, row
