import json
from pathlib import Path

import pytest

from kmsctl.render.pipeline import render
from kmsctl.render.yaml_printer import document, quick

VECTORS = Path(__file__).parents[2] / "vectors" / "render"
SCALARS: list[tuple[str, str]] = json.loads((VECTORS / "yaml_scalars.json").read_text(encoding="utf-8"))


def test_text_is_quoted_as_recorded() -> None:
    wrong = [(text, document({"x": text}, "null", in_list=False)) for text, _ in SCALARS]
    expected = dict(SCALARS)
    assert [pair for pair in wrong if pair[1] != expected[pair[0]]] == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": {"b": [1, {"c": "d", "e": []}], "f": {}}}, "a:\n  b:\n  - 1\n  - c: d\n    e: []\n  f: {}\n"),
        ({"b": "x", "a": True}, "a: true\nb: x\n"),
        ({"t": "2024-01-02T03:04:05.678Z"}, "t: '2024-01-02T03:04:05.678Z'\n"),
        ({"i64": "9007199254740993", "d": "7776000s"}, "d: 7776000s\ni64: '9007199254740993'\n"),
        ([["a"], [["b"]]], "- - a\n- - - b\n"),
    ],
)
def test_plain_resources_take_the_quick_way(value: object, text: str) -> None:
    assert quick(value) == text


@pytest.mark.parametrize("value", [{"a": None}, {"a": "x: y"}, {"a": "x\ny"}, {"null": 1}, {"a": ""}])
def test_others_do_not(value: object) -> None:
    assert quick(value) is None


def test_a_list_marks_every_document() -> None:
    assert (
        "".join(render([{"a": 1}, None, "x"], default_format="yaml")) == "---\na: 1\n---\n  null\n---\n  x\n"
    )


def test_one_resource_has_no_marker() -> None:
    assert "".join(render([{"a": 1}], default_format="default", is_list=False)) == "a: 1\n"
    assert "".join(render([7], default_format="default", is_list=False)) == "\n  7\n"
