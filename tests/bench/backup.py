"""How fast a store is backed up, checked, restored and snapshotted: ``python -m tests.bench.backup [VERSIONS]``.

Prints megabytes of databases and versions a second, the size of the backup, and the most memory that was used.
"""

from __future__ import annotations

import io
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kmsctl.service.kms import Kms
from kmsctl.service.restores import RestoreRequest
from kmsctl.service.unlocking import Container, Unlock
from tests.bench.seed import CTX, key_name, seed

if TYPE_CHECKING:
    from collections.abc import Callable

_PER_KEY = 10


def timed(what: str, size: int, versions: int, act: Callable[[], object]) -> None:
    start = time.perf_counter()
    act()
    took = time.perf_counter() - start
    print(f"{what:28} {took:7.2f} s {size / took / 1e6:8.1f} MB/s {versions / took:10.0f} versions/s")


def main(arguments: list[str]) -> None:
    versions = int(arguments[0]) if arguments else 100_000
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        kms = Kms(str(home / "data"), str(home / "config" / "store"))
        seed(kms, keys=versions // _PER_KEY, versions_each=_PER_KEY)
        path = home / "backup"
        size = sum(file.stat().st_size for file in (home / "data").rglob("*.db"))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def create() -> None:
            with path.open("wb") as file:
                kms.create_backup(CTX, file.write)

        def container() -> Container:
            return Container(io.FileIO(path).read, str(path))

        def verify() -> None:
            assert not list(kms.verify_backup(CTX, container(), Unlock(), manifest=lambda _: None))

        def restore() -> None:
            request = RestoreRequest("a measurement")
            kms.restore_backup(CTX, container(), request, Unlock(), confirm=lambda _: True)

        timed("backup create", size, versions, create)
        timed("backup verify", size, versions, verify)
        timed("backup restore", size, versions, restore)
        kms.update_crypto_key(CTX, key_name(1), {"labels": {"a": "b"}})
        timed("snapshot create", size, versions, lambda: kms.create_snapshot(CTX))
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"databases {size / 1e6:.1f} MB, backup {path.stat().st_size / 1e6:.1f} MB")
        print(f"most memory: {after / 1024:.0f} MiB ({before / 1024:.0f} MiB after seeding)")


if __name__ == "__main__":
    main(sys.argv[1:])
