"""A filter that sifts by a few fields first shows and says exactly what it would have without that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmsctl.render.errors import RenderError
from kmsctl.render.filters import parse_filter
from kmsctl.render.pipeline import Source, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KNOWN = (("name",), ("purpose",), ("labels",), ("primary", "state"))
TABLE = "table(name, purpose, primary.state:label=PRIMARY_STATE)"
STATES = st.sampled_from(["ENABLED", "DISABLED", "DESTROYED"])
NAMES = st.from_regex(r"(p/k/)?[aAbB7-]{1,3}", fullmatch=True)
KEYS = st.fixed_dictionaries(
    {"name": NAMES, "purpose": st.sampled_from(["MAC", "ENCRYPT_DECRYPT", "RAW_ENCRYPT_DECRYPT"])},
    optional={
        "labels": st.dictionaries(
            st.sampled_from(["env", "team"]), st.sampled_from(["prod", "7", ""]), min_size=1
        ),
        "primary": st.fixed_dictionaries({"state": STATES, "name": NAMES}),
        "createTime": st.just("2030-01-02T03:04:05Z"),
        "importOnly": st.just(True),
    },
)
TERMS = st.sampled_from(
    [
        "purpose=MAC",
        "purpose:encrypt",
        "purpose!=mac",
        "purpose>M",
        "purpose~^E",
        "name:a*",
        "name:p/k/*",
        "name=7",
        "name.basename()=ab",
        "name.basename():b*",
        "name.len()>3",
        "name~a",
        "primary.state=ENABLED",
        "PRIMARY_STATE:DIS",
        "primary.state!=DISABLED",
        "primary:*",
        "primary.name:a",
        "labels.env=prod",
        "labels.team=7",
        "labels:prod",
        "-labels.env:*",
        "labels.extract(env)=prod",
        "importOnly=true",
        "createTime>2000-01-01",
        "createTime<2031-01-01",
        "nope=1",
        "name.nope:*",
        "firstof(importOnly,name)=true",
        "MAC",
    ]
)


@st.composite
def filters(draw: st.DrawFn) -> str:
    terms = draw(st.lists(TERMS, min_size=1, max_size=4))
    joined = draw(st.sampled_from([" AND ", " OR ", " "])).join(terms)
    form = draw(st.sampled_from(["{}", "NOT ({})", "({}) AND purpose=MAC", "name:* AND ({})", "NOT {}"]))
    return form.format(joined)


class Counting:
    """A source that counts how many records were read whole."""

    def __init__(self, records: list[Any]) -> None:
        self.records = records
        self.whole = 0

    def every(self) -> Iterator[Any]:
        for record in self.records:
            self.whole += 1
            yield record

    def sifted(self, keep: Callable[[Any], bool]) -> Iterator[Any]:
        for record in self.records:
            outline = {name: record[name] for name in ("name", "purpose", "labels") if name in record}
            if "primary" in record:
                outline["primary"] = {"state": record["primary"]["state"]}
            if keep(outline):
                self.whole += 1
                yield record


def shown(resources: Any, expression: str, **more: Any) -> tuple[str, list[str], int]:
    try:
        output = render(resources, default_format=TABLE, filter_expression=expression, **more)
        return "".join(output), output.warnings, output.count
    except RenderError as error:
        return error.message, [], -1


@settings(max_examples=400, deadline=None)
@given(st.lists(KEYS, max_size=6), filters(), st.sampled_from([(), ("name",), ("~purpose",)]))
def test_it_makes_no_difference(records: list[Any], expression: str, sort_by: tuple[str, ...]) -> None:
    source = Counting(records)
    plain = shown(json.loads(json.dumps(records)), expression, sort_by=sort_by)
    assert shown(Source(source.every, source.sifted, KNOWN), expression, sort_by=sort_by) == plain


RECORDS = [
    {
        "name": f"p/k/{number}",
        "purpose": "MAC" if number % 10 else "RAW",
        "labels": {"env": "prod"},
        "n": number,
    }
    for number in range(100)
]


@pytest.mark.parametrize(
    ("expression", "whole"),
    [
        ("purpose=RAW", 10),
        ("name=p/k/7", 1),
        ("name~9$ AND purpose=MAC AND n>50", 10),
        ("n>50 AND purpose=RAW", 100),
        ("purpose=RAW OR n=3", 100),
        ("purpose=RAW AND (n=3 OR n=10)", 10),
        ("NOT purpose=MAC", 10),
        ("(purpose=RAW OR name~7$)", 20),
        ("labels.env=test", 0),
        ("RAW", 100),
        ("purpose=RAW AND nope=1", 110),
        ("purpose=RAW AND n=1000", 10),
        ("", 100),
    ],
)
def test_no_more_is_read_than_has_to_be(expression: str, whole: int) -> None:
    source = Counting(RECORDS)
    shown(Source(source.every, source.sifted, KNOWN), expression)
    assert source.whole == whole


def test_flattened_records_are_not_sifted() -> None:
    source = Counting(RECORDS)
    shown(Source(source.every, source.sifted, KNOWN), "purpose=RAW", flatten=("labels",))
    assert source.whole == 100


def test_a_filter_that_begins_with_something_else_has_no_sieve() -> None:
    assert parse_filter("n=1 AND name=2").sieve(KNOWN) is None
    assert parse_filter("").sieve(KNOWN) is None
    sieve = parse_filter("name=2 AND n=1").sieve(KNOWN)
    assert sieve is not None
    assert [sieve({"name": name}) for name in ("1", "2")] == [False, True]
