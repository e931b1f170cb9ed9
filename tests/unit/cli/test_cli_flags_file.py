from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.cli import flags_file
from kmsctl.cli.failures import CommandError, UsageError
from kmsctl.cli.group import load
from kmsctl.cli.parsing import parse_command
from kmsctl.cli.session import Session

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path


def expand(directory: Path, text: str, *args: str) -> list[str]:
    (directory / "f.yaml").write_text(text)
    return flags_file.expand(args or ["--flags-file=f.yaml"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("--project: p", ["--project=p"]),
        ("--a: 1\n--b: x y", ["--a=1", "--b=x y"]),
        ("- --a: 1\n- --a: 2", ["--a=1", "--a=2"]),
        (
            "--a: 007\n--b: 1.50\n--c: 2030-01-02\n--d: yes",
            ["--a=007", "--b=1.50", "--c=2030-01-02", "--d=yes"],
        ),
        ("--a: '007'\n--b: \"t\\tb\"\n--c: ''", ["--a=007", "--b=t\tb", "--c="]),
        ("--a:\n--b: ~\n--c: null\n--d: true", ["--a", "--b", "--c", "--d"]),
        ("--a: false\n--b: False", ["--no-a", "--no-b"]),
        ("--a: 'true'", ["--a=true"]),
        ("--a: |\n  one\n  two\n", ["--a=one\ntwo\n"]),
        ('{"--a": 1, "--b": null}', ["--a=1", "--b"]),
        ("--a: [x, y]", ["--a", "x,y"]),
        ("--a: {k: v, l: 7}", ["--a", "k=v,l=7"]),
        ("--a: [a, null]", ["--a", "a,"]),
        ("{}", []),
        ("[]", []),
        ("3: 1", ["3=1"]),
    ],
)
def test_flags_become_words(directory: Path, text: str, words: list[str]) -> None:
    assert expand(directory, text) == words


@given(st.dictionaries(st.from_regex(r"--[a-z]{2,9}", fullmatch=True), st.text(st.characters(codec="utf-8"))))
def test_any_text_is_a_value(values: dict[str, str]) -> None:
    values.pop("--flags-file", None)
    text = json.dumps(values)
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(text.encode()))
    try:
        assert flags_file.expand(["--flags-file=-"]) == [f"{name}={value}" for name, value in values.items()]
    finally:
        sys.stdin = before


def test_the_file_s_flags_take_its_place(directory: Path) -> None:
    text = "--a: 1\n--b: 2"
    assert expand(directory, text, "x", "--flags-file", "f.yaml", "--c") == ["x", "--a=1", "--b=2", "--c"]
    assert expand(directory, text, "--flags-file=f.yaml", "--flags-file=f.yaml") == ["--a=1", "--b=2"] * 2
    assert expand(directory, text, "--", "--flags-file=f.yaml") == ["--", "--flags-file=f.yaml"]
    assert expand(directory, text, "x", "--flags-file") == ["x", "--flags-file"]


def test_words_know_where_they_stood(directory: Path) -> None:
    (directory / "g.yaml").write_text("\n--b: 2\n")
    words = expand(directory, "--a: 1\n\n--flags-file: [g.yaml, g.yaml]\n--c:\n")
    assert [flags_file.origin_of(word) for word in words] == [
        " (f.yaml:1)",
        " (f.yaml:3;g.yaml:2)",
        " (f.yaml:3;g.yaml:2)",
        " (f.yaml:4)",
    ]
    assert flags_file.origin_of("--a=1") == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--flags-file [f.yaml] is empty."),
        (
            "# nothing",
            "f.yaml:1: --flags-file file must contain a dictionary or list of dictionaries of flags.",
        ),
        (
            "- --a: 1\n- b",
            "f.yaml:2: --flags-file file must contain a dictionary or list of dictionaries of flags.",
        ),
        ("7", "f.yaml:1: --flags-file file must contain a dictionary or list of dictionaries of flags."),
        ("--flags-file: f.yaml", "--flags-file recursive reference (f.yaml:1)."),
        ("--flags-file: g.yaml", "--flags-file [g.yaml] not found."),
        ("--flags-file:", "f.yaml:1: --flags-file needs the name of a file, or a list of names."),
        ("--a: 1\n--a: 2", "f.yaml:2: --a is in the mapping twice. A list of mappings repeats a flag."),
        ("--a: [[1]]", "f.yaml:1: the value of a flag is a text, or a list or map of texts."),
        ("--a:\n  b: {c: d}", "f.yaml:2: the value of a flag is a text, or a list or map of texts."),
        ("&x --a: *x", "f.yaml"),
    ],
)
def test_what_is_no_file_of_flags(directory: Path, text: str, message: str) -> None:
    if text == "&x --a: *x":
        assert expand(directory, text) == ["--a=--a"]
        return
    with pytest.raises(CommandError) as caught:
        expand(directory, text)
    assert caught.value.message == message


