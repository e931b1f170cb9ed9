"""What the power-cut test traces: operations on a store, each said on standard output when it is done.

python -m tests.process.power_work DIRECTORY SEED COUNT
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kmsctl.model.names import KeyRingName, LocationName
from kmsctl.service.kms import Kms
from tests.process import expected

if TYPE_CHECKING:
    from tests.process.expected import Operation, State

RING = KeyRingName(LocationName("kmsctl-local", "us-east1"), "ring")
START = 1_800_000_000_000_000


def plan(seed: int, count: int) -> list[tuple[int, Operation]]:
    """Returns operations that can follow each other, each with its time; days pass in between."""
    rng = random.Random(seed)
    state, now = expected.empty(), START
    steps = []
    for _ in range(count):
        now += rng.choice([0, 0, 0, expected.HOUR, expected.DAY])
        operation = expected.choose(rng, state, now)
        steps.append((now, operation))
        state = expected.apply(state, operation, now)
    return steps


def states(steps: list[tuple[int, Operation]]) -> list[State]:
    """Returns what the store holds before all, and after each operation."""
    found = [expected.empty()]
    for now, operation in steps:
        found.append(expected.apply(found[-1], operation, now))
    return found


def main() -> None:
    home, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    now = START
    kms = Kms(str(home / "data"), str(home / "config" / "store"), clock=lambda: now)
    for number, (at, operation) in enumerate(plan(seed, count)):
        now = at
        expected.carry_out(kms, RING, operation)
        os.write(1, b"done\n")
        if number % 7 == 6:
            # These write too: verification keeps a record, closing clears the logs away.
            assert not [each for each in kms.verify_store(expected.CTX) if each.kind != "PURGE_PENDING"]
            kms.close()


if __name__ == "__main__":
    main()
