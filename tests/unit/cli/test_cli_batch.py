from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pexpect
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.cli import batch, inline
from kmsctl.cli.failures import CommandError
from kmsctl.cli.main import main
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    #: runs lines with flags; returns exit status, results and standard error
    Batch = Callable[..., tuple[int, list[dict[str, Any]], str]]

OWNER = Context("me@here")
RING = KeyRingName(LocationName("local", "us"), "r")
KEY = CryptoKeyName(RING, "k")
PLACE = "--keyring=r --location=us"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    found = {"KMSCTL_HOME": str(tmp_path / "home"), "KMSCTL_CORE_ACCOUNT": "me@here"}
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return found


@pytest.fixture
def run(environment: dict[str, str], capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Batch:
    def run(
        *lines: str | dict[str, Any], flags: tuple[str, ...] = ()
    ) -> tuple[int, list[dict[str, Any]], str]:
        text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        (tmp_path / "lines").write_text(text)
        capsysbinary.readouterr()
        status = main(["batch", "lines", *flags])
        out, err = capsysbinary.readouterr()
        return status, [json.loads(line) for line in out.splitlines()], err.decode()

    status, _, _ = run(
        f"keyrings create r --location=us\nkeys create k {PLACE} --purpose=encryption",
    )
    assert status == 0
    return run


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


ENCRYPT = ["encrypt", "--key=k", *PLACE.split()]
DECRYPT = ["decrypt", "--key=k", *PLACE.split()]


def test_results_come_in_order(run: Batch) -> None:
    status, results, _ = run(
        "# a comment",
        "",
        f"kmsctl keys describe k {PLACE} --format='value(name.basename())'",
        f"   kms keys versions list --key=k {PLACE} --format=value(state)  ",
        {"args": ["keyrings", "list", "--location=us", "--format=value(name)"]},
    )
    assert status == 0
    assert results == [
        {"index": 0, "status": "OK", "exit": 0, "output": "k\n"},
        {"index": 1, "status": "OK", "exit": 0, "output": "ENABLED\n"},
        {"index": 2, "status": "OK", "exit": 0, "output": f"{RING}\n"},
    ]


def test_data_takes_the_place_of_files(run: Batch, tmp_path: Path) -> None:
    before = set(os.listdir(tmp_path))
    plaintext, aad = bytes(range(256)), b"ticket"
    _, (sealed,), _ = run(
        {
            "args": ENCRYPT,
            "data": {"plaintext-file": b64(plaintext), "additional-authenticated-data-file": b64(aad)},
        }
    )
    assert sealed["output"] == ""
    ciphertext = sealed["data"]["ciphertext-file"]
    data = {"ciphertext-file": ciphertext, "additional-authenticated-data-file": b64(aad)}
    _, (opened,), _ = run({"args": DECRYPT, "data": data})
    assert opened["data"] == {"plaintext-file": b64(plaintext)}
    assert set(os.listdir(tmp_path)) == before
    del data["additional-authenticated-data-file"]
    status, (refused,), _ = run({"args": DECRYPT, "data": data})
    assert (status, refused["status"], "data" in refused) == (1, "INVALID_ARGUMENT", False)


def test_files_and_a_hyphen_work_too(run: Batch, tmp_path: Path) -> None:
    (tmp_path / "plain text").write_bytes(b"\xff secret")
    _, results, _ = run(
        " ".join([*ENCRYPT, "--plaintext-file='plain text'", "--ciphertext-file=sealed"]),
        " ".join([*DECRYPT, "--ciphertext-file=sealed", "--plaintext-file=-"]),
        " ".join([*DECRYPT, "--ciphertext-file=sealed", "--plaintext-file", "-"]),
        {"args": [*DECRYPT, "--ciphertext-file=sealed"], "data": {"plaintext-file": None}},
        {
            "args": ["generate-random-bytes", "--location=us", "--length-bytes=8"],
            "data": {"output-file": None},
        },
        "generate-random-bytes --location=us --length-bytes=8",
    )
    assert results[0] == {"index": 0, "status": "OK", "exit": 0, "output": ""}
    assert [each["data"] for each in results[1:4]] == [{"plaintext-file": b64(b"\xff secret")}] * 3
    assert len(base64.b64decode(results[4]["data"]["output-file"])) == 8
    assert len(base64.b64decode(results[5]["output"])) == 8


def test_it_stops_at_the_first_failure_unless_told_to_go_on(run: Batch) -> None:
    lines = [f"keys describe {name} {PLACE} --format=value(name)" for name in ("k", "none", "k")]
    for flags in ((), ("--stop-on-error",)):
        status, results, err = run(*lines, flags=flags)
        assert (status, [each["status"] for each in results]) == (1, ["OK", "NOT_FOUND"])
        assert (
            err == "ERROR: (kmsctl.batch) Line 1 (counted from 0) failed; no other line was run after it.\n"
        )
    status, results, err = run(*lines, flags=("--keep-going",))
    assert (status, [each["status"] for each in results]) == (1, ["OK", "NOT_FOUND", "OK"])
    assert err == "ERROR: (kmsctl.batch) 1 of 3 lines failed.\n"
    status, _, err = run(*lines, flags=("--keep-going", "--stop-on-error"))
    assert (status, "At most one of" in err) == (2, True)


@pytest.mark.parametrize(
    ("line", "status", "exit_status", "error"),
    [
        (
            "keys describe none --keyring=r --location=us",
            "NOT_FOUND",
            1,
            "(kmsctl.keys.describe) NOT_FOUND: ",
        ),
        ("keys describe", "USAGE", 2, "(kmsctl.keys.describe) argument (KEY : "),
        ("nope", "USAGE", 2, "(kmsctl) Invalid choice: 'nope'."),
        ("keys list 'x", "USAGE", 2, "This is no command line: No closing quotation."),
        ("{", "USAGE", 2, "This is no JSON: "),
        ('{"args": "keys list"}', "USAGE", 2, '"args" has to be a list of strings.'),
        ('{"args": ["keys", 1]}', "USAGE", 2, '"args" has to be a list of strings.'),
        ('{"args": [], "data": []}', "USAGE", 2, '"data" has to be an object.'),
        ('{"args": [], "dat": {}}', "USAGE", 2, '"dat" is neither "args" nor "data".'),
        ('{"args": [], "data": {"key": ""}}', "USAGE", 2, '"data": --key is no flag that names a file.'),
        (
            '{"args": [], "data": {"x-file": "a"}}',
            "USAGE",
            2,
            '"data": the value of "x-file" is neither base64 ',
        ),
        (
            '{"args": [], "data": {"x-file": 1}}',
            "USAGE",
            2,
            '"data": the value of "x-file" is neither base64 ',
        ),
        ("batch x", "USAGE", 2, "(kmsctl.batch) A batch cannot be a line of a batch."),
        ("kms batch", "USAGE", 2, "(kmsctl.batch) A batch cannot be a line of a batch."),
        ("--quiet kms --format=json batch", "USAGE", 2, "(kmsctl.batch) A batch cannot be a line of a "),
        ('{"args": ["keys", "\\ud83d"]}', "USAGE", 2, "This is not a text in Unicode: "),
        ('{"args": [], "\\udcff": 1}', "USAGE", 2, "This is not a text in Unicode: "),
        ('{"args": ' + "[" * 100_000, "USAGE", 2, "This is no JSON: "),
        (" ".join([*ENCRYPT, "--plaintext-file=-"]), "FAILED", 1, "(kmsctl.encrypt) No data was given for "),
        (" ".join(ENCRYPT), "FAILED", 1, "(kmsctl.encrypt) No data was given for --plaintext-file."),
        (
            " ".join([*ENCRYPT, "--plaintext-file=none"]),
            "FAILED",
            1,
            "(kmsctl.encrypt) Failed to read plaintext ",
        ),
        ("store accept-rollback us", "FAILED", 1, "(kmsctl.store.accept-rollback) "),
        (
            "keys list --keyring=r --location=us --format=nope",
            "INVALID_ARGUMENT",
            1,
            "(kmsctl.keys.list) Format ",
        ),
        ('{"args": ["decrypt", "--key=k"], "data": {"nope-file": ""}}', "USAGE", 2, "(kmsctl.decrypt) unrec"),
    ],
)
def test_failures_are_results(run: Batch, line: str, status: str, exit_status: int, error: str) -> None:
    code, (result,), _ = run(line)
    assert (code, result["status"], result["exit"], result["output"]) == (1, status, exit_status, "")
    assert result["error"].startswith(error)
    assert "\0" not in result["error"]


def test_too_much_data_is_told_by_its_flag(run: Batch) -> None:
    _, (result,), _ = run({"args": ENCRYPT, "data": {"plaintext-file": b64(bytes(65537))}})
    text = "(kmsctl.encrypt) The file [data: plaintext-file] is larger than the maximum size of 65536 bytes."
    assert result["error"] == text


def test_messages_are_kept_apart(run: Batch) -> None:
    _, results, err = run(
        f"keys versions destroy 1 --key=k {PLACE}",
        f"keys list {PLACE} --filter=nope=1 --format=json",
        "version --format=json --verbosity=debug",
        "--help",
    )
    assert results[0]["messages"].startswith("Version [1] of key [k] will be destroyed at ")
    assert results[1]["output"] == "[]\n"
    assert results[1]["messages"].startswith("WARNING: The following filter keys were not present")
    assert results[2]["messages"].startswith("DEBUG: Running [kmsctl.version]")
    assert results[3]["output"].startswith("NAME\n    kmsctl - ")
    assert err == ""


def test_global_flags_hold_for_all_lines(run: Batch) -> None:
    line = "config get project"
    _, results, _ = run(line, f"{line} --project=mine", line, flags=("--project=all", "--format=json"))
    assert [each["output"] for each in results] == ['"all"\n', '"mine"\n', '"all"\n']


def test_a_line_sees_what_the_lines_before_it_set(run: Batch) -> None:
    _, results, _ = run(
        "config get project",
        "config set project one",
        "config get project",
        "config configurations create two",
        "config get project",
        "config get project --configuration=default",
        "config unset kms/location",
        "config set kms/destroy_scheduled_duration 9d --configuration=two",
        f"keys create j {PLACE} --purpose=encryption --project=local "
        "--format=value(destroyScheduledDuration)",
    )
    assert [each["output"] for each in results if "get" in str(each) or each["output"]] == [
        "local\n",
        "one\n",
        "local\n",
        "one\n",
        "777600s\n",
    ]


def test_a_change_by_another_binds_the_next_line(environment: dict[str, str], tmp_path: Path) -> None:
    """One batch runs while another service on the same store disables and enables the key."""
    home = tmp_path / "home"
    kms = Kms(str(home / "data"), str(home / "config" / "store"))
    kms.create_key_ring(OWNER, RING)
    from kmsctl.model.resources import CryptoKeySpec

    spec = CryptoKeySpec(purpose="ENCRYPT_DECRYPT", algorithm="GOOGLE_SYMMETRIC_ENCRYPTION")
    kms.create_crypto_key(OWNER, KEY, spec)
    line = json.dumps({"args": ENCRYPT, "data": {"plaintext-file": b64(b"x")}}) + "\n"
    with subprocess.Popen(
        [sys.executable, "-m", "kmsctl", "batch", "--keep-going"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
        bufsize=1,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None

        def status() -> str:
            running.stdin.write(line)  # type: ignore[union-attr]
            result: dict[str, str] = json.loads(running.stdout.readline())  # type: ignore[union-attr]
            return result["status"]

        assert [status() for _ in range(3)] == ["OK"] * 3
        kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
        assert status() == "FAILED_PRECONDITION"
        kms.update_crypto_key_version(OWNER, KEY.version(1), "ENABLED")
        assert status() == "OK"
        kms.destroy_crypto_key_version(OWNER, KEY.version(1))
        assert status() == "FAILED_PRECONDITION"
        running.stdin.close()
        assert running.wait() == 1
    kms.close()


def test_no_line_reads_standard_input(run: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"--project: stolen")))
    _, (result,), _ = run("config get project --flags-file=-")
    assert result["error"] == "(kmsctl) --flags-file [-] is empty."
    assert sys.stdin.read() == "--project: stolen"


def test_standard_input_is_the_default(
    run: Batch, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    for args in (["batch"], ["batch", "-"]):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"config get project")))
        assert main(args) == 0
        assert json.loads(capsysbinary.readouterr().out)["output"] == "local\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x" * (batch.LONGEST_LINE + 1), "A line is longer than"),
    ],
)
def test_lines_that_cannot_be_read(
    run: Batch, capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "bad").write_bytes(content)
    assert main(["batch", "bad"]) == 1
    assert capsysbinary.readouterr().err.decode().startswith(f"ERROR: (kmsctl.batch) {message}")
    (tmp_path / "mixed").write_bytes(b"config \xff\nconfig get project\n")
    assert main(["batch", "mixed", "--keep-going"]) == 1
    bad, good = map(json.loads, capsysbinary.readouterr().out.splitlines())
    assert (bad["exit"], bad["error"]) == (2, "This is not a text in UTF-8.")
    assert good["output"] == "local\n"
    assert main(["batch", "none"]) == 1
    assert b"Failed to read batch file [none]: " in capsysbinary.readouterr().err


