"""What the audit log costs: appending, verifying, reading and exporting, over a million records.

Run from the top of the project, on a quiet machine:

    python -m tests.bench.audit [--records 1000000] [--keep DIRECTORY]

With --keep the log is made there, or used again if it is there already.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from kmsctl.model.methods import METHODS
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.service import audit
from kmsctl.service.authorize import Decision
from kmsctl.service.callers import identify
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms
from kmsctl.service.targets import Target
from tests.bench.timing import report, shown

if TYPE_CHECKING:
    from collections.abc import Callable

OWNER = Context("owner@example.com", request_id="bench")
PLACE = LocationName("bench", "us-east1")
RING = KeyRingName(PLACE, "ring")
KEY = CryptoKeyName(RING, "key-0")
USED = ("Encrypt", "Decrypt", "AsymmetricSign", "MacSign", "GetCryptoKey")
ACCOUNTS = [f"account-{number}@example.com" for number in range(200)]
BATCH = 20_000
SECOND = 1_000_000
START = 1_893_456_000 * SECOND

FILTERS = (
    "",
    'timestamp>="2030-01-05T00:00:00Z" timestamp<"2030-01-05T00:01:00Z"',
    'protoPayload.methodName="CreateKeyRing"',
    'protoPayload.authenticationInfo.principalEmail="account-7@example.com"',
    f'protoPayload.resourceName="{KEY}"',
    "severity>=ERROR",
    'resource.labels.crypto_key_id="key-17" AND protoPayload.methodName=Decrypt',
    'protoPayload.methodName=~"^Mac" AND NOT resource.labels.crypto_key_id:key-1',
    '"nothing has this text"',
)


class Clock:
    now = START

    def __call__(self) -> int:
        return self.now


def fill(kms: Kms, clock: Clock, count: int) -> None:
    """Writes records as calls would: by the same code, but many in a transaction."""
    draw = Random(1)
    kms.create_key_ring(OWNER, RING)
    kms.create_crypto_key(
        OWNER, KEY, CryptoKeySpec(purpose="ENCRYPT_DECRYPT", algorithm="GOOGLE_SYMMETRIC_ENCRYPTION")
    )
    database = kms.open_store().open(PLACE.location)
    control = kms.open_store().open("control")
    left = count
    while left > 0:
        with control.read() as snapshot, database.write() as transaction:
            callers = [identify(snapshot, account) for account in ACCOUNTS]
            for number in range(min(BATCH, left)):
                method = METHODS[draw.choice(USED)]
                target = Target(CryptoKeyName(RING, f"key-{draw.randrange(1000)}").version(1))
                decision = Decision(method, method.permission, None, draw.choice(callers), 7)
                transaction.now = clock.now + number * SECOND
                audit.append(transaction, OWNER, decision, target, {})
        clock.now += BATCH * SECOND
        left -= BATCH


def timed(label: str, act: Callable[[], object], *, per: int = 0) -> None:
    """Prints how long something took, and how much of that this process computed."""
    started, computed = perf_counter(), process_time()
    found = act()
    taken, computed = perf_counter() - started, process_time() - computed
    report(f"{label}{'' if found is None else f' ({found})'}", taken)
    print(f"{'':<58} {shown(computed):>12} computed", flush=True)
    if per:
        print(f"{'':<58} {per / taken:>12,.0f} records a second ({per / computed:,.0f} computed)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = args.keep or Path(scratch) / "store"
        clock = Clock()
        kms = Kms(str(home / "data"), str(home / "config" / "store"), clock=clock)
        if not home.exists():
            (home / "config").mkdir(mode=0o700, parents=True)
            home.chmod(0o700)
            timed(
                "append a record, many in a transaction",
                lambda: fill(kms, clock, args.records),
                per=args.records,
            )
        with kms.open_store().open(PLACE.location).read() as snapshot:
            count = snapshot.audit.sequence
            clock.now = snapshot.audit.last_time
        size = (home / "data" / "locations" / "us-east1.db").stat().st_size
        print(f"{count:,} records, {size / count:.0f} bytes each")
        timed("verify the log", lambda: sum(1 for _ in kms.verify_logs(OWNER)), per=count)
        for text in FILTERS:
            for limit in (10, None):
                if text or limit:
                    timed(
                        f"read {text[:44]!r} limit {limit}",
                        lambda: sum(1 for _ in kms.list_log_entries(OWNER, ["bench"], text, limit=limit)),  # noqa: B023
                    )
        kms.close()


if __name__ == "__main__":
    main()
