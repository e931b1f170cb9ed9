from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kmsctl.errors import InvalidArgument
from kmsctl.model.labels import (
    FlagValueError,
    check_labels,
    merge_label_args,
    parse_label_arg,
    parse_list_arg,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "model"
LABELS = json.loads((VECTORS / "labels.json").read_text("utf-8"))["rows"]


@pytest.mark.parametrize("row", LABELS, ids=lambda row: row["text"][:20] or "empty")
def test_label_flags_are_read_as_gcloud_reads_them(row: dict[str, Any]) -> None:
    expected = row.get("kmsctl", row)
    if "sent" in expected:
        labels = parse_label_arg(row["text"])
        assert labels == expected["sent"]
        check_labels(labels)
        return
    with pytest.raises(FlagValueError) as caught:
        parse_label_arg(row["text"])
    assert str(caught.value) == expected["error"]


def test_every_difference_from_gcloud_is_an_error_text_or_the_grammar_of_the_api() -> None:
    changed = {row["text"] for row in LABELS if "sent" in row and "sent" not in row.get("kmsctl", row)}
    allowed = {row["text"] for row in LABELS if "error" in row and "error" not in row.get("kmsctl", row)}
    assert (changed, allowed) == ({"ǅ=x"}, {"a=½"})


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", []),
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        ("a,b,", ["a", "b"]),
        ("a,,b", ["a", "", "b"]),
        (",", [""]),
        ("^:^a,b:c", ["a,b", "c"]),
        ("^::^a:b::c", ["a:b", "c"]),
        ("^,^^a^,b,c", ["^a^", "b", "c"]),
        ("^a,b", ["^a", "b"]),
        ("^:^", []),
        ("a^:^b", ["a^:^b"]),
        (" a , b ", [" a ", " b "]),
    ],
)
def test_list_flags(text: str, items: list[str]) -> None:
    assert parse_list_arg(text) == items


def test_an_empty_delimiter_is_refused() -> None:
    with pytest.raises(FlagValueError, match="delimiter"):
        parse_list_arg("^^a")


def test_a_repeated_flag_adds_and_may_not_repeat_a_key() -> None:
    assert merge_label_args({"a": "b"}, {"c": "d"}) == {"a": "b", "c": "d"}
    with pytest.raises(FlagValueError) as caught:
        merge_label_args({"a": "b"}, {"c": "d", "a": "e"})
    assert str(caught.value) == '"a" cannot be specified multiple times; received: b, e'


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {f"k{number}": "" for number in range(64)},
        {"a": "0"},
        {"é-_1": "-_1"},
        {"k" * 63: "v" * 63},
        {"中": "ª½٣"},
    ],
)
def test_good_labels_pass(labels: dict[str, str]) -> None:
    check_labels(labels)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({f"k{number}": "" for number in range(65)}, "65 labels"),
        ({"": "v"}, "key ''"),
        ({"1a": "v"}, "key '1a'"),
        ({"-a": "v"}, "key '-a'"),
        ({"½": "v"}, "key '½'"),
        ({"aB": "v"}, "key 'aB'"),
        ({"É": "v"}, "key 'É'"),
        ({"a.b": "v"}, r"key 'a\.b'"),
        ({"a\n": "v"}, "key 'a\n'"),
        ({"k" * 64: "v"}, "key 'kkk"),
        ({"ok": "v", "env": "Prod"}, "value 'Prod' of 'env'"),
        ({"env": "a b"}, "value 'a b' of 'env'"),
        ({"env": "v" * 64}, "of 'env'"),
    ],
)
def test_bad_labels_are_refused_by_name(labels: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        check_labels(labels)
