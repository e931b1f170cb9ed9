"""What the store does in a second, and what one thing costs in a store of a million versions.

Run from the top of the project, on a quiet machine:

    python -m tests.bench.store [--keys 100000 --versions 10] [--keep DIRECTORY]

With --keep the seeded store is made there, or used again if it is there already. All times are of
the service in this process: starting the program is what tests.bench.start_up measures.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import threading
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

from kmsctl.model.names import CryptoKeyName, KeyRingName
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.service.kms import Kms
from kmsctl.service.reports import VerifyOptions
from tests.bench.seed import ALGORITHM, CTX, LOCATION, RING, key_name, seed
from tests.bench.timing import median_seconds, report, seconds

SPEC = CryptoKeySpec(purpose="ENCRYPT_DECRYPT", algorithm=ALGORITHM)
SMALL = KeyRingName(LOCATION, "small")
CREATES = 400
ENCRYPTIONS = 400


def open_kms(home: Path) -> Kms:
    return Kms(str(home / "data"), str(home / "config" / "store"))


def memory_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def create_keys(home: Path, prefix: str, count: int) -> None:
    kms = open_kms(home)
    for number in range(count):
        kms.create_crypto_key(CTX, CryptoKeyName(SMALL, f"{prefix}-{number}"), SPEC)
    kms.close()


def measure_creates(home: Path) -> None:
    open_kms(home).create_key_ring(CTX, SMALL)
    taken = seconds(lambda: create_keys(home, "one", CREATES))
    report("create a key, one process", taken / CREATES)
    started = perf_counter()
    children = [_fork(home, f"p{number}") for number in range(8)]
    for child in children:
        if os.waitpid(child, 0)[1]:
            raise RuntimeError("a child failed")
    taken = perf_counter() - started
    report("create a key, eight processes, all together", taken / CREATES)
    print(f"{'':<58} {CREATES / taken:>9.0f} durable creates per second")


def _fork(home: Path, prefix: str) -> int:
    child = os.fork()
    if child == 0:
        try:
            create_keys(home, prefix, CREATES // 8)
            os._exit(0)
        finally:
            os._exit(1)
    return child


def measure_reads(kms: Kms, keys: int) -> None:
    rng = Random(1)

    def some() -> CryptoKeyName:
        return key_name(rng.randrange(1, keys + 1))

    report("describe a ring", median_seconds(lambda: kms.get_key_ring(CTX, RING), calls=200))
    report("describe a key", median_seconds(lambda: kms.get_crypto_key(CTX, some()), calls=200))
    report(
        "describe a version",
        median_seconds(lambda: kms.get_crypto_key_version(CTX, some().version(1)), calls=200),
    )
    for limit in (1, 20, 100):
        prefix = some().crypto_key[:-2]
        report(
            f"names by prefix, at most {limit}",
            median_seconds(
                lambda prefix=prefix, limit=limit: list(  # type: ignore[misc]  # bound now
                    kms.list_crypto_keys(CTX, RING, prefix=prefix, limit=limit)
                ),
                calls=50,
            ),
        )
    report(
        "list a key's versions",
        median_seconds(lambda: list(kms.list_crypto_key_versions(CTX, some())), calls=50),
    )
    listed = min(keys, 20_000)
    taken = median_seconds(lambda: list(kms.list_crypto_keys(CTX, RING, limit=listed)), times=3)
    report(f"list {listed} keys", taken)
    report("", taken / listed, per="key")


def measure_crypto(kms: Kms, keys: int) -> None:
    rng = Random(2)
    name = key_name(1)
    ciphertext = kms.encrypt(CTX, EncryptRequest(name, b"x" * 32)).ciphertext
    report(
        "encrypt, the same key",
        median_seconds(lambda: kms.encrypt(CTX, EncryptRequest(name, b"x" * 32)), calls=500),
    )
    report(
        "decrypt, the same key",
        median_seconds(lambda: kms.decrypt(CTX, DecryptRequest(name, ciphertext)), calls=500),
    )
    report(
        "encrypt, any key",
        median_seconds(
            lambda: kms.encrypt(CTX, EncryptRequest(key_name(rng.randrange(1, keys + 1)), b"x" * 32)),
            calls=500,
        ),
    )
    report(
        "encrypt 64 KiB",
        median_seconds(lambda: kms.encrypt(CTX, EncryptRequest(name, b"x" * 65536)), calls=100),
    )


def measure_threads(kms: Kms) -> None:
    """Encryptions by several threads of one process."""
    for threads in (1, 2, 4, 8):
        times: list[float] = []

        def work(times: list[float] = times) -> None:
            request = EncryptRequest(key_name(1), b"x" * 32)
            times.extend(seconds(lambda: kms.encrypt(CTX, request)) for _ in range(ENCRYPTIONS))

        workers = [threading.Thread(target=work) for _ in range(threads)]
        started = perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        taken = perf_counter() - started
        times.sort()
        report(f"encrypt, {threads} threads: median", median(times))
        report("of a hundred the slowest", times[len(times) * 99 // 100])
        print(f"{'':<58} {threads * ENCRYPTIONS / taken:>9.0f} encryptions per second")


def measure_changes(kms: Kms) -> None:
    report(
        "create a version", median_seconds(lambda: kms.create_crypto_key_version(CTX, key_name(7)), calls=50)
    )
    report(
        "update labels",
        median_seconds(lambda: kms.update_crypto_key(CTX, key_name(8), {"labels": {"a": "b"}}), calls=50),
    )


def measure_destruction(home: Path) -> None:
    """The call that finds a version due: it destroys it, and purges the files of its material."""
    times = []
    for number in (20, 21, 22):
        kms = open_kms(home)
        due = kms.destroy_crypto_key_version(CTX, key_name(number).version(1)).destroy_time
        kms.close()
        kms.clock = partial(int, due)  # a day later
        name = key_name(number)
        times.append(seconds(partial(kms.get_crypto_key, CTX, name)))
        kms.close()
        open_kms(home).maintain_store(CTX, confirm_clock=lambda _: True)  # the clock is set back
    report("destroy a version for good, and purge", median(times))


def measure_verify(kms: Kms, rows: int) -> None:
    for label, options in (
        ("one process", VerifyOptions(workers=1)),
        ("two processes", VerifyOptions(workers=2)),
        ("since the last time", VerifyOptions(since_last=True)),
    ):
        taken = median(seconds(lambda: _verify(kms, options)) for _ in range(3))  # noqa: B023 - called at once
        report(f"verify {rows} rows, {label}", taken)
        report("", taken / rows, per="row")


def _verify(kms: Kms, options: VerifyOptions) -> None:
    if list(kms.verify_store(CTX, None, options)):
        raise RuntimeError("the store is not whole")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the store, small and large.")
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--versions", type=int, default=10, help="of each key")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kmsctl-bench-") as place:
        print("In a small store:")
        small = Path(place) / "small"
        measure_creates(small)
        home = options.keep or Path(place) / "large"
        print(f"In a store of {options.keys} keys of {options.versions} versions:")
        kms = open_kms(home)
        if not (home / "data").exists():
            taken = seconds(lambda: seed(kms, keys=options.keys, versions_each=options.versions))
            report("seed it", taken)
        kms.close()
        kms = open_kms(home)
        report("open it and encrypt", seconds(lambda: kms.encrypt(CTX, EncryptRequest(key_name(1), b"x"))))
        measure_crypto(kms, options.keys)
        measure_reads(kms, options.keys)
        print(f"{'memory so far':<58} {memory_mib():>8.0f} MiB")
        measure_threads(kms)
        measure_changes(kms)
        kms.close()
        measure_destruction(home)
        kms = open_kms(home)
        measure_verify(kms, options.keys * (options.versions + 1))
        print(f"{'memory at the end':<58} {memory_mib():>8.0f} MiB")


if __name__ == "__main__":
    main()
