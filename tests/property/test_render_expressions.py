"""Whatever is typed either works or is refused by name."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kmsctl.render.errors import RenderError
from kmsctl.render.filters import parse_filter
from kmsctl.render.lexer import Lexer
from kmsctl.render.pipeline import render
from kmsctl.render.printers import FORMATS
from kmsctl.render.transforms import TABLE

RECORDS: list[Any] = [
    {
        "name": "projects/p/locations/l/keyRings/r/cryptoKeys/k",
        "labels": {"env": "prod", "team": "kms"},
        "n": 7,
        "f": 1.5,
        "t": "2024-01-02T03:04:05Z",
        "d": "7776000s",
        "l": [{"k": "v", "n": 2}, {"k": "w"}],
        "m": [1, "b", None, {"k": "v"}, [1, 2]],
        "e": {},
        "b": True,
    },
    {"name": "x"},
    None,
]
PIECES = st.sampled_from(
    [
        *"()[]:,.='\"* \\",
        *FORMATS,
        "name",
        "labels",
        "l[]",
        "l[0]",
        ".k",
        "n",
        "t",
        "m",
        "nope",
        "box",
        "label=L",
        "sort=1",
        "align=right",
        "wrap=3",
        "format=json",
        "title=T",
        "no-heading",
        "always-display-title",
    ]
)
FORMAT_TEXT = st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=30)
FILTER_TEXT = st.lists(
    st.sampled_from(
        [
            *"()\"'*- ",
            " AND ",
            " OR ",
            " NOT ",
            ":",
            "=",
            "!=",
            "<",
            ">=",
            "~",
            "!~",
            "name",
            "n",
            "t",
            "labels.env",
            "7",
            "1.5",
            "prod",
            "2024-01-02",
            "-P1Y",
            "[",
            "m",
            "l.k",
            ".len()",
            "true",
            "null",
        ]
    ),
    max_size=12,
).map("".join) | st.text(max_size=30)
PATHS = st.sampled_from(
    ["name", "labels", "n", "f", "t", "d", "l", "l.k", "l[].n", "m", "e", "b", "nope", ""]
)
ARGUMENTS = st.lists(
    st.sampled_from(
        [
            "1",
            "-1",
            "x",
            "name",
            "keys",
            "undefined=U",
            "precision=2",
            "base64",
            "%Y",
            "1:",
            ".",
            "(a:b,c=n)",
            "k:v",
        ]
    ),
    max_size=3,
).map(",".join)
TRANSFORMED = st.tuples(
    PATHS, st.lists(st.tuples(st.sampled_from(sorted(TABLE)), ARGUMENTS), min_size=1, max_size=3)
).map(lambda key: ".".join([*([key[0]] if key[0] else []), *(f"{name}({given})" for name, given in key[1])]))


def attempt(**flags: Any) -> str:
    """Returns what is shown; the empty text for what is refused."""
    try:
        return "".join(render(RECORDS, default_format="table(name, labels.list():label=L, l.k)", **flags))
    except RenderError:
        return ""


@settings(max_examples=400)
@given(FORMAT_TEXT)
def test_formats(text: str) -> None:
    attempt(format_expression=text)


@settings(max_examples=300)
@given(TRANSFORMED, st.sampled_from(["value", "json", "table", "text", "yaml", "list", "config"]))
def test_transforms(key: str, printer: str) -> None:
    attempt(format_expression=f"{printer}({key})")


@settings(max_examples=400)
@given(FILTER_TEXT)
def test_filters(text: str) -> None:
    attempt(filter_expression=text)


@given(st.lists(st.text(alphabet="nametlk.[]()~, \"'0", max_size=10), max_size=3))
def test_sort_and_flatten_keys(keys: list[str]) -> None:
    attempt(sort_by=keys)
    attempt(flatten=keys)


@given(st.text(alphabet="ab\"'\\(), ", max_size=20))
def test_a_quoted_token_reads_back(text: str) -> None:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    lexer = Lexer(quoted)
    assert lexer.token(",)") == text
    assert lexer.at_end()


VALUES = st.sampled_from(["a", "b", "ab", "7", "07", "x y"])


@given(VALUES, VALUES, st.booleans())
def test_logic_is_logic(value: str, other: str, negate: bool) -> None:
    records = [{"k": "a"}, {"k": "b"}, {"k": 7}, {"k": "x y"}, {}]
    first, second = f'k="{value}"', f'k="{other}"'
    if negate:
        first = f"NOT {first}"
    one, two = parse_filter(first).matches, parse_filter(second).matches
    for record in records:
        both = one(record) and two(record)
        either = one(record) or two(record)
        assert parse_filter(f"{first} AND {second}").matches(record) == both
        assert parse_filter(f"{first} {second}").matches(record) == both
        assert parse_filter(f"{first} OR {second}").matches(record) == either
        assert parse_filter(f"NOT ({first} OR {second})").matches(record) == (not either)
        assert parse_filter(f"-({first} {second})").matches(record) == (not both)
