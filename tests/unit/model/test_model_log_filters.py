from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import InvalidArgument
from kmsctl.model.log_filters import LONGEST, All, Comparison, Not, Text, parse
from kmsctl.model.log_filters import Any as OneOf

if TYPE_CHECKING:
    from kmsctl.model.log_filters import Node


def shown(node: Node) -> Any:
    """Returns a filter as nested tuples."""
    if isinstance(node, Text):
        return node.text
    if isinstance(node, Comparison):
        return (".".join(node.path), node.operator, node.value)
    if isinstance(node, Not):
        return ("not", shown(node.part))
    word = "and" if isinstance(node, All) else "or"
    assert isinstance(node, All | OneOf)
    return (word, *map(shown, node.parts))


FILTERS: list[tuple[str, Any]] = [
    ("", ("and",)),
    ("  -- a comment alone", ("and",)),
    ("severity>=ERROR", ("severity", ">=", "ERROR")),
    ("severity >= ERROR", ("severity", ">=", "ERROR")),
    ('protoPayload.methodName="Encrypt"', ("protoPayload.methodName", "=", "Encrypt")),
    ("protoPayload.methodName='Encrypt'", ("protoPayload.methodName", "=", "Encrypt")),
    ('protoPayload."@type":audit', ("protoPayload.@type", ":", "audit")),
    ("timestamp>=2026-01-31T00:00:00Z", ("timestamp", ">=", "2026-01-31T00:00:00Z")),
    ("logName=projects/p/logs/x%2Fy", ("logName", "=", "projects/p/logs/x%2Fy")),
    ('insertId=~"^a.*\\.b$"', ("insertId", "=~", "^a.*\\.b$")),
    ('insertId!~"\\u0041\\"\\\\"', ("insertId", "!~", 'A"\\')),
    ("labels.x:*", ("labels.x", ":", "*")),
    ("resource.labels.n=-5", ("resource.labels.n", "=", "-5")),
    ("word", "word"),
    ('"two words"', "two words"),
    ("a.b-c@d/e", "a.b-c@d/e"),
    ("'a.b'", "a.b"),
    ("a b", ("and", "a", "b")),
    ("a AND b", ("and", "a", "b")),
    ("a and b", ("and", "a", "and", "b")),
    ("a OR b c", ("and", ("or", "a", "b"), "c")),
    ("a AND b OR c AND d", ("and", "a", ("or", "b", "c"), "d")),
    ("a OR (b AND c)", ("or", "a", ("and", "b", "c"))),
    ("NOT a OR b", ("or", ("not", "a"), "b")),
    ("NOT(a)", ("not", "a")),
    ("-a -b", ("and", ("not", "a"), ("not", "b"))),
    ("-(a OR b)", ("not", ("or", "a", "b"))),
    ("NOT NOT a", ("not", ("not", "a"))),
    ("NOTE ANDES ORE", ("and", "NOTE", "ANDES", "ORE")),
    ("a -- b\nc", ("and", "a", "c")),
    (
        "severity=(ERROR OR NOT INFO)",
        ("or", ("severity", "=", "ERROR"), ("not", ("severity", "=", "INFO"))),
    ),
    ('insertId:("a" "b")', ("and", ("insertId", ":", "a"), ("insertId", ":", "b"))),
    ("severity=(ERROR) x", ("and", ("severity", "=", "ERROR"), "x")),
    (
        'log_id("cloudaudit.googleapis.com/activity")',
        ("logName", "log_id", "cloudaudit.googleapis.com/activity"),
    ),
]


@pytest.mark.parametrize(("text", "expected"), FILTERS, ids=[text for text, _ in FILTERS])
def test_filters_are_parsed(text: str, expected: Any) -> None:
    assert shown(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("thud=1", 1, "no field 'thud'"),
        ("a thud.x=1", 3, "no field 'thud'"),
        ("severity.x=1", 1, "has no fields in it"),
        ("severity=", 10, "a value is missing"),
        ("severity= AND b", 11, "a value is missing"),
        ("severity=)", 10, "a value is missing"),
        ('severity=="ERROR"', 10, "is to be quoted"),
        ("insertId:=x", 10, "is to be quoted"),
        ("protoPayload.=1", 1, "name of a field"),
        ("=1", 1, "name of a field"),
        ("a AND", 6, "something to look for"),
        ("a OR OR b", 6, "OR stands between"),
        ("AND a", 1, "AND stands between"),
        ("NOT", 4, "something to look for"),
        ("(a", 1, "never closed"),
        ("()", 2, "something to look for"),
        ("a)", 2, "')' without '('"),
        ('"a', 1, "never closed"),
        ('severity="a', 10, "never closed"),
        ('"\\u12"', 2, "four hexadecimal"),
        ("severity!ERROR", 9, "no operator"),
        ("sample(insertId, 0.5)", 1, "no function 'sample'"),
        ("log_id(", 8, "is missing"),
        ("log_id(x", 9, "')' is missing"),
        ("(" * 60 + "a", 52, "nested more than 50 deep"),
        ("NOT " * 60 + "a", 204, "nested more than 50 deep"),
        ("a" * (LONGEST + 1), LONGEST + 1, "at most 20000 characters"),
        (",", 1, "no operator"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_column(text: str, column: int, words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse(text)
    assert caught.value.message.startswith(f"filter: column {column}: ")
    assert words in caught.value.message
