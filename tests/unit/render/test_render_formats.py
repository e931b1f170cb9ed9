from typing import Any

import pytest

from kmsctl.render.errors import ExpressionError, FormatError, TransformError
from kmsctl.render.pipeline import render
from kmsctl.render.printers import FORMATS
from kmsctl.render.projection_parser import parse_format

KEYS: list[dict[str, Any]] = [
    {"name": "a/frodo", "purpose": "E", "labels": {"team": "kms", "env": "prod"}, "p": {"n": "x/3"}},
    {"name": "a/sam", "purpose": "S"},
]
TABLE = "table(name, purpose, labels.list(), p.n.segment(1):label=PRIMARY)"


def shown(expression: str | None, records: list[Any] = KEYS, default: str = TABLE, **flags: Any) -> str:
    return "".join(render(records, default_format=default, format_expression=expression, **flags))


def test_the_default_table() -> None:
    assert shown(None) == (
        "NAME     PURPOSE  LABELS             PRIMARY\na/frodo  E        env=prod,team=kms  3\na/sam    S\n"
    )


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("value(p.n)", "3\n\n"),
        ("csv(p.n)", "primary\n3\n\n"),
        ("value(PRIMARY)", "3\n\n"),
        ("get(p.n)", "x/3\n\n"),
        ("value[no-transforms](p.n)", "x/3\n\n"),
        ("value(labels)", "env=prod,team=kms\n\n"),
        ("value(p.n.segment(0))", "x\n\n"),
        ("value(p.n.segment(0), p.n)", "x\tx\n\t\n"),
        ("value(p.n, p.n.segment(0), p.n)", "3\tx\t3\n\t\t\n"),
    ],
)
def test_the_defaults_transforms_and_labels_leak(expression: str, text: str) -> None:
    assert shown(expression) == text


def test_json_shows_what_was_asked_for_in_this_format_only() -> None:
    assert shown("json(p.n)", KEYS[:1]) == '[\n  {\n    "p": {\n      "n": "x/3"\n    }\n  }\n]\n'
    assert shown("json(p.n.segment(0))", KEYS[:1]) == '[\n  {\n    "p": {\n      "n": "x"\n    }\n  }\n]\n'
    assert '"n": "3"' in shown("json[transforms](p.n)", KEYS[:1])


def test_a_format_without_a_name_changes_the_default() -> None:
    assert shown("[no-heading](purpose)") == "E\nS\n"
    assert shown(":(purpose:label=PP)").startswith("NAME     PP ")


def test_a_name_forgets_the_attributes_before_it() -> None:
    assert parse_format("table[box](a) value(b)").attributes == {}
    assert parse_format("table[box](a) [no-heading](b)").attributes == {"box": True, "heading": False}


@pytest.mark.parametrize(
    ("expression", "labels"),
    [
        ("table(a.name, b.name, c.d.b.name)", ["NAME", "B_NAME", "D_B_NAME"]),
        ("table(x.items[0].k, x.items[].k)", ["K", "ITEMS_K"]),
        ("table(fooBar, foo.HTTPServer)", ["FOO_BAR", "HTTP_SERVER"]),
        ("table(name:label=A, name:label=B, name)", ["A", "B", "A"]),
        ("table(uri(), firstof(a, bC).len(), .)", ["URI", "B_C", ""]),
    ],
)
def test_headings(expression: str, labels: list[str]) -> None:
    assert [column.key.label for column in parse_format(expression).columns] == labels


@pytest.mark.parametrize("name", ["name", "TABLE", "jsonl"])
def test_formats_that_do_not_exist(name: str) -> None:
    with pytest.raises(FormatError) as caught:
        shown(name)
    assert caught.value.message == f"Format must be one of {', '.join(FORMATS)}; received [{name}]."


@pytest.mark.parametrize("name", ["csv", "diff", "get", "table", "value"])
def test_formats_that_need_keys(name: str) -> None:
    with pytest.raises(FormatError) as caught:
        shown(name)
    assert caught.value.message == (
        f"Format [{name}] requires a non-empty projection. "
        f"Use key parameters to specify a projection like so `{name}(foo, bar.baz)`"
    )


