from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kmsctl.render.errors import TransformError
from kmsctl.render.pipeline import render
from kmsctl.render.transforms import TABLE

VALUE: dict[str, Any] = {
    "s": "a/b/c",
    "words": "two words",
    "n": 1048576,
    "f": 1234567.891,
    "neg": -5,
    "l": [3, 1, 2],
    "maps": [{"k": "x", "n": 2}, {"k": "y", "n": 1}],
    "m": {"b": 2, "a": 1},
    "nested": [[{"z": 1}], [{"z": 2}]],
    "t": "2024-01-02T03:04:05.678Z",
    "d": "7776000s",
    "b64": "aGk=",
    "size": {"width": 3, "height": 4},
    "none": None,
    "empty": "",
}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("s.always().basename()", "c"),
        ("none.basename(undefined=U)", "U"),
        ("s.collection(undefined=U)", "U"),
        ("s.color(red=a)", "a/b/c"),
        ("s.split(/).count()", "a=1;b=1;c=1"),
        ("t.date()", "2024-01-02T03:04:05"),
        ('t.date("%Y %3f %s %Ez %Oz", tz=UTC)', "2024 678 1704164645.678 Z +00:00"),
        ('t.date("%H%Ez", tz=America/New_York)', "22-05:00"),
        ("n.date(unit=1000, tz=UTC)", "1970-01-01T00:17:28"),
        ("words.date(undefined=U)", "U"),
        ("empty.date(undefined=U)", "U"),
        ("b64.decode(base64)", "hi"),
        ("words.decode(base64, undefined=U)", "U"),
        ("words.encode(base64)", "dHdvIHdvcmRz"),
        ("d.duration()", "PT2160H"),
        ("n.duration()", "P12DT3H16M"),
        ("n.duration(parts=1)", "P12D"),
        ("n.duration(calendar=false)", "PT291H16M16S"),
        ("neg.duration()", "-PT5S"),
        ("duration(start=t, end=t)", "P0"),
        ("s.enum(x, undefined=U)", "U"),
        ("m.extract(a, nope, b)", "1;2"),
        ('maps.filter("n>1")', "{'k': 'x', 'n': 2}"),
        ("firstof(nope, empty, s)", ""),
        ("firstof(nope, s)", "a/b/c"),
        ("maps.flatten()", "k=x,n=2,k=y,n=1"),
        ("maps.flatten(show=values, separator=|)", "x|2|y|1"),
        ("f.float()", "1234567.9"),
        ("f.float(spec=e)", "1.234568e+06"),
        ("words.float(undefined=U)", "U"),
        ("f.float(-1,undefined=U)", "U"),
        ('m.format("{0}-{1:>3}", a, b)', "1-  2"),
        ('l.format("{0}{1}{2}")', "312"),
        ("maps.group(k, n)", "[x: 2] [y: 1]"),
        ("t.iso()", "2024-01-02T03:04:05.678+00:00"),
        ("words.iso()", "T"),
        ("l.join(-)", "3-1-2"),
        ("m.len()", "2"),
        ("none.len()", "0"),
        ("m.list()", "a=1,b=2"),
        ("m.list(show=keys, separator=|)", "a|b"),
        ("m.list(show=values)", "1,2"),
        ("l.list()", "3,1,2"),
        ("none.list(undefined=U)", "U"),
        ("words.upper().lower()", "two words"),
        ("maps.k.map().upper().list()", "X,Y"),
        ("maps.*extract(n).list()", "[2],[1]"),
        ("nested.**extract(z)", "[1];[2]"),
        ("maps.nope.notnull()", ""),
        ('words.regex("^two", Y, N)', "Y"),
        ('words.regex("^x", Y, N)', "N"),
        ("size.resolution()", "3 x 4"),
        ("size.resolution(transpose=true)", "4 x 3"),
        ("s.scope(nope)", "a/b/c"),
        ('s.sub("^", "/").scope(a)', "b/c"),
        ("s.segment(1)", "b"),
        ("s.segment(9, U)", "U"),
        ("n.size()", "1 MiB"),
        ("f.size(precision=2)", "1.18 MiB"),
        ("n.size(units_in=Ki, units_out=G)", "1.0"),
        ("n.size(min=2097152)", "< 2 MiB"),
        ("l.slice(1:)", "1;2"),
        ("l.slice(-1)", "2"),
        ("l.slice(: :-1)", "2;1;3"),
        ("l.slice(9, undefined=U)", "U"),
        ("l.sort()", "1;2;3"),
        ("maps.sort(n).map().extract(k).list()", "['y'],['x']"),
        ("s.split(/).slice(1:).join(.)", "b.c"),
        ('words.sub("W(.)", "<\\\\1>")', "t<o> <o>rds"),
        ('words.sub("W", "v", count=1, ignorecase=false)', "two words"),
        ('words.sub("[", "v")', "two words"),
        ("synthesize((name:lit, key=s))", "{'name': 'lit', 'key': 'a/b/c'}"),
        ("synthesize((m, x:1))", "{'a': 1, 'b': 2, 'x': '1'}"),
        ("words.trailoff(9)", "two wo..."),
        ("words.trailoff(10)", "two words"),
        ("words.trailoff(3, undefined=U)", "U"),
        ("s.uri()", "."),
        ("s.yesno(yes=Y)", "Y"),
        ("none.yesno(yes=Y)", "No"),
        ("s.yesno()", "a/b/c"),
    ],
)
def test_transforms(key: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    assert "".join(render([VALUE], default_format=f"value({key})")) == f"{text}\n"


def test_every_transform_is_tested() -> None:
    cases = test_transforms.pytestmark[0].args[1]  # type: ignore[attr-defined]
    called = " ".join(key for key, _ in cases)
    missing = [name for name in TABLE if f"{name}(" not in called]
    assert missing == ["error", "fatal", "if"]  # these have tests of their own


@pytest.mark.parametrize(
    ("key", "message"), [('s.error("stop")', "stop"), ("s.error()", "a/b/c"), ("s.fatal(x)", "x")]
)
def test_errors_raise(key: str, message: str) -> None:
    with pytest.raises(TransformError) as caught:
        list(render([VALUE], default_format=f"value({key})"))
    assert caught.value.message == message


def test_a_duration_since_then() -> None:
    then = (datetime.now(UTC) - timedelta(hours=50, minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = "".join(render([{"t": then}], default_format="value(t.duration(parts=2))"))
    assert shown == "P2DT2H\n"


def test_a_format_string_reaches_no_attributes() -> None:
    for template in ("{0.__class__}", "{0[a]}", "{x}"):
        with pytest.raises(TransformError):
            list(render([VALUE], default_format=f'value(m.format("{template}", a))'))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("s.sub(/, -, 99999999999999999999)", "a-b-c"),
        ("n.size(units_in=inf)", "1 MiB"),
        ("n.size(units_in=nan, units_out=K)", "1024.0"),
        ("s.format(nan).size()", "0 bytes"),
        ("s.format(inf).size()", "0 bytes"),
        ("s.format(nan).date(undefined=u)", "u"),
        ("s.format('9999-12-31T23:59:59Z').date(tz=Asia/Tokyo, undefined=u)", "u"),
        ("s.format('0001-01-01T00:00:00Z').date('%Y', tz=America/New_York, undefined=u)", "u"),
        ("n.date(unit=nan, undefined=u)", "u"),
        ("s.format(nan).duration(undefined=u)", "u"),
        ("s.format(inf).duration(undefined=u)", "u"),
        ("s.format(1e300).duration(undefined=u).len().yesno(yes=text)", "text"),
        ("s.format(inf).float()", "inf"),
        ("s.slice(99999999999999999999:)", ""),
        ("t.segment(-99999999999999999999)", ""),
    ],
)
def test_numbers_beyond_all_bounds(key: str, text: str) -> None:
    assert "".join(render([VALUE], default_format=f"value({key})")) == f"{text}\n"


@pytest.mark.parametrize("attribute", ["pad=99999999999999999999", "margin=99999999999999999999"])
def test_no_table_is_wider_than_memory(attribute: str) -> None:
    expression = f"table[{attribute}](s:width=99999999999999999999,words)"
    assert len("".join(render([VALUE], default_format=expression))) < 100_000
