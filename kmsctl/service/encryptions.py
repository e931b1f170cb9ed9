"""How often keys in tokens have encrypted: with AES-GCM and random nonces a key serves 2^32 times.

(NIST SP 800-38D, 8.3.) The number is stored with the token object, and is raised before it is used: by
one at first, by ever larger blocks where a process goes on. A crash wastes what is left of a block.
"""

from __future__ import annotations

import os
from _thread import allocate_lock

from kmsctl.errors import FailedPrecondition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.names import CryptoKeyVersionName
    from kmsctl.service.kms import Kms

#: A key never encrypts 2^32 times.
MOST = 2**32 - 1
GROWTH = 4
LARGEST_BLOCK = 2**16


class Encryptions:
    """What one `Kms` has reserved: CKA_ID → encryptions that are left, and the size of the last block.

    A child of a fork reserves its own.
    """

    __slots__ = ("_left", "_lock", "_process", "_size")

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._process = os.getpid()
        self._left: dict[bytes, int] = {}
        self._size: dict[bytes, int] = {}

    def count(self, kms: Kms, name: CryptoKeyVersionName, cka_id: bytes) -> None:
        """Counts one encryption with the key `cka_id`, the version `name`.

        Raises:
            FailedPrecondition: if there is none left.
        """
        with self._lock:
            if self._process != os.getpid():
                self._left.clear()
                self._process = os.getpid()
            left = self._left.get(cka_id, 0)
            if left:
                self._left[cka_id] = left - 1
                return
            size = min(self._size.get(cka_id, 0) * GROWTH or 1, LARGEST_BLOCK)
        got = _reserve(kms, name, cka_id, size)
        with self._lock:
            self._size[cka_id] = size
            self._left[cka_id] = self._left.get(cka_id, 0) + got - 1


def _reserve(kms: Kms, name: CryptoKeyVersionName, cka_id: bytes, size: int) -> int:
    from kmsctl.service.call import find_database, not_found
    from kmsctl.store import token_objects

    database = find_database(kms, name)
    if database is None:
        raise not_found(name)
    with database.write(timeless=True) as transaction:
        row = token_objects.by_cka_id(transaction, cka_id)
        if row is None or row.integer("state") != token_objects.LIVE:
            raise FailedPrecondition(f"The key of CryptoKeyVersion {name} is not in its token any more.")
        before = row.integer("encryptions")
        got = min(size, MOST - before)
        if got < 1:
            raise FailedPrecondition(
                f"CryptoKeyVersion {name} has encrypted as often as a key of AES-GCM may (2^32 times). It "
                "still decrypts.",
                hint="Rotate the key: kmsctl keys versions create --primary.",
            )
        transaction.update(row, encryptions=before + got)
        return got
