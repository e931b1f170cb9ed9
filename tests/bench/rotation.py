"""How fast `kmsctl store rotate-master-key` and `rotate-root-key` are, and what others notice of them.

python -m tests.bench.rotation [--versions=100000]
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kmsctl.keystore.protectors import Silent
from kmsctl.model.requests import EncryptRequest
from kmsctl.service.kms import Kms
from tests.bench.seed import CTX, LOCATION, key_name, seed

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Event


def open_kms(home: Path) -> Kms:
    return Kms(str(home / "data"), str(home / "config" / "store"))


def other(home: Path, over: Event, said: Connection) -> None:
    """Encrypts and makes versions until it is over, and tells how long each took."""
    kms = open_kms(home)
    encrypted, made = [], []
    while not over.is_set():
        begun = time.perf_counter()
        kms.encrypt(CTX, EncryptRequest(key_name(1), b"text"))
        between = time.perf_counter()
        kms.create_crypto_key_version(CTX, key_name(1))
        made.append(time.perf_counter() - between)
        encrypted.append(between - begun)
        time.sleep(0.01)
    said.send((sorted(encrypted), sorted(made)))


def quantiles(times: list[float]) -> str:
    middle, high = times[len(times) // 2], times[len(times) * 99 // 100]
    return f"median {middle * 1000:.1f} ms, 99% {high * 1000:.0f} ms, most {times[-1] * 1000:.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kmsctl-bench-") as place:
        home = Path(place)
        kms = open_kms(home)
        seed(kms, keys=options.versions // 10, versions_each=10)
        kms.close()
        begun = time.perf_counter()
        (report,) = kms.rotate_master_key(CTX, LOCATION.location)
        took = time.perf_counter() - begun
        print(
            f"rotate-master-key, alone: {report.rows} rows in {took:.1f} s, {report.rows / took:.0f} rows/s"
        )
        over, (mine, theirs) = multiprocessing.Event(), multiprocessing.Pipe()
        process = multiprocessing.Process(target=other, args=(home, over, theirs))
        process.start()
        begun = time.perf_counter()
        (report,) = kms.rotate_master_key(CTX, LOCATION.location)
        took = time.perf_counter() - begun
        over.set()
        encrypted, made = mine.recv()
        process.join()
        print(
            f"with another process:     {report.rows} rows in {took:.1f} s, {report.rows / took:.0f} rows/s"
        )
        print(f"  its encrypt:            {quantiles(encrypted)} ({len(encrypted)})")
        print(f"  its versions create:    {quantiles(made)}")
        begun = time.perf_counter()
        kms.rotate_root_key(CTX, Silent())
        print(f"rotate-root-key:          {time.perf_counter() - begun:.2f} s")
        begun = time.perf_counter()
        assert not list(kms.verify_store(CTX))
        print(f"verify:                   {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
