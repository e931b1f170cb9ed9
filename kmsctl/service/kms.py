"""`Kms`: the service in process. Each verb is one function in the module of its noun.

A `Kms` is shared and thread-safe: it holds the store, the clock and the randomness. What belongs
to one call is in its `Context`.
"""

from __future__ import annotations

import os
from _thread import allocate_lock

from kmsctl.errors import IntegrityError
from kmsctl.model.times import now_us
from kmsctl.service.backup_verbs import BackupVerbs
from kmsctl.service.defaults import DESTROY_SCHEDULED_DURATION
from kmsctl.service.encryptions import Encryptions
from kmsctl.service.iam_verbs import IamVerbs
from kmsctl.service.logging_verbs import LoggingVerbs
from kmsctl.service.operation_verbs import OperationVerbs
from kmsctl.service.protection_verbs import ProtectionVerbs
from kmsctl.service.store_verbs import StoreVerbs
from kmsctl.service.tokens import Tokens, WithToken, no_warning
from kmsctl.store.files import has_databases
from kmsctl.store.probes import no_probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TypeVar

    from kmsctl.keystore.ports import Asking
    from kmsctl.model.import_requests import ImportCryptoKeyVersionRequest
    from kmsctl.model.locations import Location
    from kmsctl.model.names import (
        CryptoKeyName,
        CryptoKeyVersionName,
        ImportJobName,
        KeyRingName,
        LocationName,
    )
    from kmsctl.model.resources import CryptoKey, CryptoKeySpec, CryptoKeyVersion, ImportJob, KeyRing
    from kmsctl.service.api import Keep
    from kmsctl.service.context import Context
    from kmsctl.service.tokens import HsmOptions
    from kmsctl.store.database import Clock
    from kmsctl.store.probes import Probe
    from kmsctl.store.store import Store

    Random = Callable[[int], bytes]
    T = TypeVar("T")


