"""The verbs of `Kms` about the store itself."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.service.reports import (
        Finding,
        MaintenanceReport,
        RepairReport,
        RepairStep,
        StoreStatus,
        VerifyOptions,
    )


def _kms(verbs: StoreVerbs) -> Kms:
    """Returns the whole of which the verbs are a part."""
    return verbs  # type: ignore[return-value]  # nothing else is made of them


class StoreVerbs:
    """A part of `kmsctl.service.kms.Kms`. Each verb is one function in the module of its noun."""

    __slots__ = ()

    def store_status(self, ctx: Context) -> StoreStatus:
        from kmsctl.service import maintenance

        return maintenance.status(_kms(self), ctx)

    def verify_store(
        self,
        ctx: Context,
        progress: Callable[[int, int], None] | None = None,
        options: VerifyOptions | None = None,
    ) -> Iterator[Finding]:
        from kmsctl.service import verification

        return verification.verify(_kms(self), ctx, progress, options)

    def maintain_store(
        self,
        ctx: Context,
        *,
        confirm_clock: Callable[[str], bool],
        max_master_key_age: int | None = None,
    ) -> MaintenanceReport:
        from kmsctl.service import maintenance

        return maintenance.maintain(_kms(self), ctx, confirm_clock, max_master_key_age)

    def repair_store(
        self,
        ctx: Context,
        *,
        confirm: Callable[[Sequence[RepairStep]], bool],
        progress: Callable[[int, int], None] | None = None,
    ) -> RepairReport:
        from kmsctl.service import repair

        return repair.repair(_kms(self), ctx, confirm, progress)

    def accept_rollback(self, ctx: Context, location: str) -> list[str]:
        from kmsctl.service import maintenance

        return maintenance.accept_rollback(_kms(self), ctx, location)
