from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from kmsctl.errors import InvalidArgument
from kmsctl.model.labels import FlagValueError, check_labels, parse_label_arg, parse_list_arg

LETTERS = st.characters(categories=("Ll", "Lo"))
NUMBERS = st.characters(categories=("Nd", "Nl", "No"))
PART = st.text(st.one_of(st.sampled_from("-_"), LETTERS, NUMBERS), max_size=62)
KEYS = st.builds(str.__add__, LETTERS, PART)
LABELS = st.dictionaries(KEYS, PART, max_size=5)


@given(LABELS)
def test_labels_read_back_from_a_flag(labels: dict[str, str]) -> None:
    check_labels(labels)
    pairs = [f"{key}={value}" for key, value in labels.items()]
    assert parse_label_arg(",".join(pairs)) == labels
    assert parse_label_arg("^;^" + ";".join(pairs)) == labels


@given(st.lists(st.text(st.characters(exclude_characters="|"))), st.text("|", min_size=1, max_size=3))
def test_a_list_reads_back_with_a_delimiter_that_no_item_has(items: list[str], delimiter: str) -> None:
    text = "".join(item + delimiter for item in items)
    assert parse_list_arg(f"^{delimiter}^{text}") == items


@given(st.characters())
def test_each_character_counts_by_its_category(character: str) -> None:
    category = unicodedata.category(character)
    is_letter = category in ("Ll", "Lo")
    assert _passes({"a": character}) == (is_letter or character in "-_" or category[0] == "N")
    assert _passes({character: ""}) == is_letter


@given(st.text(max_size=30))
def test_what_a_flag_gives_is_what_the_api_takes(text: str) -> None:
    try:
        labels = parse_label_arg(text)
    except FlagValueError:
        return
    assert _passes(labels)


def _passes(labels: dict[str, str]) -> bool:
    try:
        check_labels(labels)
    except InvalidArgument:
        return False
    return True