@pytest.mark.parametrize("text", ["--a: [", "--a: 'x", "a: b: c", "--a: 1\n---\n--b: 2", "[" * 3000])
def test_what_is_no_yaml(directory: Path, text: str) -> None:
    with pytest.raises(CommandError, match=r"--flags-file \[f.yaml\] is neither YAML nor JSON"):
        expand(directory, text)


def test_a_file_that_is_not_there_or_no_text(directory: Path) -> None:
    with pytest.raises(CommandError, match=r"^--flags-file \[none.yaml\] not found\.$"):
        flags_file.expand(["--flags-file=none.yaml"])
    with pytest.raises(CommandError, match=r"Is a directory"):
        flags_file.expand(["--flags-file=."])
    (directory / "b.yaml").write_bytes(b"--a: \xff")
    with pytest.raises(CommandError, match=r"not a text in UTF-8"):
        flags_file.expand(["--flags-file=b.yaml"])


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"--a: 1")))
    words = flags_file.expand(["--flags-file=-"])
    assert (words, flags_file.origin_of(words[0])) == (["--a=1"], " (-:1)")


def parse(directory: Path, text: str, command: tuple[str, ...], *args: str) -> dict[str, Any]:
    session = Session({"KMSCTL_HOME": str(directory)})
    return {**parse_command(load(command), session, expand(directory, text, *args)), **session.settings}


CREATE = ("k", "--flags-file=f.yaml", "--purpose=mac", "--keyring=r", "--location=l")


def test_lists_and_maps_need_no_quoting(directory: Path) -> None:
    values = parse(directory, "--labels: {a: b, c: ''}", ("keys", "create"), *CREATE)
    assert values["labels"] == {"a": "b", "c": ""}
    values = parse(directory, "--flatten: ['a,b', c]", ("keys", "create"), *CREATE)
    assert values["flatten"] == ["a,b", "c"]
    values = parse(directory, "--default-algorithm: [hmac-sha256]", ("keys", "create"), *CREATE)
    assert values["default_algorithm"] == "hmac-sha256"
    values = parse(directory, "--format: ['-x']", ("keys", "create"), *CREATE)
    assert values["format"] == "-x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("--nope: 1", "unrecognized arguments: --nope=1 (f.yaml:1) \n"),
        ("--nope: [1, 2]", "unrecognized arguments: --nope (f.yaml:1) \n"),
        ("--keyrng: 1", "unrecognized arguments: --keyrng=1 (f.yaml:1) (did you mean '--keyring'?) \n"),
        ("--quiet: yes", "argument --quiet/-q (f.yaml:1): ignored explicit argument 'yes'"),
        ("\n--labels: A=b", "argument --labels (f.yaml:2): Bad value [A]: "),
        ("--labels:", "argument --labels (f.yaml:1): expected one argument"),
        ("--verbosity: loud", "argument --verbosity (f.yaml:1): Invalid choice: 'loud'."),
    ],
)
def test_errors_cite_the_file(directory: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(directory, text, ("keys", "create"), *CREATE)
    assert caught.value.message.startswith(message)


def test_flags_that_exclude_each_other_cite_the_file(directory: Path) -> None:
    with pytest.raises(UsageError) as caught:
        parse(directory, "\n--clear-labels:\n--remove-labels: a", ("keys", "update"), "k", *CREATE[1:2])
    assert caught.value.message.startswith("argument --clear-labels (f.yaml:2): At most one of ")
