from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kmsctl.render.errors import ExpressionError, FilterError
from kmsctl.render.filters import parse_filter
from kmsctl.render.pipeline import render

KEY: dict[str, Any] = {
    "name": "projects/p/cryptoKeys/frodo",
    "purpose": "ENCRYPT_DECRYPT",
    "createTime": "2024-01-02T03:04:05.678Z",
    "labels": {"env": "prod", "team": "kms"},
    "n": 7,
    "ok": True,
    "members": [{"id": "alice"}, {"id": "bob"}],
    "text": "abc.pdq.xyz",
    "lines": "one\ntwo",
}


@pytest.mark.parametrize(
    "expression",
    [
        "name:frodo",
        "name:FRODO",
        "purpose=encrypt_decrypt",
        "labels.env:*",
        "-labels.nope:*",
        "createTime:*",
        "labels:prod",
        "labels:team",
        "labels=prod",
        "n=7.0",
        "n=07",
        "n:(6 7)",
        "ok=true",
        "members.id=bob",
        "members.id!=bob",
        "members:alice",
        "name.basename()=frodo",
        "labels.len()=2",
        "name~fr.do$",
        "name!~sam",
        "createTime>2023",
        "createTime>=2024-01-02T05:04:05.678+02:00",
        "createTime=2024-01-02T03:04:05.678+00:00",
        "nope<1",
        "nope!=x",
        "nope=null",
        'name:"frodo" AND (n=8 OR n=7)',
        "frodo n=7",
        "NOT sam",
        "-(sam OR n=8)",
        "()",
        " ",
    ],
)
def test_passes(expression: str) -> None:
    assert parse_filter(expression).matches(KEY)


@pytest.mark.parametrize(
    "expression",
    [
        "name=frodo",
        "name:fro*",
        "labels.nope:*",
        "-createTime:*",
        "n=8",
        "n:70",
        "ok=false",
        "-members.id:alice",
        "name~FRODO",
        "createTime<2023-12-31",
        "createTime>+P1D",
        "nope>1",
        "sam",
        "frodo sam",
        "-(frodo OR n=8)",
        "lines=one",
    ],
)
def test_does_not_pass(expression: str) -> None:
    assert not parse_filter(expression).matches(KEY)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("name==3", "Malformed operator [name *HERE* ==3]."),
        ("name:", "Term operand expected [name: *HERE*]."),
        ("name~(a)", "Term operand expected [name~ *HERE* (a)]."),
        ("name:AND", "Logical operator not expected [name: *HERE* AND]."),
        (":x", "Non-empty key name expected [*HERE* :x]."),
        ("a:x AND", "Term expected [a:x AND *HERE*]."),
        ("a:x OR OR b:y", "Term expected [a:x OR OR *HERE* b:y]."),
        ("(a:x", "More tokens expected [(a:x *HERE*]."),
        ("a:x)", "Unexpected tokens [a:x *HERE* )] in expression."),
        ("a:(x", "More tokens expected [a:(x *HERE*]."),
        ("a.len()", "Operator expected [a.len() *HERE*]."),
        (
            "a:x OR b:y AND c:z",
            "Parenthesis grouping is required when AND and OR are are combined [a:x OR b:y AND *HERE* c:z].",
        ),
    ],
)
def test_malformed(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_filter(expression)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("name:*fro*", "At most one * expected in : patterns [*fro*]."),
        ("name~[", "Filter expression RE pattern [[]: unterminated character set at position 0"),
    ],
)
def test_operands_that_do_not_fit(expression: str, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(expression)
    assert caught.value.message == message


def test_an_operand_must_be_a_time_where_the_value_is_one() -> None:
    found = parse_filter("createTime>yesterday")
    with pytest.raises(FilterError, match="Unknown string format: yesterday"):
        found.matches(KEY)


def test_times_relative_to_now() -> None:
    now = datetime.now(UTC)
    for days, expression, passes in (
        (3, "t>-P2D", False),
        (1, "t>-P2D", True),
        (-3, "t>P2D", True),
        (1, "t<-pt1h", True),
    ):
        moment = (now - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert parse_filter(expression).matches({"t": moment}) is passes


# The pattern, and whether "abc.pdq.xyz" and "abcpdqxyz" match it now and will match it.
@pytest.mark.parametrize(
    ("pattern", "value", "now", "later"),
    [
        ("abc*", "abcpdqxyz", True, True),
        ("abc", "abcpdqxyz", True, False),
        ("pdq*", "abcpdqxyz", False, False),
        ("pdq", "abcpdqxyz", True, False),
        ("xyz*", "abcpdqxyz", False, False),
        ("*", "abcpdqxyz", True, True),
        ("*", "", False, False),
        ("abc*", "abc.pdq.xyz", True, True),
        ("abc.pdq", "abc.pdq.xyz", True, True),
        ("pdq*", "abc.pdq.xyz", False, True),
        ("pdq", "abc.pdq.xyz", True, True),
        ("xyz*", "abc.pdq.xyz", False, True),
        ("xyz", "abc.pdq.xyz", True, True),
    ],
)
def test_a_match_that_will_change_is_told(pattern: str, value: str, now: bool, later: bool) -> None:
    output = render([{"k": value}], default_format="value(k)", filter_expression=f"k:{pattern}")
    assert (list(output) != []) is now
    told = [warning for warning in output.warnings if "operator evaluation is changing" in warning]
    assert bool(told) is (now != later)
    if told:
        verb = "matches but will not match" if now else "does not match but will match"
        assert f"  k:{pattern} currently {verb} in the near future." in told[0]


def test_keys_that_no_record_has_are_told() -> None:
    output = render(
        [KEY],
        default_format="value(name)",
        filter_expression="zz=1 AND labels.nope:x OR n=7".replace(" OR n=7", ""),
    )
    assert list(output) == []
    assert output.warnings == ["The following filter keys were not present in any resource : labels.nope, zz"]


def test_aliases_of_the_format_are_keys() -> None:
    shown = "".join(
        render([KEY], default_format="table(labels.env:label=ENV, n)", filter_expression="ENV=prod N=7")
    )
    assert shown == "ENV   N\nprod  7\n"


@pytest.mark.parametrize("most", [1, 2, 1000])
@pytest.mark.parametrize(
    "expression", ["a=(x 7 true)", "a:(x 7)", "a=2024-01-02T03:04:05Z", "a=''", "NOT a:*"]
)
def test_a_value_that_comes_again_is_judged_as_before(
    monkeypatch: pytest.MonkeyPatch, most: int, expression: str
) -> None:
    monkeypatch.setattr("kmsctl.render.filter_terms._MOST_KNOWN", most)
    values = ["x", "X", 7, "7", 7.0, True, "true", 1, "1", None, "", "x y", ["x"]]
    if "2024" in expression:
        values += ["2024-01-02T03:04:05+00:00", "2024-01-02T03:04:06Z"]
    matches = parse_filter(expression).matches
    for value in values * 3:
        assert matches({"a": value}) == parse_filter(expression).matches({"a": value})
