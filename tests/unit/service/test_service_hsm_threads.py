from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from kmsctl.model.names import CryptoKeyName
from kmsctl.store import token_objects
from tests.unit.service.hsm_world import HSM
from tests.unit.service.world import KEY, OWNER, RING, spec

if TYPE_CHECKING:
    from tests.unit.service.hsm_world import HsmWorld

THREADS = 8
TURNS = 12


def test_threads_share_a_token_and_count_together(hsm: HsmWorld) -> None:
    hsm.make("GOOGLE_SYMMETRIC_ENCRYPTION")

    def work(number: int) -> list[bytes]:
        name = CryptoKeyName(RING, f"key-{number}")
        hsm.kms.create_crypto_key(OWNER, name, spec(**HSM))
        found = []
        for turn in range(TURNS):
            text = f"{number} {turn}".encode()
            sealed = hsm.encrypt(KEY, text)
            assert hsm.decrypt(sealed) == text
            assert hsm.decrypt(hsm.encrypt(name, text), name) == text
            found.append(sealed)
        return found

    with ThreadPoolExecutor(THREADS) as pool:
        sealed = [each for found in pool.map(work, range(THREADS)) for each in found]
    assert len({each[20:32] for each in sealed}) == THREADS * TURNS  # no nonce twice
    assert hsm.asked == 1
    with hsm.database().read() as snapshot:
        row = token_objects.by_cka_id(snapshot, hsm.cka_id())
    assert row is not None
    assert row.integer("encryptions") >= 1 + THREADS * TURNS
    states = {
        one.state
        for number in range(THREADS)
        for one in hsm.kms.list_crypto_key_versions(OWNER, CryptoKeyName(RING, f"key-{number}"))
    }
    assert states == {"ENABLED"}
    assert hsm.verify() == []
