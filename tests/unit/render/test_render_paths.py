from typing import Any

import pytest

from kmsctl.render.paths import camel_case, compile_path, snake_case, walk

RECORD: dict[str, Any] = {
    "name": "abc",
    "versionTemplate": {"protectionLevel": "HSM"},
    "snake_name": 1,
    "items": [{"k": 1}, {"k": 2, "n": 3}, {}],
    "deep": [[{"z": 1}], [{"z": 2}]],
    "nothing": None,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((), RECORD),
        (("name",), "abc"),
        (("name", 0), "a"),
        (("name", -1), "c"),
        (("name", 9), None),
        (("name", "x"), None),
        (("version_template", "protection_level"), "HSM"),
        (("versionTemplate", "protectionLevel"), "HSM"),
        (("VERSIONTEMPLATE",), None),
        (("snakeName",), 1),
        (("items", "k"), [1, 2, None]),
        (("items", "n"), [3, None]),
        (("items", "nope"), None),
        (("items", None, "n"), [None, 3, None]),
        (("items", 0, "k"), 1),
        (("items", -2, "n"), 3),
        (("items", 7), None),
        (("deep", "z"), None),
        (("deep", None, "z"), [[1], [2]]),
        (("nothing", "x"), None),
        (("nope", "x"), None),
    ],
)
def test_what_paths_reach(path: tuple[str | int | None, ...], value: object) -> None:
    assert walk(RECORD, path) == value
    assert compile_path(path)(RECORD) == value


@pytest.mark.parametrize("record", [None, "text", 7, [], [{"a": {"b": 1}}]])
def test_compiled_paths_take_any_record(record: object) -> None:
    for path in (("a",), ("a", "b")):
        assert compile_path(path)(record) == walk(record, path)


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("fooBar", "foo_bar"),
        ("HTTPServer", "http_server"),
        ("fooID", "foo_id"),
        ("x509Cert", "x509_cert"),
        ("a1B2", "a1_b2"),
        ("AB", "ab"),
        ("ABc", "a_bc"),
    ],
)
def test_snake_case(name: str, snake: str) -> None:
    assert snake_case(name) == snake


def test_camel_case() -> None:
    assert camel_case("required_approver_count") == "requiredApproverCount"
