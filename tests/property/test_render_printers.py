"""Printers against the libraries whose output they must equal."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kmsctl.render.json_printer import indented
from kmsctl.render.pipeline import render
from kmsctl.render.text_width import align, display_width, wrap_line
from kmsctl.render.values import sorted_deep
from kmsctl.render.yaml_dumper import dump
from kmsctl.render.yaml_printer import quick

TEXT = st.text(max_size=20) | st.sampled_from(
    [
        "",
        "true",
        "no",
        "null",
        "007",
        "1.5",
        "1e9",
        "0x1F",
        "2024-01-02",
        "2024-01-02T03:04:05Z",
        "7776000s",
        "projects/p/locations/l",
        "a: b",
        "a #b",
        "- a",
        "x\ny",
        " x",
        "'",
        '"',
        "é",
        "東京",
        "~",
        "=",
        "<<",
    ]
)
SIMPLE = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_./@-]{0,40}\Z") | st.sampled_from(
    ["2024-01-02T03:04:05.678Z", "2024-01-02T03:04:05.Z", "86400s", "0s", "007", "1_0", "true", "Null"]
)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


def values(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | NUMBERS | text
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=12,
    )


@given(values(TEXT))
def test_json_is_the_standard_encoders(value: Any) -> None:
    assert indented(value) == json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


@given(values(TEXT) | values(SIMPLE))
def test_the_quick_yaml_is_the_emitters(value: Any) -> None:
    if value and isinstance(value, (dict, list)):
        text = quick(value)
        assert text is None or text == dump(value)


@given(st.dictionaries(SIMPLE, SIMPLE | st.booleans(), min_size=1))
def test_the_quick_yaml_is_quick_on_plain_resources(value: dict[str, Any]) -> None:
    hard = {"true", "Null", "1_0"}
    text = quick(value)
    assert text is None or text == dump(value)
    if all(str(item)[0].isalpha() and item not in hard for item in (*value, *value.values())):
        assert (text is None) == any(
            str(item) in ("true", "True", "TRUE", "false", "False", "FALSE", "null", "Null", "NULL")
            for item in (*value, *(item for item in value.values() if isinstance(item, str)))
        )


@given(values(TEXT))
def test_sorting_changes_nothing_but_order(value: Any) -> None:
    ordered = sorted_deep(value)
    assert ordered == value
    assert json.dumps(ordered) == json.dumps(value, sort_keys=True)


@given(st.lists(st.fixed_dictionaries({"a": TEXT, "b": TEXT}), min_size=1, max_size=6))
def test_boxes_are_closed(records: list[dict[str, str]]) -> None:
    shown = "".join(render(records, default_format="table[box](a, b)")).removesuffix("\n").split("\n")
    assert len({display_width(line) for line in shown}) == 1
    assert all(line[0] in "┌├└│" and line[-1] in "┐┤┘│" for line in shown)


@given(st.lists(st.fixed_dictionaries({"a": TEXT, "b": TEXT}), min_size=1, max_size=6))
def test_plain_tables_have_no_blanks_at_the_end(records: list[dict[str, str]]) -> None:
    shown = "".join(render(records, default_format="table(a, b)")).split("\n")
    assert all(line == line.rstrip() for line in shown)


@given(TEXT, st.integers(0, 30), st.sampled_from(["left", "right", "center"]))
def test_alignment_fills_the_width(text: str, width: int, alignment: str) -> None:
    shown = align(text, width, alignment)
    assert display_width(shown) == max(width, display_width(text))
    assert text in shown


@given(st.text(alphabet="ab c東é", max_size=40), st.integers(2, 12))
def test_wrapping_keeps_the_text_and_the_width(text: str, width: int) -> None:
    lines = wrap_line(text, width)
    assert all(display_width(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
