"""Making the material of new versions.

Symmetric keys are drawn within the transaction that adds the version. Key pairs take long, so
they are made outside: one transaction adds the version as PENDING_GENERATION, another enables it.
"""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition, Unimplemented
from kmsctl.model import algorithms, states
from kmsctl.service import audit
from kmsctl.service.backends import backend, is_hsm
from kmsctl.service.call import find_database, not_found
from kmsctl.store import keys, leases, rings, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.crypto.backend import Backend, KeyMaterial
    from kmsctl.model.algorithms import Algorithm
    from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName
    from kmsctl.service.audit import ResourceName
    from kmsctl.service.kms import Kms
    from kmsctl.service.token_objects import Intent
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

UID_SIZE = 16
#: For how many seconds an interrupt may go unnoticed while key material is made.
_TURN = 0.1


def algorithm_of(row: Row) -> Algorithm:
    return algorithms.by_number(row.integer("algorithm"))


def is_slow(level: int, algorithm: Algorithm) -> bool:
    """Tells whether key material has to be made outside a transaction: key pairs, and all in tokens."""
    return algorithm.secret_size is None or is_hsm(level)


def check_may_generate(key: Row, name: CryptoKeyName) -> None:
    if key.integer("import_only"):
        raise FailedPrecondition(
            f"CryptoKey {name} is import-only: its versions cannot be generated.",
            hint="Import a version with: kmsctl keys versions import",
        )


def check_available(kms: Kms, level: int, algorithm: Algorithm, name: ResourceName) -> None:
    """Refuses an algorithm that the backend of a protection level cannot do, and says why.

    It may import the code of the algorithm, or ask a token: not to be called under the write lock.
    """
    used = backend(kms, level, name) if is_hsm(level) else backend(kms, level)
    reason = used.unavailable_reason(algorithm)
    if reason is not None:
        raise Unimplemented(reason)


def add_version(
    kms: Kms, transaction: Transaction, key: Row, name: CryptoKeyName, slow: Generation | None = None
) -> int:
    """Adds the next version of a key and returns its number.

    It is ENABLED, or PENDING_GENERATION where making its material is slow: then `slow` is open, and the
    caller calls its `complete` after the transaction.
    """
    check_may_generate(key, name)
    number = key.integer("last_version") + 1
    version = name.version(number)
    uid = kms.random(UID_SIZE) if slow is None else slow.uid
    row = versions.insert(transaction, key, version, uid, state=states.PENDING_GENERATION)
    if slow is not None:
        slow.added(transaction, row, version)
    else:
        made = backend(kms, key.integer("protection_level")).generate(algorithm_of(key))
        versions.set_material(transaction, row, version, made.secret, made.public)
    transaction.update(key, last_version=number)
    return number


class Generation:
    """The slow making of one version, from before its first transaction to after its second.

    A context manager: it holds the lease while it is open.
    """

    __slots__ = ("_intent", "_kms", "_lease", "uid")

    def __init__(self, kms: Kms, name: CryptoKeyName, level: int) -> None:
        """Prepares the making of a version of the key `name`, which may be yet to be added.

        Raises:
            TokenError: if it is to be made in a token that cannot be used now: nothing was written.
        """
        if kms.find_store() is None:
            raise not_found(name)  # a request for what cannot be there makes no store
        self._kms = kms
        self.uid = kms.random(UID_SIZE)
        self._lease = leases.Lease(kms.data_directory, self.uid)
        self._intent: Intent | None = None
        if is_hsm(level):
            from kmsctl.service.token_objects import Intent

            self._intent = Intent(kms, name)

    def __enter__(self) -> Generation:
        self._lease.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._lease.__exit__(None, None, None)

    def added(self, transaction: Transaction, row: Row, version: CryptoKeyVersionName) -> None:
        """Tells that the row of the version was added."""
        if self._intent is not None:
            operation = "C_GenerateKey" if algorithm_of(row).secret_size else "C_GenerateKeyPair"
            self._intent.record(transaction, row, version, operation)

    def complete(self, version: CryptoKeyVersionName) -> None:
        """Makes the material of a version that was added as PENDING_GENERATION, and enables it."""
        if self._intent is not None:
            from kmsctl.service import token_generation

            token_generation.complete(self._kms, version)
            return
        database = find_database(self._kms, version)
        if database is None:
            raise not_found(version)
        with database.read() as snapshot:
            _, row = find(snapshot, version)
            level, algorithm = row.integer("protection_level"), algorithm_of(row)
        try:
            made = make_interruptibly(backend(self._kms, level), algorithm)
        except BaseException:
            self._fail(version)
            raise
        with database.write() as transaction:
            row = find(transaction, version)[1]
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
            row = find(transaction, version)[1]
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


def find(snapshot: Snapshot, version: CryptoKeyVersionName) -> tuple[Row, Row]:
    """Returns the rows of the key and of a version that is known to be there."""
    ring = rings.find(snapshot, version.parent.parent)
    key = None if ring is None else keys.find(snapshot, ring, version.parent)
    row = None if key is None else versions.find(snapshot, key, version)
    if key is None or row is None:
        raise not_found(version)
    return key, row
