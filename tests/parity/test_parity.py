"""What gcloud prints for a command line is what kmsctl prints, byte for byte, with the same exit status.

``python -m tests.parity.record`` recorded what gcloud makes of the lines; no gcloud is needed here. What
differs on purpose is in `DIFFERENT`, and in docs/differences.md.
"""

from __future__ import annotations

import io
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from kmsctl.cli import main as program
from kmsctl.cli import outcome
from kmsctl.cli.session import Session
from tests.parity import scene
from tests.parity.commands import lines, masked, recorded, words

if TYPE_CHECKING:
    from pathlib import Path

RECORDED = recorded()

#: Line → why kmsctl's answer is another one.
DIFFERENT = {
    "keys list $P --sort-by=labels.env --format=value(name.basename())": (
        "gcloud sorts by the keys of a map only in tables, and says nothing elsewhere"
    ),
    "keys versions list --key=app $P --sort-by=~name.basename() --format=value(name.segment(-1),state)": (
        "gcloud ignores sort keys with transforms"
    ),
    "mac-verify --key=mac --version=1 $P --input-file=plain.txt --signature-file=tag.bin --format=json": (
        "gcloud writes [] right behind the answer"
    ),
    "keys list $P --format=object(name)": "gcloud shows the classes of its own client",
    "keys list $P --sort-by=, --format=value(name.basename())": (
        "gcloud sorts by what Python makes of whole resources where a key is empty"
    ),
    "keys list $P \"--format=value(primary.createTime.sub('T.*',''),name.len())\"": "gcloud crashes",
    "keys list $P --format=value(rotationPeriod.trailoff(4),primary.state.color(red=DIS))": "gcloud crashes",
    "keys list $P --format=value[terminator=,](name.basename())": "gcloud crashes",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("parity")
    (place / "files").mkdir()
    scene.build(place / "home", place / "files")
    return place


def run(line: str, place: Path) -> dict[str, object]:
    """Runs a line as the program does and returns what came out of it."""
    environment = {
        "KMSCTL_HOME": str(place / "home"),
        "KMSCTL_CORE_ACCOUNT": scene.ACCOUNT,
        "KMSCTL_CORE_PROJECT": scene.PROJECT,
    }
    session = Session(environment)
    session.use(scene.open_kms(place / "home"))
    before = sys.stdin, sys.stdout, sys.stderr
    out = io.BytesIO()
    ours = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(out, "utf-8"), io.StringIO()
    sys.stdin, sys.stdout, sys.stderr = ours
    try:
        found = outcome.of(program.run, words(line), session)
        return {"exit": found.exit, "stdout": masked(out.getvalue().decode())}
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
        session.close()


@pytest.mark.parametrize("line", lines())
def test_the_answer_is_gcloud_s(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    place = tmp_path / "here"
    shutil.copytree(made, place)
    monkeypatch.chdir(place / "files")
    answer = run(line, place)
    if line in DIFFERENT:
        assert answer != RECORDED[line], f"no longer different: {DIFFERENT[line]}"
    else:
        assert answer == RECORDED[line]


def test_every_line_is_recorded_and_none_is_left_over() -> None:
    assert list(RECORDED) == lines()
    assert set(DIFFERENT) <= set(lines())
