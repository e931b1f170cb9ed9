"""Filters over log entries: what the store is asked never loses an entry that the filter lets pass."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from kmsctl.errors import InvalidArgument
from kmsctl.model.log_filters import parse
from kmsctl.model.severities import SEVERITIES
from kmsctl.model.times import rfc3339
from kmsctl.service import log_query
from kmsctl.store.migrations import CONTROL_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

START = 1_893_456_000_000_000
METHODS = ("Encrypt", "Decrypt", "CreateKeyRing")
PEOPLE = ("ann@example.com", "Bob@example.com", "é@example.com")
RESOURCES = ("projects/p/locations/l", 'projects/p/"quoted"/x', "projects/p/back\\slash")
LOGS = ("activity", "data_access", "system_event")
WORDS = (
    *METHODS,
    *PEOPLE,
    *RESOURCES,
    *SEVERITIES,
    "true",
    "false",
    "5",
    "-1.5",
    "crypt",
    "EXAMPLE",
    "*",
    "é",
    "",
)

entries = st.builds(
    lambda time, method, who, resource, log, severity, code: {
        "insertId": "x-1",
        "logName": f"projects/p/logs/cloudaudit.googleapis.com%2F{log}",
        "protoPayload": {
            "methodName": method,
            "resourceName": resource,
            "authenticationInfo": {"principalEmail": who},
            "authorizationInfo": [{"granted": code == 0, "permission": f"p.{method}"}],
            "status": {"code": code} if code else {},
        },
        "severity": severity,
        "timestamp": rfc3339(START + time),
    },
    st.integers(0, 5),
    st.sampled_from(METHODS),
    st.sampled_from(PEOPLE),
    st.sampled_from(RESOURCES),
    st.sampled_from(LOGS),
    st.sampled_from(tuple(SEVERITIES)),
    st.sampled_from((0, 5, 7)),
)

fields = st.sampled_from(
    (
        "protoPayload.methodName",
        "protoPayload.resourceName",
        "protoPayload.authenticationInfo.principalEmail",
        "protoPayload.authorizationInfo.granted",
        "protoPayload.authorizationInfo.permission",
        "protoPayload.status.code",
        "protoPayload",
        "logName",
        "insertId",
        "textPayload",
        "labels.none",
    )
)
operators = st.sampled_from(("=", "!=", "<", "<=", ">", ">=", ":", "=~", "!~"))


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


terms = st.one_of(
    st.builds(lambda *parts: "".join(parts), fields, operators, st.sampled_from(WORDS).map(quoted)),
    st.builds(
        lambda operator, time: f"timestamp{operator}{quoted(rfc3339(START + time))}",
        st.sampled_from(("=", "!=", "<", "<=", ">", ">=")),
        st.integers(-1, 6),
    ),
    st.builds(
        lambda operator, word: f"severity{operator}{word}",
        st.sampled_from(("=", "!=", "<", "<=", ">", ">=")),
        st.sampled_from(tuple(SEVERITIES)),
    ),
    st.sampled_from(LOGS).map(lambda log: f"log_id(cloudaudit.googleapis.com/{log})"),
    st.sampled_from(WORDS).map(quoted),
)
filters = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.builds(lambda a, b: f"({a} AND {b})", inner, inner),
        st.builds(lambda a, b: f"({a} OR {b})", inner, inner),
        st.builds(lambda a, b: f"({a} {b})", inner, inner),
        inner.map(lambda a: f"NOT {a}"),
        inner.map(lambda a: f"-({a})"),
    ),
    max_leaves=6,
)


def stored(entry: dict[str, Any], number: int) -> tuple[Any, ...]:
    payload = entry["protoPayload"]
    from kmsctl.model.times import parse_rfc3339

    return (
        number,
        parse_rfc3339(entry["timestamp"]),
        "p",
        entry["logName"].rpartition("%2F")[2],
        SEVERITIES[entry["severity"]],
        payload["methodName"],
        payload["authenticationInfo"]["principalEmail"],
        payload["resourceName"],
        json.dumps(entry, sort_keys=True, separators=(",", ":")),
        b"",
    )


def tables() -> Iterator[str]:
    for statement in CONTROL_SCHEMA.split(";"):
        if "TABLE audit (" in statement or " ON audit " in statement:
            yield statement


@given(st.lists(entries, max_size=8), filters)
def test_the_store_is_asked_for_no_less_than_what_passes(found: list[dict[str, Any]], text: str) -> None:
    parsed = parse(text)
    try:
        test = log_query.compile_test(parsed)
    except InvalidArgument as error:
        assert "regular expression" in error.message  # noqa: PT017 - what a word cannot be
        return
    passing = {number for number, entry in enumerate(found) if test(entry)}
    asked = log_query.condition(parsed)
    if asked is None:
        return
    sql, parameters = asked
    index = log_query.index_for(sql)
    connection = sqlite3.connect(":memory:")
    for statement in tables():
        connection.execute(statement)
    rows = [stored(entry, number) for number, entry in enumerate(found)]
    connection.executemany(f"INSERT INTO audit VALUES ({', '.join('?' * 10)})", rows)
    hint = f"INDEXED BY {index}" if index else ""
    query = f"SELECT sequence FROM audit {hint} WHERE project = 'p' AND ({sql}) ORDER BY time"
    given_ = {number for (number,) in connection.execute(query, parameters)}
    connection.close()
    assert passing <= given_


@given(st.text(max_size=40))
def test_any_text_is_parsed_or_refused_at_a_column(text: str) -> None:
    try:
        parse(text)
    except InvalidArgument as error:
        column = int(error.message.split("column ")[1].split(":")[0])
        assert 1 <= column <= len(text) + 1


@given(filters, filters)
def test_not_and_juxtaposition_mean_what_they_say(first: str, second: str) -> None:
    entry: dict[str, object] = {
        "severity": "INFO",
        "timestamp": rfc3339(START),
        "logName": "a",
        "protoPayload": {"methodName": "Encrypt"},
    }
    try:
        one, two = (log_query.compile_test(parse(each))(entry) for each in (first, second))
    except InvalidArgument:
        return
    assert log_query.compile_test(parse(f"NOT ({first})"))(entry) is not one
    assert log_query.compile_test(parse(f"({first}) ({second})"))(entry) is (one and two)
    assert log_query.compile_test(parse(f"({first}) OR ({second})"))(entry) is (one or two)
