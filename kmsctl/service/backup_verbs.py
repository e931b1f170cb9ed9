"""The verbs of `Kms` about backups and snapshots of the store, and about moving key rings."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from kmsctl.model.names import KeyRingName
    from kmsctl.service.backup_api import Seal
    from kmsctl.service.backup_directory import BackupFile
    from kmsctl.service.context import Context
    from kmsctl.service.departures import Movement
    from kmsctl.service.kms import Kms
    from kmsctl.service.reports import Finding
    from kmsctl.service.restores import RestorePlan, RestoreReport, RestoreRequest
    from kmsctl.service.unlocking import Container, Unlock
    from kmsctl.store.snapshot_files import SnapshotFile


def _kms(verbs: BackupVerbs) -> Kms:
    """Returns the whole of which the verbs are a part."""
    return verbs  # type: ignore[return-value]  # nothing else is made of them


class BackupVerbs:
    """A part of `kmsctl.service.kms.Kms`. Each verb is one function in the module of its noun."""

    __slots__ = ()

    def create_backup(
        self, ctx: Context, sink: Callable[[bytes], object], *, seal_root_key: Seal | None = None
    ) -> dict[str, Any]:
        from kmsctl.service import backups

        return backups.create(_kms(self), ctx, sink, seal_root_key)

    def list_backups(self, ctx: Context, directory: str, unlock: Unlock) -> list[BackupFile]:
        from kmsctl.service import backup_directory

        return backup_directory.list_(_kms(self), ctx, directory, unlock)

    def prune_backups(
        self, ctx: Context, directory: str, keep: int, *, confirm: Callable[[list[BackupFile]], None]
    ) -> list[BackupFile]:
        from kmsctl.service import backup_directory

        return backup_directory.prune(_kms(self), ctx, directory, keep, confirm)

    def verify_backup(
        self,
        ctx: Context,
        container: Container,
        unlock: Unlock,
        *,
        manifest: Callable[[dict[str, Any]], None],
    ) -> Iterator[Finding]:
        from kmsctl.service import backups

        return backups.verify(_kms(self), ctx, container, unlock, manifest)

    def restore_backup(
        self,
        ctx: Context,
        container: Container,
        request: RestoreRequest,
        unlock: Unlock,
        *,
        confirm: Callable[[RestorePlan], bool],
    ) -> RestoreReport | None:
        from kmsctl.service import restores

        return restores.restore_backup(_kms(self), ctx, container, request, unlock, confirm)

    def export_tombstones(self, ctx: Context, sink: Callable[[bytes], object]) -> int:
        from kmsctl.service import tombstones

        return tombstones.export(_kms(self), ctx, sink)

    def create_snapshot(self, ctx: Context) -> list[SnapshotFile]:
        from kmsctl.service import snapshots

        return snapshots.create(_kms(self), ctx)

    def list_snapshots(self, ctx: Context) -> list[SnapshotFile]:
        from kmsctl.service import snapshots

        return snapshots.list_(_kms(self), ctx)

    def restore_snapshot(
        self,
        ctx: Context,
        snapshot_id: str,
        request: RestoreRequest,
        *,
        confirm: Callable[[RestorePlan], bool],
    ) -> RestoreReport | None:
        from kmsctl.service import snapshots

        return snapshots.restore(_kms(self), ctx, snapshot_id, request, confirm)

    def get_store_public_key(self, ctx: Context) -> bytes:
        from kmsctl.service import transport

        return transport.public_key(_kms(self), ctx)

    def export_key_ring(
        self, ctx: Context, name: KeyRingName, public_key: bytes, sink: Callable[[bytes], object]
    ) -> Movement:
        from kmsctl.service import departures

        return departures.export(_kms(self), ctx, name, public_key, sink)

    def import_key_ring(self, ctx: Context, container: Container, *, with_policies: bool = False) -> Movement:
        from kmsctl.service import arrivals

        return arrivals.import_(_kms(self), ctx, container, with_policies=with_policies)
