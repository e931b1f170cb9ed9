"""Timing for the benchmarks: medians, and programs as multiples of ``python3 -c pass`` in the same run."""

from __future__ import annotations

import os
import sys
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BASELINE = (sys.executable, "-c", "pass")


def seconds(act: Callable[[], object]) -> float:
    """Returns how long one call took."""
    started = perf_counter()
    act()
    return perf_counter() - started


def median_seconds(act: Callable[[], object], *, times: int = 7, calls: int = 1) -> float:
    """Returns the median of `times` measurements of the time of a call, each over `calls` calls."""

    def several() -> None:
        for _ in range(calls):
            act()

    return median(seconds(several) for _ in range(times)) / calls


def shown(time: float) -> str:
    """Returns a time with its unit, in three digits or so."""
    if time < 1e-3:
        return f"{time * 1e6:.1f} us"
    return f"{time * 1e3:.2f} ms" if time < 1 else f"{time:.2f} s"


def report(label: str, time: float, *, per: str = "") -> None:
    """Prints one line of results."""
    print(f"{label:<58} {shown(time):>12}{' per ' + per if per else ''}", flush=True)


class Program:
    """A command line to measure."""

    def __init__(
        self, label: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self.label = label
        self.command = list(command)
        self.environment = {**os.environ, **(environment or {})}
        self.times: list[float] = []

    def run(self, *, keep: bool) -> None:
        """Runs it once, with its output thrown away.

        Raises:
            RuntimeError: if it fails: then there is nothing to measure.
        """
        nothing = [(os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_RDWR, 0) for descriptor in (0, 1, 2)]
        started = perf_counter()
        child = os.posix_spawnp(self.command[0], self.command, self.environment, file_actions=nothing)
        _, status = os.waitpid(child, 0)
        taken = perf_counter() - started
        if status:
            raise RuntimeError(f"{self.label} failed: {' '.join(self.command)}")
        if keep:
            self.times.append(taken)


def compare(programs: Sequence[Program], *, rounds: int) -> float:
    """Runs all programs in turn, `rounds` times, and prints medians and multiples of the baseline.

    Returns:
        the median of the baseline, in seconds.
    """
    baseline = Program("python3 -c pass", BASELINE)
    everything = [baseline, *programs]
    for program in everything:
        program.run(keep=False)
    for _ in range(rounds):
        for program in everything:
            program.run(keep=True)
    unit = median(baseline.times)
    print(f"{'median of ' + str(rounds):<58} {'time':>12} {'multiple':>9}")
    for program in everything:
        taken = median(program.times)
        print(f"{program.label:<58} {shown(taken):>12} {taken / unit:>8.1f}x")
    return unit
