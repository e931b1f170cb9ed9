"""Everything that was recorded from gcloud, against this implementation."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kmsctl.render.errors import RenderError
from kmsctl.render.pipeline import render

VECTORS = Path(__file__).parents[2] / "vectors" / "render"
STORED = json.loads((VECTORS / "records.json").read_text(encoding="utf-8"))
RUNS: list[dict[str, Any]] = json.loads((VECTORS / "recorded.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def uri_of(record: Any) -> str | None:
    return f"http://127.0.0.1/v1/{record['name']}" if isinstance(record, dict) and "name" in record else None


def run(row: dict[str, Any]) -> tuple[int, str, str]:
    """Returns exit status, standard output and standard error."""
    records = STORED["records"][row["records"]]
    is_list = "one" not in row
    records = records[: row.get("limit")] if is_list else [records[row["one"]]]
    shown: list[str] = []
    try:
        output = render(
            records,
            default_format=STORED["default_formats"][row["default"]],
            format_expression=row.get("format"),
            is_list=is_list,
            filter_expression=row.get("filter"),
            sort_by=row.get("sort_by", ()),
            flatten=row.get("flatten", ()),
            limit=row.get("limit"),
            page_size=row.get("page_size"),
            uri=row.get("uri", False),
            uri_of=uri_of,
            flags={"location": row["records"], "keyring": "r"},
        )
        shown.extend(output)
    except RenderError as error:
        return 1, "".join(shown), f"ERROR: {error.message}"
    said = [f"WARNING: {warning}" for warning in output.warnings]
    if is_list and not output.count and "format" not in row:
        said.append("Listed 0 items.")
    return 0, "".join(shown), "\n".join(said)


@pytest.mark.parametrize("records", sorted({row["records"] for row in RUNS}))
def test_prints_what_gcloud_printed(records: str) -> None:
    rows = [row for row in RUNS if row["records"] == records]
    wrong = []
    for row in rows:
        status, stdout, stderr = run(row)
        if (status, stdout) != (row["exit"], row["stdout"]) or stderr != row.get("stderr", stderr):
            wrong.append((row, status, stdout, stderr))
    assert rows
    assert wrong == []


def test_the_record_is_of_some_size() -> None:
    assert len(RUNS) > 2000
    assert sum(row["exit"] == 1 for row in RUNS) > 100
    assert sum("stderr" in row for row in RUNS) > 100


@pytest.mark.parametrize("name", sorted(STORED["default_formats"]))
def test_default_formats_render(name: str) -> None:
    default = STORED["default_formats"][name]
    assert "".join(render([{"name": "n"}], default_format=default))
    assert "".join(render([], default_format=default)) == ""
