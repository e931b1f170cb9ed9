"""What the cryptography costs, one call at a time.

Run from the top of the project, on a quiet machine:

    python -m tests.bench.crypto
"""

from __future__ import annotations

import os

from kmsctl.crypto import xaes
from kmsctl.crypto.integrity import Mac, derive, digest
from kmsctl.keystore.masters import MasterKey, MasterKeys
from kmsctl.model.canonical import encode
from tests.bench.timing import median_seconds, report

KEY = bytes(range(32))
#: As long as the row of a version, in its canonical form.
ROW = (6, 123_456, 777, 3, bytes(16), 1, 1, 1, 1_800_000_000_000_000, None, None, None, bytes(92))


def main() -> None:
    for size in (32, 1024, 65_536):
        plaintext, nonce = bytes(size), os.urandom(xaes.NONCE_SIZE)
        sealed = xaes.seal(KEY, nonce, plaintext, b"aad")
        calls = 2000 if size < 65_536 else 200
        report(
            f"XAES-256-GCM seal, {size} bytes",
            median_seconds(lambda p=plaintext, n=nonce: xaes.seal(KEY, n, p, b"aad"), calls=calls),  # type: ignore[misc]
        )
        report(
            f"XAES-256-GCM open, {size} bytes",
            median_seconds(lambda s=sealed: xaes.open_(KEY, s, b"aad"), calls=calls),  # type: ignore[misc]
        )
    mac, data = Mac(KEY), encode(ROW)
    keys = MasterKeys({1: MasterKey(KEY, b"context", os.urandom)})
    binding = (
        "material",
        "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
        bytes(16),
        1,
        1,
    )
    wrapped = keys.wrap(bytes(32), binding)
    report(f"encode a row ({len(data)} bytes)", median_seconds(lambda: encode(ROW), calls=5000))
    report("tag a row", median_seconds(lambda: mac(data), calls=5000))
    report("digest a bucket of 64 rows", median_seconds(lambda: digest(bytes(64 * 40)), calls=5000))
    report("wrap a key", median_seconds(lambda: keys.wrap(bytes(32), binding), calls=2000))
    report("unwrap a key", median_seconds(lambda: keys.unwrap(wrapped, binding, ""), calls=2000))
    report("derive a key", median_seconds(lambda: derive(KEY, b"label", b"context"), calls=2000))


if __name__ == "__main__":
    main()
