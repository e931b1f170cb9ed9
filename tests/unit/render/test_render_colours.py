from __future__ import annotations

import re

import pytest

from kmsctl.render.errors import TransformError
from kmsctl.render.pipeline import render

RECORDS = [
    {"name": "a", "state": "ENABLED", "wide": "密钥"},
    {"name": "state", "state": "DESTROYED", "wide": "é"},
    {"name": "c", "state": "OTHER"},
]
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
FORMATS = (
    "table(name,state)",
    "table(state,wide,name)",
    "table[box](name,state)",
    "table[all-box,title=T](name,state)",
    "table[no-heading](state)",
    "table(state:align=right,name:align=center)",
    "table(name:wrap,state)",
    "table(name,state.color(red=OTHER))",
)


def show(format_expression: str, *, colours: bool) -> str:
    return "".join(render(RECORDS, default_format=format_expression, colours=colours))


@pytest.mark.parametrize("format_expression", FORMATS)
def test_colours_change_nothing_but_colours(format_expression: str) -> None:
    plain, coloured = (show(format_expression, colours=colours) for colours in (False, True))
    assert "\x1b" not in plain
    assert ESCAPES.sub("", coloured) == plain


def test_headings_are_bold_and_states_coloured() -> None:
    assert show("table(name,state)", colours=True).splitlines() == [
        "\x1b[1mNAME\x1b[0m   \x1b[1mSTATE\x1b[0m",
        "a      \x1b[32mENABLED\x1b[0m",
        "state  \x1b[31mDESTROYED\x1b[0m",
        "c      OTHER",
    ]


def test_color_paints_what_fits_its_expressions() -> None:
    text = show("table[no-heading](name.color(red=^a$,yellow=s.a,green=c))", colours=True)
    assert text.splitlines() == ["\x1b[31ma\x1b[0m", "\x1b[33mstate\x1b[0m", "\x1b[32mc\x1b[0m"]


@pytest.mark.parametrize("name", ["json", "yaml", "value", "csv[no-heading]", "text", "list", "config"])
def test_other_formats_have_no_colours(name: str) -> None:
    assert "\x1b" not in show(f"{name}(name.color(red=a),state)", colours=True)


def test_an_expression_that_is_none() -> None:
    with pytest.raises(TransformError, match=r"color\(\) cannot use an expression"):
        show("table(name.color(red=[))", colours=True)


@pytest.mark.parametrize(
    ("format_expression", "is_list", "pages"),
    [
        ("table(name)", True, True),
        ("table(name)", False, False),
        ("table[no-pager](name)", True, False),
        ("json", True, False),
        ("json[pager]", True, True),
        ("yaml[pager]", False, True),
    ],
)
def test_what_is_for_a_pager(format_expression: str, *, is_list: bool, pages: bool) -> None:
    output = render(RECORDS[:1], default_format=format_expression, is_list=is_list)
    assert output.pages is pages
