"""A store without the service above it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

from kmsctl.keystore.keystore import KeyStore
from kmsctl.store.probes import no_probe
from kmsctl.store.store import Store
from kmsctl.store.tables import KEY_RINGS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kmsctl.store.probes import Probe
    from kmsctl.store.snapshot import Transaction
    from kmsctl.store.tables import Row

NOW = 1_893_456_000_000_000  # 2030-01-01T00:00:00Z
PLACE = "us-east1"


def secrets(path: Path) -> KeyStore:
    directory = str(path / "config" / "keys")
    return KeyStore.open(directory, os.urandom) or KeyStore.create(directory, os.urandom)


def store_in(path: Path, *, clock: Callable[[], int] = lambda: NOW, probe: Probe = no_probe) -> Store:
    if not (path / "config").exists():
        path.mkdir(exist_ok=True)
        (path / "config").mkdir(mode=0o700)
    return Store(str(path / "data"), secrets(path), clock=clock, random=os.urandom, probe=probe)


def add_ring(transaction: Transaction, name: str = "ring", project: str = "acme") -> Row:
    fixed = {"tags": "", "policy": ""}
    return transaction.insert(
        KEY_RINGS, {"project": project, "name": name, "create_time": transaction.now, **fixed}
    )


def add_ring_and_raise(transaction: Transaction, error: BaseException) -> NoReturn:
    """Does half of something."""
    add_ring(transaction)
    raise error


def find_ring(transaction: Transaction, name: str = "ring", project: str = "acme") -> Row | None:
    return transaction.find(KEY_RINGS, f"ring {name}", project=project, name=name)
