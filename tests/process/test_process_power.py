"""The power goes at any moment: what was acknowledged is there, and nothing is damaged.

A run of operations is traced (strace), and its writes are played back up to a point; of those that were not
synced by then, none, all or some are kept (`tests.process.disk_model`).
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kmsctl.service.kms import Kms
from tests.process import expected, power_work
from tests.process.disk_model import CALLS, Disk
from tests.process.expected import CTX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from tests.process.expected import Operation, State

PROJECT = Path(__file__).parents[2]
OPERATIONS = 30
#: How many moments are looked at, each in three ways.
MOMENTS = 60
#: What may be found: crashes leave these, and maintenance or repair clears them away.
HONEST = {"PURGE_PENDING": {"maintain"}, "ORPHAN": {"repair"}, "ANCHOR_DAMAGED": {"repair"}}


def trace(home: Path, seed: int, count: int) -> list[str]:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("NOT TESTED: power cuts need strace")
    home.mkdir(mode=0o700)
    log = home.with_suffix(".log")
    work = [sys.executable, "-m", "tests.process.power_work", str(home), str(seed), str(count)]
    command = [strace, "-f", "-y", "-xx", "-s", "16777216", "-o", str(log), "-e", f"trace={CALLS}", *work]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=False)
    if done.returncode and "ptrace" in done.stderr.lower():
        pytest.skip(f"NOT TESTED: power cuts need the right to trace processes: {done.stderr}")
    assert done.returncode == 0, done.stderr
    return log.read_text().splitlines()


class Cuts:
    """A trace, and what the store should hold at each point of it."""

    def __init__(self, home: Path, seed: int, count: int) -> None:
        self.home = home
        self.steps = power_work.plan(seed, count)
        self.states = power_work.states(self.steps)
        self.lines = trace(home, seed, count)

    def moments(self, chosen: set[int] | None) -> Iterator[Disk]:
        """Plays the trace, and stops after each of the changes that were chosen (or all)."""
        disk = Disk(self.home)
        for line in self.lines:
            if disk.play(line) and (chosen is None or disk.changes in chosen):
                yield disk
        assert disk.said == len(self.steps)

    def count(self) -> int:
        disk = Disk(self.home)
        for line in self.lines:
            disk.play(line)
        return disk.changes

    def check(self, disk: Disk, home: Path) -> None:
        """Checks what is found when the power is back, and that the store goes on from there."""
        said = disk.said
        now, operation = self.steps[min(said, len(self.steps) - 1)]
        kms = Kms(str(home / "data"), str(home / "config" / "store"), clock=lambda: now)
        dishonest = [
            (each.kind, each.resource, each.message)
            for each in kms.verify_store(CTX)
            if each.action not in HONEST.get(each.kind, ())
        ]
        assert dishonest == []
        held = expected.observe(kms, power_work.RING)
        assert held in self._possible(said, now), (said, operation, held)
        self._go_on(kms, held)
        kms.close()

    def _possible(self, said: int, now: int) -> list[State]:
        possible = self.states[said : said + 2]
        return [expected.without_records(expected.settle(state, now)) for state in possible]

    def _go_on(self, kms: Kms, held: State) -> None:
        operation: Operation = {"do": "key", "key": "afterwards", "labels": {}, "schedule": None}
        if not held["ring"]:
            expected.carry_out(kms, power_work.RING, {"do": "ring"})
        expected.carry_out(kms, power_work.RING, operation)
        kms.maintain_store(CTX, confirm_clock=lambda _: True)
        report = kms.repair_store(CTX, confirm=lambda _: True)
        assert (report.failed, [each.message for each in report.left]) == ([], [])


def cut(cuts: Cuts, place: Path, rng: Random, chosen: set[int] | None) -> int:
    looked_at = 0
    for disk in cuts.moments(chosen):
        for way in ("none", "all", "some"):
            disk.write_to(place, rng if way == "some" else None, kept=way == "all")
            try:
                cuts.check(disk, place)
            except BaseException as error:
                error.add_note(f"after change {disk.changes}, with {way} of what was not synced")
                raise
            shutil.rmtree(place)
            looked_at += 1
    return looked_at


def test_the_power_goes_at_moments_that_are_drawn(tmp_path: Path, crash_rng: Random) -> None:
    cuts = Cuts(tmp_path / "traced", crash_rng.randrange(10**6), OPERATIONS)
    count = cuts.count()
    assert count > 500
    early = set(range(1, 60, 6))  # root key, anchor and databases are made
    chosen = early | set(crash_rng.sample(range(60, count + 1), MOMENTS - len(early)))
    assert cut(cuts, tmp_path / "after", crash_rng, chosen) == 3 * MOMENTS


@pytest.mark.slow
def test_the_power_goes_at_every_moment(
    tmp_path: Path, request: pytest.FixtureRequest, crash_rng: Random
) -> None:
    if "slow" not in request.config.getoption("-m"):
        pytest.skip("takes minutes: run with -m slow")
    cuts = Cuts(tmp_path / "traced", crash_rng.randrange(10**6), 2 * OPERATIONS)
    assert cut(cuts, tmp_path / "after", crash_rng, None) > 3000


def test_the_model_of_the_disk_loses_what_was_not_synced(tmp_path: Path) -> None:
    """It would be of no use if it were kinder than a disk."""
    home = tmp_path / "traced"
    disk = Disk(home)

    def text(path: Path | bytes) -> str:
        return "".join(f"\\x{byte:02x}" for byte in (path if isinstance(path, bytes) else str(path).encode()))

    def play(*lines: str) -> None:
        for line in lines:
            disk.play(f"7 {line}")

    file = text(home / "file")
    play(
        f'openat(AT_FDCWD<{text(b"/")}>, "{file}", O_RDWR|O_CREAT, 0600) = 3<{file}>',
        f'pwrite64(3<{file}>, "{text(b"safe")}", 4, 0) = 4',
        f"fsync(3<{file}>) = 0",
        f'pwrite64(3<{file}>, "{text(b"lost")}", 4, 4) = 4',
    )
    disk.write_to(tmp_path / "nothing", None)
    assert list((tmp_path / "nothing").iterdir()) == []  # its name was not synced
    play(f"fsync(4<{text(home)}>) = 0")
    disk.write_to(tmp_path / "some", None)
    assert (tmp_path / "some" / "file").read_bytes() == b"safe"
    disk.write_to(tmp_path / "all", None, kept=True)
    assert (tmp_path / "all" / "file").read_bytes() == b"safelost"
    play(f'rename("{file}", "{text(home / "other")}") = 0', f"fdatasync(3<{text(home / 'other')}>) = 0")
    disk.write_to(tmp_path / "renamed", None)
    assert (tmp_path / "renamed" / "file").read_bytes() == b"safelost"
    seen = set()
    for seed in range(40):
        place = tmp_path / f"drawn-{seed}"
        disk.write_to(place, random.Random(seed))
        seen.add(tuple(sorted(each.name for each in place.iterdir())))
    assert seen == {("file",), ("other",)}
