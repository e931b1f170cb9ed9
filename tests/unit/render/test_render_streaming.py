import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from kmsctl.errors import NotFound
from kmsctl.render.pipeline import render


class Source:
    """Yields records, notes how many were taken, and may fail after the last."""

    def __init__(self, count: int, *, fails: bool = False) -> None:
        self.count = count
        self.fails = fails
        self.taken = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for number in range(self.count):
            self.taken += 1
            yield {"name": f"k{number}", "state": "ENABLED"}
        if self.fails:
            raise NotFound("page 2 is gone")


@pytest.mark.parametrize("expression", ["json", "yaml", "text", "config", "list"])
def test_records_are_shown_as_they_come(expression: str) -> None:
    source = Source(5)
    chunks = iter(render(source, default_format=expression))
    assert "k0" in next(chunks)
    assert source.taken == 1


@pytest.mark.parametrize("expression", ["value(name)", "csv(name)"])
def test_lines_come_in_batches(expression: str) -> None:
    source = Source(10_000)
    assert next(iter(render(source, default_format=expression)))
    assert source.taken < 1000


def test_pages_are_tables_of_their_own() -> None:
    source = Source(5)
    chunks = iter(render(source, default_format="table(name)", page_size=2))
    assert next(chunks) == "NAME\n"
    assert source.taken == 2


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("json(name)", '[\n  {\n    "name": "k0"\n  },\n  {\n    "name": "k1"\n  }\n]\n'),
        ("value(name)", "k0\nk1\n"),
        ("csv(name)", "name\nk0\nk1\n"),
        ("yaml(name)", "---\nname: k0\n---\nname: k1\n"),
        ("table(name)", "NAME\nk0\nk1\n"),
    ],
)
def test_what_came_before_a_failure_is_shown_whole(expression: str, shown: str) -> None:
    got: list[str] = []
    with pytest.raises(NotFound):
        got.extend(render(Source(2, fails=True), default_format=expression))
    assert "".join(got) == shown


@pytest.mark.parametrize(
    ("expression", "shown"),
    [("json", "[]\n"), ("csv(name)", ""), ("table(name)", ""), ("yaml", ""), ("list[title=T]", "")],
)
def test_a_failure_at_once_leaves_an_empty_list(expression: str, shown: str) -> None:
    got: list[str] = []
    with pytest.raises(NotFound):
        got.extend(render(Source(0, fails=True), default_format=expression))
    assert "".join(got) == shown


def test_none_consumes_and_disable_does_not() -> None:
    consumed, left = Source(3), Source(3)
    assert list(render(consumed, default_format="table(name)", format_expression="none")) == []
    assert list(render(left, default_format="table(name)", format_expression="disable")) == []
    assert (consumed.taken, left.taken) == (3, 0)


def test_the_count_is_of_what_was_shown() -> None:
    output = render(Source(5), default_format="value(name)", filter_expression="name=k1 OR name=k3")
    assert output.count == 0
    assert list(output) == ["k1\nk3\n"]
    assert output.count == 2


@pytest.mark.parametrize(
    ("expression", "loaded"),
    [
        ("table(name, labels.list(), a.b.segment(1))", set()),
        ("value(name.basename())", set()),
        ("json", {"json"}),
        ("yaml", set()),
    ],
)
def test_a_listing_imports_only_what_it_needs(expression: str, loaded: set[str]) -> None:
    heavy = {"json", "yaml", "tabulate", "dateutil", "datetime", "typing", "dataclasses", "enum"}
    code = (
        "import sys; from kmsctl.render.pipeline import render; "
        f"list(render([{{'name': 'n', 'labels': {{'a': 'b'}}}}], default_format={expression!r})); "
        f"print(*sorted(set(sys.modules) & {heavy!r}))"
    )
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _with_path(code)], capture_output=True, check=False, text=True
    )
    assert result.stderr == ""
    found = set(result.stdout.split())
    if "json" in loaded:  # it brings re, and re brings enum
        found -= {"enum"}
    assert found == loaded


def _with_path(code: str) -> str:
    from pathlib import Path

    import kmsctl

    root = str(Path(kmsctl.__file__).parents[1])
    return f"import sys; sys.path.insert(0, {root!r}); {code}"
