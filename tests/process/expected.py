"""What a store should hold: a plain model of rings, keys and versions, changed by the same operations.

A state is nested dicts (JSON), so that it is copied, sent and compared as it is. Operations are
dicts too: ``{"do": "disable", "key": "k1", "number": 2}``.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from kmsctl.model.names import CryptoKeyName, KeyRingName
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.service.context import Context

if TYPE_CHECKING:
    from random import Random

    from kmsctl.service.kms import Kms

    State = dict[str, Any]
    Operation = dict[str, Any]

CTX = Context("tester@host")
HOUR = 3_600_000_000
DAY = 24 * HOUR
SYMMETRIC = "GOOGLE_SYMMETRIC_ENCRYPTION"


def symmetric(**more: Any) -> CryptoKeySpec:
    return CryptoKeySpec(purpose="ENCRYPT_DECRYPT", algorithm=SYMMETRIC, **more)


def empty() -> State:
    """Returns the state of one ring that is not there yet; `records` counts its audit records."""
    return {"ring": False, "keys": {}, "records": 0}


def choose(rng: Random, state: State, now: int) -> Operation:
    """Draws an operation that is allowed in `state` and, unless it encrypts, changes something."""
    if not state["ring"]:
        return {"do": "ring"}
    settled = settle(state, now)
    keys = settled["keys"]
    fresh = {
        "do": "key",
        "key": f"k{len(keys) + 1}",
        "labels": {"n": str(rng.randrange(10**9))},
        "schedule": rng.choice([None, [DAY, now + rng.randrange(1, DAY)]]),
    }
    if not keys or rng.random() < 0.15:
        return fresh
    name = rng.choice(sorted(keys))
    key = keys[name]
    options: list[Operation] = [
        {"do": "version"},
        {"do": "labels", "labels": {"n": str(rng.randrange(10**9)), "m": ""}},
        {"do": "schedule", "schedule": [DAY, now + rng.randrange(1, 2 * DAY)]},
    ]
    if key["schedule"] is not None:
        options.append({"do": "schedule", "schedule": None})
    if key["versions"][key["primary"]]["state"] == "ENABLED":
        options.append({"do": "encrypt", "text": f"{rng.getrandbits(128):032x}"})
    for number, version in key["versions"].items():
        allowed = {
            "ENABLED": ["disable", "destroy", "primary"],
            "DISABLED": ["enable", "destroy", "primary"],
            "DESTROY_SCHEDULED": ["restore"],
            "DESTROYED": [],
        }[version["state"]]
        options += [
            {"do": verb, "number": number}
            for verb in allowed
            if verb != "primary" or key["primary"] != number
        ]
    return {**rng.choice(options), "key": name}


def apply(state: State, operation: Operation, now: int) -> State:
    """Returns the state after an operation, with what was due for its key before."""
    state = deepcopy(state)
    verb = operation["do"]
    if verb == "ring":
        state["ring"] = True
    elif verb == "key":
        state["keys"][operation["key"]] = {
            "labels": operation["labels"],
            "schedule": operation["schedule"],
            "primary": "1",
            "versions": {"1": {"state": "ENABLED", "until": None}},
        }
    else:
        _settle_key(state, operation["key"], now)
        key = state["keys"][operation["key"]]
        if verb == "encrypt":
            return state
        _change(key, verb, operation, now)
    state["records"] += 1
    return state


def _change(key: State, verb: str, operation: Operation, now: int) -> None:
    if verb == "version":
        key["versions"][str(len(key["versions"]) + 1)] = {"state": "ENABLED", "until": None}
    elif verb in ("labels", "schedule"):
        key[verb] = operation[verb]
    elif verb == "primary":
        key["primary"] = operation["number"]
    else:
        version = key["versions"][operation["number"]]
        version["state"] = {
            "enable": "ENABLED",
            "disable": "DISABLED",
            "destroy": "DESTROY_SCHEDULED",
            "restore": "DISABLED",
        }[verb]
        version["until"] = now + DAY if verb == "destroy" else None


def settle(state: State, now: int) -> State:
    """Returns the state after everything that is due was done."""
    state = deepcopy(state)
    for name in state["keys"]:
        _settle_key(state, name, now)
    return state


def _settle_key(state: State, name: str, now: int) -> None:
    key = state["keys"][name]
    for version in key["versions"].values():
        if version["state"] == "DESTROY_SCHEDULED" and version["until"] <= now:
            version["state"] = "DESTROYED"
            state["records"] += 1
    if key["schedule"] is not None and key["schedule"][1] <= now:
        period, due = key["schedule"]
        key["schedule"] = [period, due + ((now - due) // period + 1) * period]
        key["primary"] = str(len(key["versions"]) + 1)
        key["versions"][key["primary"]] = {"state": "ENABLED", "until": None}
        state["records"] += 1


def carry_out(kms: Kms, ring: KeyRingName, operation: Operation) -> str | None:
    """Does an operation for real. Returns the ciphertext of ``encrypt``, in hex."""
    verb = operation["do"]
    if verb == "ring":
        kms.create_key_ring(CTX, ring)
        return None
    name = CryptoKeyName(ring, operation["key"])
    schedule = operation.get("schedule") or [None, None]
    if verb == "key":
        period, following = schedule
        spec = symmetric(labels=operation["labels"], rotation_period=period, next_rotation_time=following)
        kms.create_crypto_key(CTX, name, spec)
    elif verb == "version":
        kms.create_crypto_key_version(CTX, name)
    elif verb == "labels":
        kms.update_crypto_key(CTX, name, {"labels": operation["labels"]})
    elif verb == "schedule":
        changes = {"rotation_period": schedule[0], "next_rotation_time": schedule[1]}
        kms.update_crypto_key(CTX, name, changes)
    elif verb == "encrypt":
        request = EncryptRequest(name, bytes.fromhex(operation["text"]), aad=b"aad")
        return kms.encrypt(CTX, request).ciphertext.hex()
    else:
        _transition(kms, name, verb, int(operation["number"]))
    return None


def _transition(kms: Kms, name: CryptoKeyName, verb: str, number: int) -> None:
    version = name.version(number)
    if verb == "primary":
        kms.update_crypto_key_primary_version(CTX, name, number)
    elif verb == "destroy":
        kms.destroy_crypto_key_version(CTX, version)
    elif verb == "restore":
        kms.restore_crypto_key_version(CTX, version)
    else:
        kms.update_crypto_key_version(CTX, version, {"enable": "ENABLED", "disable": "DISABLED"}[verb])


def observe(kms: Kms, ring: KeyRingName) -> State:
    """Returns what the store holds of a ring, after all that is due was done; without `records`."""
    there = [found.name for found in kms.list_key_rings(CTX, ring.parent)]
    if ring not in there:
        return {"ring": False, "keys": {}}
    keys = {}
    for listed in list(kms.list_crypto_keys(CTX, ring)):
        key = kms.get_crypto_key(CTX, listed.name)
        assert key.primary is not None
        schedule = None
        if key.next_rotation_time is not None:
            schedule = [key.rotation_period, key.next_rotation_time]
        keys[key.name.crypto_key] = {
            "labels": dict(key.labels),
            "schedule": schedule,
            "primary": str(key.primary.name.number),
            "versions": {
                str(version.name.number): {"state": version.state, "until": version.destroy_time}
                for version in kms.list_crypto_key_versions(CTX, key.name)
            },
        }
    return {"ring": True, "keys": keys}


def without_records(state: State) -> State:
    return {"ring": state["ring"], "keys": state["keys"]}


def decrypts(kms: Kms, key: CryptoKeyName, ciphertext: str, text: str, aad: bytes = b"aad") -> bool:
    request = DecryptRequest(key, bytes.fromhex(ciphertext), aad=aad)
    return kms.decrypt(CTX, request).plaintext.hex() == text