class Kms(IamVerbs, LoggingVerbs, OperationVerbs, ProtectionVerbs, StoreVerbs, BackupVerbs):
    """The service over a store of files (`kmsctl.service.api.KmsApi`).

    Args:
        data_directory: where the databases are, or will be.
        secrets_directory: where root key and anchor are, or will be.
        clock: tells the time in microseconds since 1970.
        random: draws that many random bytes.
        destroy_scheduled_duration: the destroy window of keys that name none, in microseconds.
        hsm: how HSM keys are reached; without it there are none.
        warn: told what a person should know of what goes on, a sentence at a time.
        probe: told the name of each step of a commit, and of work in a token; for crash tests.
        ask: returns who is asked for passphrases and the like, where the root key has no file of its own.
    """

    __slots__ = (
        "_ask",
        "_lock",
        "_store",
        "clock",
        "data_directory",
        "destroy_scheduled_duration",
        "encryptions",
        "probe",
        "random",
        "secrets_directory",
        "tokens",
        "warn",
    )

    def __init__(  # noqa: PLR0913 - what it depends on, given by name
        self,
        data_directory: str,
        secrets_directory: str,
        *,
        clock: Clock = now_us,
        random: Random = os.urandom,
        destroy_scheduled_duration: int = DESTROY_SCHEDULED_DURATION,
        hsm: HsmOptions | None = None,
        warn: Callable[[str], None] = no_warning,
        probe: Probe = no_probe,
        ask: Callable[[], Asking] | None = None,
    ) -> None:
        self.data_directory = data_directory
        self.secrets_directory = secrets_directory
        self.clock = clock
        self.random = random
        self.destroy_scheduled_duration = destroy_scheduled_duration
        self.probe = probe
        self.warn = warn
        self.tokens = Tokens(hsm, data_directory)
        self.encryptions = Encryptions()
        self._ask = ask
        self._store: Store | None = None
        self._lock = allocate_lock()

    def find_store(self) -> Store | None:
        """Returns the store, or None if there is none yet.

        Raises:
            IntegrityError: if there are databases, but root key and anchor are gone.
        """
        if self._store is None:
            from kmsctl.keystore.keystore import KeyStore

            keystore = KeyStore.open(self.secrets_directory, self.random, self.probe, self.asking)
            if keystore is None and has_databases(self.data_directory):
                # Unless another process has made both in between, the secrets of a store are gone.
                keystore = KeyStore.open(self.secrets_directory, self.random, self.probe, self.asking)
                if keystore is None:
                    raise self._orphans()
            if keystore is None:
                return None
            self._set_store(keystore)
        return self._store

    def asking(self, asked: Asking | None = None) -> WithToken:
        """Returns who is asked for what opens the store: `asked`, if given, and the configured token."""
        from kmsctl.keystore.protectors import Silent

        who = asked or (Silent() if self._ask is None else self._ask())
        return WithToken(who, self.tokens, os.path.dirname(self.secrets_directory))

    def open_store(self) -> Store:
        """Returns the store, and makes it if there is none: root key, anchor, nothing else yet."""
        found = self.find_store()
        if found is None:
            from kmsctl.keystore.keystore import KeyStore

            found = self._set_store(KeyStore.create(self.secrets_directory, self.random, self.probe))
        return found

    def close(self) -> None:
        """Closes all files. The next call opens them again."""
        with self._lock:
            store, self._store = self._store, None
        self.tokens.close()
        if store is not None:
            store.close()

    def use_keys(self, keystore: object) -> None:
        """Goes on with a `KeyStore` that was opened elsewhere, unless the store is open already."""
        self._set_store(keystore)

    def _set_store(self, keystore: object) -> Store:
        """Keeps one store for all threads, whichever of them was first to open it."""
        from kmsctl.store.store import Store

        with self._lock:
            if self._store is None:
                self._store = Store(
                    self.data_directory,
                    keystore,  # type: ignore[arg-type]
                    clock=self.clock,
                    random=self.random,
                    probe=self.probe,
                )
            return self._store

    def _orphans(self) -> IntegrityError:
        return IntegrityError(
            f"There is a store in {self.data_directory}, but its root key and anchor are not in "
            f"{self.secrets_directory}.",
            hint="Bring that directory back from where it was moved or from a copy (or name its "
            "parent with KMSCTL_CONFIG). Without it nothing in the store can be read.",
        )

    # Locations

    def list_locations(self, ctx: Context, project: str) -> Iterator[Location]:
        from kmsctl.service import locations

        return locations.list_(self, ctx, project)

    def get_location(self, ctx: Context, name: LocationName) -> Location:
        from kmsctl.service import locations

        return locations.get(self, ctx, name)

    # Key rings

    def create_key_ring(
        self, ctx: Context, name: KeyRingName, *, tags: Mapping[str, str] | None = None
    ) -> KeyRing:
        from kmsctl.service import keyrings

        return keyrings.create(self, ctx, name, tags)

    def get_key_ring(self, ctx: Context, name: KeyRingName) -> KeyRing:
        from kmsctl.service import keyrings

        return keyrings.get(self, ctx, name)

    def list_key_rings(
        self, ctx: Context, parent: LocationName, *, prefix: str = "", limit: int | None = None
    ) -> Iterator[KeyRing]:
        from kmsctl.service import keyrings

        return keyrings.list_(self, ctx, parent, prefix, limit)

    # Keys

    def create_crypto_key(
        self,
        ctx: Context,
        name: CryptoKeyName,
        spec: CryptoKeySpec,
        *,
        skip_initial_version_creation: bool = False,
    ) -> CryptoKey:
        from kmsctl.service import keys

        return keys.create(self, ctx, name, spec, skip_version=skip_initial_version_creation)

    def get_crypto_key(self, ctx: Context, name: CryptoKeyName) -> CryptoKey:
        from kmsctl.service import keys

        return keys.get(self, ctx, name)

    def list_crypto_keys(
        self,
        ctx: Context,
        parent: KeyRingName,
        *,
        prefix: str = "",
        limit: int | None = None,
        keep: Keep | None = None,
    ) -> Iterator[CryptoKey]:
        from kmsctl.service import keys

        return keys.list_(self, ctx, parent, prefix, limit, keep)

    def shape_crypto_keys(
        self, ctx: Context, parent: KeyRingName, shape: Callable[[Iterable[CryptoKey]], T]
    ) -> Iterator[T]:
        from kmsctl.service import keys

        return keys.shaped(self, ctx, parent, shape)

    def update_crypto_key(
        self, ctx: Context, name: CryptoKeyName, changes: Mapping[str, object]
    ) -> CryptoKey:
        from kmsctl.service import keys

        return keys.update(self, ctx, name, changes)

    def update_crypto_key_primary_version(self, ctx: Context, name: CryptoKeyName, version: int) -> CryptoKey:
        from kmsctl.service import keys

        return keys.update_primary_version(self, ctx, name, version)

    # Versions

    def create_crypto_key_version(self, ctx: Context, parent: CryptoKeyName) -> CryptoKeyVersion:
        from kmsctl.service import versions

        return versions.create(self, ctx, parent)

    def get_crypto_key_version(self, ctx: Context, name: CryptoKeyVersionName) -> CryptoKeyVersion:
        from kmsctl.service import versions

        return versions.get(self, ctx, name)

    def list_crypto_key_versions(
        self, ctx: Context, parent: CryptoKeyName, *, limit: int | None = None
    ) -> Iterator[CryptoKeyVersion]:
        from kmsctl.service import versions

        return versions.list_(self, ctx, parent, limit)

    def update_crypto_key_version(
        self, ctx: Context, name: CryptoKeyVersionName, state: str
    ) -> CryptoKeyVersion:
        from kmsctl.service import versions

        return versions.update_state(self, ctx, name, state)

    def destroy_crypto_key_version(self, ctx: Context, name: CryptoKeyVersionName) -> CryptoKeyVersion:
        from kmsctl.service import versions

        return versions.destroy(self, ctx, name)

    def restore_crypto_key_version(self, ctx: Context, name: CryptoKeyVersionName) -> CryptoKeyVersion:
        from kmsctl.service import versions

        return versions.restore(self, ctx, name)

    # Imports

    def create_import_job(
        self, ctx: Context, name: ImportJobName, import_method: str, protection_level: str = "SOFTWARE"
    ) -> ImportJob:
        from kmsctl.service import import_jobs

        return import_jobs.create(self, ctx, name, import_method, protection_level)

    def get_import_job(self, ctx: Context, name: ImportJobName) -> ImportJob:
        from kmsctl.service import import_jobs

        return import_jobs.get(self, ctx, name)

    def list_import_jobs(
        self, ctx: Context, parent: KeyRingName, *, prefix: str = "", limit: int | None = None
    ) -> Iterator[ImportJob]:
        from kmsctl.service import import_jobs

        return import_jobs.list_(self, ctx, parent, prefix, limit)

    def import_crypto_key_version(
        self, ctx: Context, request: ImportCryptoKeyVersionRequest
    ) -> CryptoKeyVersion:
        from kmsctl.service import imports

        return imports.import_version(self, ctx, request)
