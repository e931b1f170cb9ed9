from typing import Any

import pytest

from kmsctl.render.pipeline import render
from kmsctl.render.text_width import align, display_width, wrap_line

RECORDS: list[Any] = [{"a": "東京", "b": "x"}, {"a": "abc", "b": "one\ntwo"}, {"a": None, "b": ""}]


def shown(expression: str, records: list[Any] | None = None, **flags: Any) -> str:
    return "".join(render(RECORDS if records is None else records, default_format=expression, **flags))


def test_columns_line_up() -> None:
    assert shown("table(a, b)") == "A     B\n東京  x\nabc   one\n      two\n\n"


def test_boxes() -> None:
    assert shown("table[box](a, b)") == (
        "┌──────┬─────┐\n│  A   │  B  │\n├──────┼─────┤\n│ 東京 │ x   │\n│ abc  │ one │\n│      │ two │\n"
        "│      │     │\n└──────┴─────┘\n"
    )


def test_boxes_where_there_is_no_utf8() -> None:
    assert shown("table[all-box,title=T](b)", RECORDS[:2], utf8=False) == (
        "+-----+\n|  T  |\n+-----+\n|  B  |\n+-----+\n| x   |\n+-----+\n| one |\n| two |\n+-----+\n"
    )


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("table(b:align=right, a)", "  B  A\n  x  東京\none  abc\ntwo\n\n"),
        ("table(b:align=center, a)", " B   A\n x   東京\none  abc\ntwo\n\n"),
        ("table[pad=1](b, a)", "B   A\nx   東京\none abc\ntwo\n\n"),
        ("table[no-heading](b)", "x\none\ntwo\n\n"),
        ("table(b, c:optional)", "B\nx\none\ntwo\n\n"),
        ("table(c:optional)", ""),
        ('table(a:label="")', "東京\nabc\n\n"),
        ("table(b:width=5, a)", "B      A\nx      東京\none    abc\ntwo\n\n"),
    ],
)
def test_key_attributes(expression: str, text: str) -> None:
    assert shown(expression) == text


def test_columns_are_wrapped_if_the_table_is_too_wide() -> None:
    records = [{"t": "some words that go on", "n": 1}]
    assert (
        shown("table(t:wrap, n)", records, width=40) == "T                      N\nsome words that go on  1\n"
    )
    assert shown("table(t:wrap, n)", records, width=15) == ("T             N\nsome words    1\nthat go on\n")
    assert shown("table(t:wrap=18, n)", records, width=10).splitlines()[1] == "some words that go  1"


def test_rows_are_sorted_by_what_they_show() -> None:
    records = [{"n": 10, "s": "b"}, {"n": 9, "s": "a"}, {"s": "a"}]
    assert shown("table[no-heading](n:sort=1, s)", records) == "9   a\n10  b\n    a\n"
    assert shown("table[no-heading](n:sort=1:reverse, s)", records) == "    a\n10  b\n9   a\n"
    assert shown("table[no-heading](s:sort=1, n:sort=2)", records) == "a  9\na\nb  10\n"
    assert shown("table[no-heading](s):(n:sort=1)", records) == "a\nb\na\n"


def test_pages_are_tables_with_their_own_widths() -> None:
    records = [{"a": "x"}, {"a": "long"}, {"a": "y"}]
    assert shown("table[box,title=T](a)", records, page_size=2) == (
        "┌──────┐\n│  T   │\n├──────┤\n│  A   │\n├──────┤\n│ x    │\n│ long │\n└──────┘\n"
        "\n┌───┐\n│ A │\n├───┤\n│ y │\n└───┘\n"
    )


def test_formatted_keys_stand_below_their_row() -> None:
    records = [{"n": "a", "l": [{"k": 1}]}, {"n": "b"}]
    assert shown("table(n, l:format='table(k)')", records) == "N\na\n    K\n    1\nb\n"
    assert shown("table(l:format=json)", records) == '[\n  {\n    "k": 1\n  }\n]\n'


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("東京", 4), ("e\u0301", 1), ("a\u200bb", 2), ("😀", 2), ("", 0)]
)
def test_widths(text: str, width: int) -> None:
    assert display_width(text) == width


def test_alignment_counts_columns() -> None:
    assert align("東", 5, "center") == "  東 "
    assert align("ab", 5, "right") == "   ab"


def test_wrapping() -> None:
    assert wrap_line("aa bb cc", 5) == ["aa bb", "cc"]
    assert wrap_line("abcdefgh", 3) == ["abc", "def", "gh"]
    assert wrap_line("東京都", 4) == ["東京", "都"]
