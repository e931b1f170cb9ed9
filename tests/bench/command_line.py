"""What one run of the program does with much: a batch of encryptions, lists of many keys.

Run from the top of the project, on a quiet machine:

    python -m tests.bench.command_line [--keys 100000] [--lines 10000]
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from kmsctl.service.kms import Kms
from tests.bench.seed import CTX, LOCATION, RING, key_name, seed
from tests.bench.timing import report

PLACE = (f"--keyring={RING.key_ring}", f"--location={LOCATION.location}")
LISTS = (
    ("--format=json",),
    (),
    ("--format=value(name)",),
    ("--limit=10",),
    ("--filter=purpose=MAC",),
    ("--filter=name.basename()=key-000077",),
    ("--filter=labels.team=t3 AND name~00$",),
    ("--filter=createTime<2000-01-01",),
)
TIMES = 3


def run(home: Path, *arguments: str) -> float:
    """Runs a command and returns how many seconds it took."""
    environment = {**os.environ, "KMSCTL_HOME": str(home), "KMSCTL_CORE_ACCOUNT": CTX.principal}
    started = perf_counter()
    subprocess.run(
        [sys.executable, "-m", "kmsctl", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return perf_counter() - started


def measure_batch(home: Path, count: int) -> None:
    lines = home / "lines"
    encrypt = ["encrypt", f"--key={key_name(1).crypto_key}", *PLACE]
    with lines.open("w") as file:
        for _ in range(count):
            data = {"plaintext-file": base64.b64encode(os.urandom(32)).decode()}
            file.write(json.dumps({"args": encrypt, "data": data}) + "\n")
    taken = median(run(home, "batch", str(lines)) for _ in range(TIMES))
    report(f"batch of {count} encryptions", taken)
    print(f"{'':<58} {count / taken:>9.0f} encryptions per second")


def measure_lists(home: Path, keys: int) -> None:
    for flags in LISTS:
        taken = median(run(home, "keys", "list", *PLACE, *flags) for _ in range(TIMES))
        report(f"list {keys} keys {' '.join(flags)}", taken)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures one run of the program with much to do.")
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kmsctl-bench-") as place:
        home = Path(place)
        kms = Kms(str(home / "data"), str(home / "config" / "store"))
        seed(kms, keys=options.keys, versions_each=1)
        kms.close()
        measure_batch(home, options.lines)
        measure_lists(home, options.keys)


if __name__ == "__main__":
    main()
