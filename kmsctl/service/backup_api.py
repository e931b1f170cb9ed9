"""The verbs about backups, snapshots and moving, as a Protocol; for types only. See `kmsctl.service.api`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from kmsctl.model.names import KeyRingName
from kmsctl.service.backup_directory import BackupFile
from kmsctl.service.context import Context
from kmsctl.service.departures import Movement
from kmsctl.service.reports import Finding
from kmsctl.service.restores import RestorePlan, RestoreReport, RestoreRequest
from kmsctl.service.unlocking import Container, Unlock
from kmsctl.store.snapshot_files import SnapshotFile

#: Given (root key, what to bind it to), returns for JSON what a backup is to hold of the root key.
Seal = Callable[[bytes, bytes], dict[str, object]]


class BackupApi(Protocol):
    """Each verb needs ``kmsctl.store.backup``, ``.restore`` or ``.snapshot``."""

    def create_backup(
        self, ctx: Context, sink: Callable[[bytes], object], *, seal_root_key: Seal | None = None
    ) -> dict[str, Any]:
        """Writes a backup to `sink`, piece by piece, and returns its manifest.

        `seal_root_key` is given (root key, what to bind it to) and returns what the file is to hold of it.
        """
        ...

    def list_backups(self, ctx: Context, directory: str, unlock: Unlock) -> list[BackupFile]:
        """Returns the backups in a directory, oldest first."""
        ...

    def prune_backups(
        self, ctx: Context, directory: str, keep: int, *, confirm: Callable[[list[BackupFile]], None]
    ) -> list[BackupFile]:
        """Removes all but the newest backups of this store; `confirm` sees them first, and may raise."""
        ...

    def verify_backup(
        self,
        ctx: Context,
        container: Container,
        unlock: Unlock,
        *,
        manifest: Callable[[dict[str, Any]], None],
    ) -> Iterator[Finding]:
        """Checks a whole backup; yields what is wrong. `manifest` is shown what it says of itself first."""
        ...

    def restore_backup(
        self,
        ctx: Context,
        container: Container,
        request: RestoreRequest,
        unlock: Unlock,
        *,
        confirm: Callable[[RestorePlan], bool],
    ) -> RestoreReport | None:
        """Restores a backup. Where `confirm` answers False nothing is done, and None is returned.

        Each database is replaced whole or not at all, under a new epoch; what is destroyed stays destroyed.
        """
        ...

    def export_tombstones(self, ctx: Context, sink: Callable[[bytes], object]) -> int:
        """Writes the list of what is destroyed, and returns how many versions that are."""
        ...

    def create_snapshot(self, ctx: Context) -> list[SnapshotFile]:
        """Takes a snapshot of every database that has changed since its last one."""
        ...

    def list_snapshots(self, ctx: Context) -> list[SnapshotFile]: ...
    def restore_snapshot(
        self,
        ctx: Context,
        snapshot_id: str,
        request: RestoreRequest,
        *,
        confirm: Callable[[RestorePlan], bool],
    ) -> RestoreReport | None:
        """Restores the state of a time, as `restore_backup` does."""
        ...

    def get_store_public_key(self, ctx: Context) -> bytes:
        """Returns the key (PEM) that other stores seal key rings to; the first call makes it."""
        ...

    def export_key_ring(
        self, ctx: Context, name: KeyRingName, public_key: bytes, sink: Callable[[bytes], object]
    ) -> Movement:
        """Writes a key ring to `sink`, sealed to another store's public key (PEM or DER)."""
        ...

    def import_key_ring(self, ctx: Context, container: Container, *, with_policies: bool = False) -> Movement:
        """Adds a key ring that was exported to this store: whole, or not at all."""
        ...
