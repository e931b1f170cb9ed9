"""The verbs of `Kms` about the audit logs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kmsctl.service.audit_logs import LogExport
    from kmsctl.service.context import Context
    from kmsctl.service.history import Subject
    from kmsctl.service.kms import Kms
    from kmsctl.service.reports import Finding, LogStatus


def _kms(verbs: LoggingVerbs) -> Kms:
    """Returns the whole of which the verbs are a part."""
    return verbs  # type: ignore[return-value]  # nothing else is made of them


class LoggingVerbs:
    """A part of `kmsctl.service.kms.Kms`. Each verb is one function in the module of its noun."""

    __slots__ = ()

    def list_log_entries(
        self,
        ctx: Context,
        projects: Sequence[str],
        filter_: str = "",
        *,
        location: str | None = None,
        order: str = "desc",
        since: int | None = None,
        limit: int | None = None,
    ) -> Iterator[dict[str, object]]:
        from kmsctl.service import log_entries

        return log_entries.list_(
            _kms(self), ctx, projects, filter_, location=location, order=order, since=since, limit=limit
        )

    def list_history(
        self,
        ctx: Context,
        name: Subject,
        *,
        recursive: bool = False,
        since: int | None = None,
        limit: int | None = None,
    ) -> Iterator[dict[str, object]]:
        from kmsctl.service import history

        return history.list_(_kms(self), ctx, name, recursive=recursive, since=since, limit=limit)

    def verify_logs(
        self,
        ctx: Context,
        location: str | None = None,
        *,
        checkpoint: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[Finding]:
        from kmsctl.service import audit_logs

        return audit_logs.verify(_kms(self), ctx, location, checkpoint, progress)

    def describe_logs(self, ctx: Context, location: str | None = None) -> list[LogStatus]:
        from kmsctl.service import audit_logs

        return audit_logs.status(_kms(self), ctx, location)

    def export_logs(
        self, ctx: Context, location: str | None = None, *, since: int | None = None
    ) -> LogExport:
        from kmsctl.service import audit_logs

        return audit_logs.export(_kms(self), ctx, location, since)

    def remove_log_entries(self, ctx: Context, before: int, location: str | None = None) -> dict[str, int]:
        from kmsctl.service import audit_logs

        return audit_logs.remove(_kms(self), ctx, location, before)
