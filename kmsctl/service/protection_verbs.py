"""The verbs of `Kms` about protectors, and about the rotation of root and master keys."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.keystore.enrolment import Enrolled
    from kmsctl.keystore.ports import Asking, HandOut, Request
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.service.reports import RootRotationReport, RotationReport


def _kms(verbs: ProtectionVerbs) -> Kms:
    """Returns the whole of which the verbs are a part."""
    return verbs  # type: ignore[return-value]  # nothing else is made of them


class ProtectionVerbs:
    """A part of `kmsctl.service.kms.Kms`. Each verb is one function in the module of its noun."""

    __slots__ = ()

    def init_store(
        self, ctx: Context, type_: str, request: Request, asking: Asking, hand_out: HandOut
    ) -> list[Enrolled]:
        from kmsctl.service import protectors

        del ctx  # there is nobody yet who could be asked whether the caller may
        return protectors.init(_kms(self), type_, request, asking, hand_out)

    def list_protectors(self, ctx: Context) -> tuple[list[Enrolled], str | None]:
        from kmsctl.service import protectors

        return protectors.list_(_kms(self), ctx)

    def add_protector(
        self, ctx: Context, type_: str, request: Request, asking: Asking, hand_out: HandOut
    ) -> Enrolled:
        from kmsctl.service import protectors

        return protectors.add(_kms(self), ctx, type_, request, asking, hand_out)

    def remove_protector(
        self, ctx: Context, number: int, confirm: Callable[[Enrolled], None]
    ) -> tuple[Enrolled, str | None]:
        from kmsctl.service import protectors

        return protectors.remove(_kms(self), ctx, number, confirm)

    def unlock_store(self, ctx: Context, seconds: int) -> bool:
        from kmsctl.service import protectors

        del ctx  # it gives nobody more than the protector that was opened
        return protectors.unlock(_kms(self), seconds)

    def lock_store(self, ctx: Context) -> bool:
        from kmsctl.service import protectors

        del ctx
        return protectors.lock(_kms(self))

    def rotate_master_key(
        self, ctx: Context, name: str | None, progress: Callable[[int, int], None] | None = None
    ) -> list[RotationReport]:
        from kmsctl.service import master_rotation

        return master_rotation.rotate(_kms(self), ctx, name, progress)

    def rotate_root_key(
        self, ctx: Context, asking: Asking, *, drop_unavailable: bool = False
    ) -> RootRotationReport:
        from kmsctl.service import root_rotation

        return root_rotation.rotate(_kms(self), ctx, asking, drop_unavailable=drop_unavailable)