WORD = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1)


@given(st.lists(WORD, min_size=1))
def test_a_quoted_line_is_its_words(words: list[str]) -> None:
    import shlex

    from hypothesis import assume

    assume(words[0] not in ("kmsctl", "batch", "kms"))
    assume(words[0].strip() == words[0] and words[0][0] not in "#{")
    assume(not any(word.startswith("--") for word in words))
    line = batch.parse(" ".join(shlex.quote(word) for word in words))
    assert line is not None
    assert line.args == words


@given(st.text(max_size=80))
def test_any_text_is_a_line_or_refused(text: str) -> None:
    with contextlib.suppress(CommandError):
        line = batch.parse(text)
        assert line is None or all(isinstance(arg, str) for arg in line.args)


def test_data_is_of_one_line_only() -> None:
    data = inline.Data()
    data.given["a-file"] = b"x"
    inline.use(data)
    assert inline.read(inline.path_of("a-file")) == b"x"
    inline.use(inline.Data())
    with pytest.raises(CommandError):
        inline.read(inline.path_of("a-file"))


def test_progress_is_for_a_terminal_that_shows_no_results(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "lines").write_text("config get project\n" * 20)
    command = f"exec {sys.executable} -m kmsctl batch lines"
    shown = {}
    for name, redirection in (("results elsewhere", " > results"), ("results here", "")):
        child: pexpect.spawn[str] = pexpect.spawn(
            "/bin/sh",
            ["-c", command + redirection],
            env={**os.environ, **environment, "TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path)},
            encoding="utf-8",
            timeout=20,
        )
        child.expect(pexpect.EOF)
        shown[name] = child.before or ""
    assert "Running [" in shown["results elsewhere"]
    assert (tmp_path / "results").read_text().count('"output":"local\\n"') == 20
    assert "Running [" not in shown["results here"]
