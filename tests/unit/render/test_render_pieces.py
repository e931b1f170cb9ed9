"""Lists whose records are worked on some at a time: they look as if they came one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import NotFound
from kmsctl.render.pipeline import Source, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

RECORDS: list[dict[str, Any]] = [
    {
        "name": "a/b/k1",
        "labels": {"z": "1", "a": "2"},
        "primary": {"state": "ENABLED", "parts": [1, {"x": None}]},
    },
    {"name": "a/b/k2", "labels": {}, "count": 3, "text": "two\nlines", "parts": []},
    {"name": "a/b/kä 3", "primary": {"state": "DISABLED"}, "text": '"quoted", 100%'},
    {"other": True},
    {"name": "", "labels": {"only": ""}},
]
EXPRESSIONS = [
    "json",
    "json(name, primary.state)",
    "json(nothing)",
    "table(name.basename(), labels.list(), primary.state:label=STATE)",
    "table[box,title=All](name, text)",
    "table[no-heading](name, count)",
    "table(name, text:optional)",
    "csv(name, labels, text)",
    "csv[no-heading](name)",
    "csv[terminator='']('nothing')",
    "value(name)",
    "value(name, labels.list(), primary.parts)",
    "get(name)",
    "yaml",
    "yaml(name, labels)",
    "yaml[version=1.1]",
    "default",
    "text",
    "flattened(name, labels)",
    "list(name)",
    "config",
    "none",
    "disable",
]


def uri_of(record: Any) -> str | None:
    return f"https://it/{record['name']}" if record.get("name") else None


def source(records: list[Any], together: int, *, fails: bool = False) -> Source:
    def every() -> Iterator[Any]:
        yield from records
        if fails:
            raise NotFound("the rest is gone")

    def worked(make: Callable[[Iterable[Any]], Any]) -> Iterator[Any]:
        for start in range(0, len(records), together):
            yield make(iter(records[start : start + together]))
        if fails:
            raise NotFound("the rest is gone")

    return Source(every, lambda keep: filter(keep, every()), (), worked)


def shown(records: Iterable[Any] | Source, expression: str, **more: Any) -> tuple[str, int]:
    output = render(records, default_format=expression, uri_of=uri_of, **more)
    return "".join(output), output.count


@pytest.mark.parametrize("together", [1, 2, 5])
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_pieces_look_as_the_whole(expression: str, together: int) -> None:
    for records in (RECORDS, RECORDS[:1], RECORDS[3:], []):
        assert shown(source(records, together), expression) == shown(records, expression)
        assert shown(source(records, together), expression, uri=True) == shown(records, expression, uri=True)


@pytest.mark.parametrize("together", [1, 5])
def test_uris_in_pieces(together: int) -> None:
    text, count = shown(source(RECORDS, together), "table(name)", uri=True)
    assert text.splitlines() == ["https://it/a/b/k1", "https://it/a/b/k2", "https://it/a/b/kä 3"]
    assert count == 3


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_came_before_a_failure_is_shown_as_of_the_whole(expression: str) -> None:
    texts = []
    for records in (source(RECORDS, 1, fails=True), source(RECORDS, 1, fails=True).every()):
        got: list[str] = []
        try:
            got.extend(render(records, default_format=expression))
        except NotFound:
            got.append("failed")
        texts.append("".join(got))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("more", [{"sort_by": ["name"]}, {"flatten": ["labels"]}, {"limit": 2}])
def test_what_needs_all_records_has_them(more: dict[str, Any]) -> None:
    for expression in ("json", "table(name)", "csv(name)"):
        assert shown(source(RECORDS[:3], 2), expression, **more) == shown(RECORDS[:3], expression, **more)
