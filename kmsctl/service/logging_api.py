"""The verbs about the audit logs, as a Protocol. Imported for types only; see `kmsctl.service.api`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from kmsctl.service.audit_logs import LogExport
from kmsctl.service.context import Context
from kmsctl.service.history import Subject
from kmsctl.service.reports import Finding, LogStatus


class LoggingApi(Protocol):
    """Logs are of a database each: a location's, or ``control``'s. None as location means all of them."""

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
        """Yields the entries of projects that pass a filter of the Logging query language.

        Entries of data access are left out for callers without ``logging.privateLogEntries.list``. What is
        of no project is shown with the store's first.

        Args:
            ctx: the caller.
            projects: ids of projects, in each of which the caller needs ``logging.logEntries.list``.
            filter_: the filter; empty for all.
            location: where the entries are, or None.
            order: ``desc`` (the newest first) or ``asc``.
            since: the time of the oldest to show, in microseconds, or None.
            limit: how many to show at most, or None.

        Raises:
            InvalidArgument: if the filter makes no sense; it says where.
        """
        ...

    def list_history(
        self,
        ctx: Context,
        name: Subject,
        *,
        recursive: bool = False,
        since: int | None = None,
        limit: int | None = None,
    ) -> Iterator[dict[str, object]]:
        """Yields the changes of a resource, the newest first, as far back as the log goes.

        Each has ``timestamp``, ``methodName``, ``resourceName``, ``principalEmail``, ``insertId`` (of the log
        entry) and, where there is one, ``request``, ``serviceData``, ``dueTime`` (of what
        happened by itself), ``delegation`` (who acted as the principal) and ``accessReason``.

        Args:
            ctx: the caller.
            name: a key ring or a key.
            recursive: also of what is below it: keys, versions, import jobs.
            since: only changes that are not older, in microseconds since 1970.
            limit: at most so many.
        """
        ...

    def verify_logs(
        self,
        ctx: Context,
        location: str | None = None,
        *,
        checkpoint: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[Finding]:
        """Follows all records to the authenticated heads and the anchor. Yields what is wrong.

        `checkpoint` is the text of checkpoints that were signed before: the logs have to continue what
        they were signed for. `progress` is called with (records done, records in all) from time to time.
        """
        ...

    def describe_logs(self, ctx: Context, location: str | None = None) -> list[LogStatus]:
        """Returns the logs that there are, with their public keys."""
        ...

    def export_logs(
        self, ctx: Context, location: str | None = None, *, since: int | None = None
    ) -> LogExport:
        """Returns all records, or those from the first not older than a time on, with signed checkpoints.

        The checkpoints (`kmsctl.model.checkpoints`) are there when all lines have been taken.
        """
        ...

    def remove_log_entries(self, ctx: Context, before: int, location: str | None = None) -> dict[str, int]:
        """Removes the records that are older than a time, up to the first that is not.

        Returns:
            How many were removed, by location.
        """
        ...
