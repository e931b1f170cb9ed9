"""A store with some history, for those who tamper with it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from kmsctl.errors import IntegrityError, KmsError, StoreError
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.service.operations import DECRYPTION_FAILED
from tests.unit.service.world import HOUR, KEY, OWNER, PLACE, PROJECT, RING, STRANGER, World

if TYPE_CHECKING:
    from collections.abc import Callable

    Outcome = tuple[str, Any]

OTHER_RING = KeyRingName(LocationName(PROJECT, PLACE), "other")
TWIN = CryptoKeyName(OTHER_RING, "key")  # of the same name as KEY, in another ring
SECOND = CryptoKeyName(RING, "second")
ABROAD = CryptoKeyName(KeyRingName(LocationName(PROJECT, "europe-west1"), "ring"), "key")
FOREIGN_RING = KeyRingName(LocationName("rival", PLACE), "ring")
AAD = b"aad"


class Scene:
    """A store with some history: what is in it, and ciphertexts of its versions."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.texts: dict[str, bytes] = {}

    def build(self) -> None:
        world = self.world
        for key in (KEY, SECOND, TWIN, ABROAD):
            world.make_key(key, labels={"made": "first"})
        world.kms.create_key_ring(STRANGER, FOREIGN_RING)
        for key in (KEY, TWIN, SECOND, ABROAD):
            self.texts[f"{key}/1"] = world.encrypt(key, b"one", AAD)
        world.kms.create_crypto_key_version(OWNER, KEY)
        world.kms.create_crypto_key_version(OWNER, KEY)
        world.kms.create_crypto_key_version(OWNER, KEY)
        for number in (2, 3, 4):
            self.texts[f"{KEY}/{number}"] = world.encrypt(KEY.version(number), b"text", AAD)
        world.kms.update_crypto_key_primary_version(OWNER, KEY, 3)
        world.kms.update_crypto_key_version(OWNER, KEY.version(2), "DISABLED")
        world.kms.destroy_crypto_key_version(OWNER, KEY.version(4))
        world.clock.now += HOUR

    def attempts(self) -> dict[str, Callable[[], Any]]:
        """Returns what the owner may do, by name; what comes back is comparable."""
        kms = self.world.kms

        def shown(key: CryptoKeyName) -> Any:
            found = kms.get_crypto_key(OWNER, key)
            primary = None if found.primary is None else (str(found.primary.name), found.primary.state)
            return dict(found.labels), primary, found.create_time, found.rotation_period

        def version(number: int) -> Any:
            found = kms.get_crypto_key_version(OWNER, KEY.version(number))
            return found.state, found.create_time, found.destroy_time

        def decrypt(key: CryptoKeyName, number: int) -> Any:
            return kms.decrypt(OWNER, DecryptRequest(key, self.texts[f"{key}/{number}"], aad=AAD)).plaintext

        return {
            "ring": lambda: kms.get_key_ring(OWNER, RING).create_time,
            "rings": lambda: [str(ring.name) for ring in kms.list_key_rings(OWNER, RING.parent)],
            "key": lambda: shown(KEY),
            "second": lambda: shown(SECOND),
            "twin": lambda: shown(TWIN),
            "keys": lambda: [(str(key.name), dict(key.labels)) for key in kms.list_crypto_keys(OWNER, RING)],
            "version 1": lambda: version(1),
            "version 2": lambda: version(2),
            "version 4": lambda: version(4),
            "versions": lambda: [
                (str(one.name), one.state) for one in kms.list_crypto_key_versions(OWNER, KEY)
            ],
            "encrypt": lambda: str(self.encrypting(KEY)),
            "decrypt 1": lambda: decrypt(KEY, 1),
            "decrypt 2": lambda: decrypt(KEY, 2),
            "decrypt 3": lambda: decrypt(KEY, 3),
            "decrypt twin": lambda: decrypt(TWIN, 1),
            "stranger": lambda: kms.get_key_ring(STRANGER, RING).create_time,
        }

    def encrypting(self, key: CryptoKeyName) -> object:
        response = self.world.kms.encrypt(OWNER, EncryptRequest(key, b"new", aad=AAD))
        assert self.world.decrypt(response.ciphertext, key, AAD) == b"new"
        return response.name

    def outcomes(self) -> dict[str, Outcome]:
        return {name: outcome(attempt) for name, attempt in self.attempts().items()}


def outcome(attempt: Callable[[], Any]) -> Outcome:
    try:
        return ("done", attempt())
    except IntegrityError:
        return ("INTEGRITY", None)
    except KmsError as error:
        return (error.status, error.message)


def honest(name: str, before: Outcome, attempt: Callable[[], Any]) -> bool:
    """Tells whether what comes of an attempt is what came of it before, or a refusal."""
    try:
        value = attempt()
    except (IntegrityError, StoreError):
        return True
    except KmsError as error:
        known = (error.status, error.message) == before
        return known or error.status == "NOT_FOUND" or error.message == DECRYPTION_FAILED
    if name in ("rings", "keys"):
        return all(one in before[1] for one in value)
    return ("done", value) == before


def refused(scene: Scene, baseline: dict[str, Outcome], *names: str) -> None:
    """Checks that these attempts are refused, that no other says anything new, and that verify tells.

    What was removed or renamed may be missing: nobody vouches for a name that is not there.
    """
    found = scene.outcomes()
    for name in names:
        assert found[name][0] == "INTEGRITY", (name, found[name])
    for name, before in baseline.items():
        kind, value = found[name]
        fine = (
            found[name] == before
            or kind in ("INTEGRITY", "NOT_FOUND")
            or (kind == "INVALID_ARGUMENT" and value == DECRYPTION_FAILED)
            or (name in ("rings", "keys") and kind == "done" and all(one in before[1] for one in value))
        )
        assert fine, (name, before, found[name])
    assert scene.world.verify() != []


def tamper(world: World, script: str, name: str = PLACE) -> None:
    """Runs SQL statements on a closed store's database."""
    world.kms.close()
    connection = sqlite3.connect(world.database_path(name), isolation_level=None)
    connection.executescript(script)
    connection.close()
