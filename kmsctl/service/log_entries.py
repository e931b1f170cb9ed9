"""Reading the audit logs of projects: all locations and the control database, merged by time."""

from __future__ import annotations

from kmsctl.errors import InvalidArgument, NotFound
from kmsctl.model.names import ProjectName
from kmsctl.service.authorize import acting, allowed
from kmsctl.service.control import ControlReading
from kmsctl.service.targets import Target
from kmsctl.store import projects as project_rows
from kmsctl.store.store import CONTROL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kmsctl.model.canonical import Value
    from kmsctl.model.log_filters import Node
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.store import Store

    #: (time, which log it is of, number, the entry)
    Found = tuple[int, int, int, dict[str, object]]

ASCENDING = "asc"
DESCENDING = "desc"
_PRIVATE = "logging.privateLogEntries.list"
_PAGE = 500


class Query:
    """What to read: entries of one project, as far as its reader may see them."""

    __slots__ = ("descending", "index", "parameters", "sql", "test")

    def __init__(self, filter_: Node, project: str, order: str, since: int | None, *, private: bool) -> None:
        from kmsctl.service import log_query

        self.test = log_query.compile_test(filter_)
        self.descending = order == DESCENDING
        self.sql = "project = ?"
        self.parameters: list[Value] = [project]
        self.index = ""
        if not private:
            self.sql += " AND log <> 'data_access'"
        if since is not None:
            self.sql += " AND time >= ?"
            self.parameters.append(since)
        asked = log_query.condition(filter_)
        if asked is not None:
            self.index = log_query.index_for(asked[0])
            self.sql += f" AND ({asked[0]})"
            self.parameters += asked[1]


def list_(
    kms: Kms,
    ctx: Context,
    projects: Sequence[str],
    filter_: str,
    *,
    location: str | None,
    order: str,
    since: int | None,
    limit: int | None,
) -> Iterator[dict[str, object]]:
    """Yields log entries in the order of their times; see `kmsctl.service.logging_api`."""
    from heapq import merge
    from itertools import islice

    from kmsctl.model.log_filters import parse

    if order not in (ASCENDING, DESCENDING):
        raise InvalidArgument(f"order: it is {ASCENDING} or {DESCENDING}.")
    if limit is not None and limit <= 0:
        raise InvalidArgument("limit: it is at least 1.")
    parsed = parse(filter_)
    Query(parsed, "", order, since, private=True)  # refuses what makes no sense before anything is asked
    readings: list[ControlReading] = []
    readable: list[tuple[str, bool]] = []
    for project in dict.fromkeys(projects):
        reading = ControlReading(kms, ctx, "ListLogEntries", Target(ProjectName(project)))
        with reading as control:
            if control is None:
                return
            if reading.decision.project is None:
                continue  # what a control database that was lost leaves is not for whoever asks
            private = allowed(control, None, acting(control, ctx), _PRIVATE, Target(ProjectName(project)))[0]
            readable.append((project, private))
            first = min(project_rows.each(control), key=lambda row: row.id, default=None)
            if first is not None and first.text("project") == project:
                readable.append(("", private))  # what is of no project is of the first one's
        readings.append(reading)
    for reading in readings:
        reading.record({"filter": filter_} if filter_ else {})
    logs = [
        _read(database, place, Query(parsed, project, order, since, private=private), limit)
        for place, database in enumerate(databases(kms, location))
        for project, private in readable
    ]
    found = merge(*logs, key=lambda each: each[:3], reverse=order == DESCENDING)
    yield from (entry for *_, entry in islice(found, limit))


def databases(kms: Kms, location: str | None) -> list[Database]:
    """Returns the databases whose logs are meant: one location's (or ``control``'s), or all.

    Raises:
        NotFound: if the location was never used.
    """
    store = kms.find_store()
    if store is None:
        if location is not None:
            raise _no_log(location)
        return []
    wanted = _names(store, location)
    found = [database for name in wanted if (database := store.find(name)) is not None]
    if location is not None and not found:
        raise _no_log(location)
    return found


def _names(store: Store, location: str | None) -> list[str]:
    if location is None:
        return store.names()
    if location != CONTROL:
        from kmsctl.model.names import check_location

        check_location(location)
    return [location]


def _no_log(location: str) -> NotFound:
    return NotFound(f"The store has no log of '{location}': it was never used.")


def _read(database: Database, place: int, query: Query, limit: int | None) -> Iterator[Found]:
    """Yields what one log has, a page at a time, each in a snapshot of its own, in nobody's way."""
    from json import loads

    from kmsctl.store import audit_log

    direction, beyond = ("DESC", "<") if query.descending else ("ASC", ">")
    sql, parameters = query.sql, list(query.parameters)
    size = min(limit or _PAGE, _PAGE)
    while True:
        page: list[Found] = []
        with database.read() as snapshot:
            condition = f"{sql} ORDER BY time {direction}, sequence {direction}"
            for record in audit_log.select(snapshot, condition, parameters, query.index):
                entry: dict[str, object] = loads(record.text)
                if query.test(entry):
                    page.append((record.time, place, record.sequence, entry))
                    if len(page) >= size:
                        break
        yield from page
        if len(page) < size:
            return
        sql = f"{query.sql} AND (time, sequence) {beyond} (?, ?)"
        parameters = [*query.parameters, page[-1][0], page[-1][2]]