def test_multi_needs_formats() -> None:
    with pytest.raises(FormatError, match=r"^name requires format attribute\.$"):
        shown("multi(name)")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("j-son", "Name expected [default *HERE* j-son]."),
        ("value(a", "More tokens expected [default value(a *HERE*]."),
        ("value(a b)", "Expected ) in projection expression [default value(a *HERE* b)]."),
        ("value(,a)", "Non-empty key name expected [default value( *HERE* ,a)]."),
        ("value(a.nosuch())", "Unknown transform function nosuch [default value(a.nosuch( *HERE* ))]."),
        ("value(a.len().b)", "Transform function expected [default value(a.len().b *HERE* )]."),
        ("value(a:nosuch=1)", "Unknown key attribute [default value(a:nosuch *HERE* =1)]."),
        ("value(a:sort)", "value expected [default value(a:sort *HERE* )]."),
        ("value(a:optional=1)", "value not expected [default value(a:optional *HERE* =1)]."),
        ("value(a:align=up)", "Unknown alignment [default value(a:align *HERE* =up)]."),
        ("value[a b](c)", "Expected ] in attribute list [default value[a *HERE* b](c)]."),
        ("value(a.segment(1,))", "Argument expected [default value(a.segment(1, *HERE* ))]."),
    ],
)
def test_expressions_that_are_refused(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        shown(expression, default="default")
    assert caught.value.message == message


@pytest.mark.parametrize(
    "call",
    ["segment(x)", "segment(1,2,3)", "sub(a)", "encode()", 'regex("[")', "size(precision=x)", "len(1)"],
)
def test_arguments_that_are_refused(call: str) -> None:
    with pytest.raises(TransformError):
        shown(f"value(name.{call})")


def test_a_refusal_comes_before_anything_is_shown() -> None:
    with pytest.raises(ExpressionError):
        render([], default_format="json", filter_expression="a==b")
    with pytest.raises(ExpressionError):
        render([], default_format="json", flatten=["a["])


def test_values_that_are_not_maps() -> None:
    assert shown("json", ["x", None, 7, True], default="json") == '[\n  "x",\n  null,\n  7,\n  true\n]\n'
    assert shown("value(.)", ["x"]) == "x\n"
    assert shown("list", ["x"]) == " - x\n"
    assert shown(None, [True], default="json", is_list=False) == "true\n"


def test_nothing_to_show() -> None:
    for expression in (
        "table(a)",
        "yaml",
        "value(a)",
        "csv(a)",
        "text",
        "list",
        "config",
        "multi(a:format=json)",
    ):
        assert shown(expression, []) == ""
    assert shown("json", []) == "[]\n"


def test_if_reads_flags() -> None:
    expression = "csv(name, purpose.if(NOT short AND mode=full))"
    assert shown(expression, KEYS[:1], flags={"mode": "full"}) == "name,purpose\na/frodo,E\n"
    assert shown(expression, KEYS[:1], flags={"mode": "full", "short": True}) == "name\na/frodo\n"
    assert shown(expression, KEYS[:1]) == "name\na/frodo\n"


def test_uris() -> None:
    def uri_of(record: Any) -> str | None:
        return f"//{record['name']}" if record["name"] != "a/sam" else None

    assert shown(None, uri=True, uri_of=uri_of) == "//a/frodo\n"
    assert shown("json", uri=True, uri_of=uri_of) == '[\n  "//a/frodo"\n]\n'
    assert shown("value(uri())", uri_of=uri_of) == "//a/frodo\n.\n"
    assert shown(None, uri=True) == ""


def test_one_resource_becomes_a_list_where_it_is_selected_from() -> None:
    one = KEYS[:1]
    assert shown(None, one, "yaml(purpose)", is_list=False) == "purpose: E\n"
    for flags in ({"limit": 1}, {"filter_expression": "purpose:E"}, {"flatten": ["labels"]}):
        assert shown(None, one, "yaml", is_list=False, **flags).startswith("---\n")
