"""Makes the vectors of kmsctl's own formats, from fixed inputs.

    python -m tests.vectors.format.generate         compares them with the files beside
    python -m tests.vectors.format.generate write   writes the files: for a new format only

What one release wrote every later one reads: a vector that is in a release is never changed.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import zlib
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmsctl.crypto import envelope, recipients, xaes
from kmsctl.crypto.integrity import Mac, derive, digest
from kmsctl.crypto.notes import key_id
from kmsctl.keystore import containers, stretching
from kmsctl.keystore.keystore import KeyStore
from kmsctl.keystore.root import RootKey, text_of
from kmsctl.keystore.shares import Share
from kmsctl.keystore.slots import Slot, Slots
from kmsctl.model.canonical import encode
from kmsctl.model.checkpoints import Checkpoint, signature_line
from kmsctl.model.log_tree import LogTree, leaf_hash
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.policies import AuditConfig, Binding, Condition, Policy
from kmsctl.model.policies import encode as encode_policy
from kmsctl.model.requests import EncryptRequest
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.service.audit_keys import SigningKey, key_name
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms
from kmsctl.service.unlocking import root_key_binding
from kmsctl.store import audit_keys, audit_log
from kmsctl.store.anchor import Anchor, Mark
from kmsctl.store.heads import AuditHead, Head
from kmsctl.store.snapshot import row_data
from kmsctl.store.tables import BY_NUMBER
from kmsctl.store.tree import node_data, roots_data
from kmsctl.store.verified import Verified

if TYPE_CHECKING:
    from kmsctl.keystore.masters import MasterKeys
    from kmsctl.model.canonical import Value

HERE = Path(__file__).parent
FORMATS = HERE / "formats.json"
STORE = HERE / "store.json"

START = 1_893_456_000_000_000
DAY = 86_400_000_000
ROOT_KEY = bytes(range(32))
NEW_ROOT_KEY = bytes(range(32, 64))
STORE_ID = bytes(range(100, 116))
UID = bytes(range(200, 216))
EPOCH = bytes(range(50, 66))
POLICY = encode_policy(
    Policy(
        [
            Binding("roles/owner", ["user:owner@example.com"]),
            Binding(
                "projects/acme/roles/keeper",
                [
                    "serviceAccount:ci-runner@acme.iam.gserviceaccount.com?uid=100000000000000000001",
                    "allUsers",
                ],
                Condition('resource.name == "100%"', "two words", "two\nlines"),
            ),
        ],
        [AuditConfig("allServices", {"DATA_READ": ("user:owner@example.com",), "ADMIN_READ": ()})],
        "BwAAAAAAAAE=",
    )
)
OWNER = Context("owner@example.com", request_id="request")
RING = KeyRingName(LocationName("acme", "us-east1"), "ring")
KEY = CryptoKeyName(RING, "key")
TOKEN = ("kms", "a1b2", "/usr/lib/softhsm/libsofthsm2.so")


class Stream:
    """Bytes that look random and are the same each time: SHAKE-128 of a text."""

    def __init__(self, seed: str) -> None:
        self._stream = hashlib.shake_128(seed.encode()).digest(1 << 16)
        self._at = 0

    def __call__(self, size: int) -> bytes:
        self._at += size
        return self._stream[self._at - size : self._at]


def shown(value: Value) -> Any:
    """Returns a value for JSON; bytes are marked, as ``{"hex": ...}``."""
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def values_vectors() -> list[dict[str, Any]]:
    cases: list[tuple[Value, ...]] = [
        (),
        (None,),
        (0, -1, 1, 2**63 - 1, -(2**63)),
        ("", "a", "é", "名", "s1:a", "\n"),
        (b"", b"a", b"\x00\xff"),
        ("material", str(KEY.version(1)), UID, 1, 1, START),
        (6, 1, None, "text", b"bytes"),
    ]
    return [{"values": [shown(value) for value in case], "bytes": encode(case).hex()} for case in cases]


def derive_vectors() -> list[dict[str, str]]:
    cases = [
        (ROOT_KEY, b"kmsctl master keys", STORE_ID),
        (ROOT_KEY, b"kmsctl anchor", STORE_ID),
        (bytes(32), b"kmsctl row tag", encode((STORE_ID, "us-east1", 1))),
        (bytes(32), b"kmsctl head tag", encode((STORE_ID, "us-east1", 1))),
        (bytes(32), b"kmsctl material", encode((STORE_ID, "control", 2))),
        (bytes(32), b"", b""),
    ]
    return [
        {
            "key": key.hex(),
            "label": label.decode(),
            "context": context.hex(),
            "derived": derive(key, label, context).hex(),
        }
        for key, label, context in cases
    ]


def ciphertext_vectors() -> list[dict[str, str]]:
    found = []
    for plaintext, aad in ((b"", b""), (b"text", b""), (b"text", b"aad"), (bytes(range(256)), b"x" * 40)):
        draw = Stream(f"ciphertext {plaintext!r} {aad!r}")
        material, nonce = draw(32), draw(24)
        header = envelope.header(UID)
        sealed = xaes.seal(material, nonce, plaintext, envelope.associated_data(header, str(KEY), aad))
        found.append(
            {
                "material": material.hex(),
                "version_id": UID.hex(),
                "key": str(KEY),
                "nonce": nonce.hex(),
                "plaintext": plaintext.hex(),
                "aad": aad.hex(),
                "ciphertext": (header + sealed).hex(),
            }
        )
    return found


def master_keys() -> tuple[dict[str, Any], MasterKeys]:
    draw = Stream("master keys")
    secrets = KeyStore("/nowhere", [RootKey(STORE_ID, ROOT_KEY)], draw)
    wrapped = [(version, secrets.new_master_key("us-east1", version)) for version in (1, 2)]
    vector = {
        "root_key": ROOT_KEY.hex(),
        "store_id": STORE_ID.hex(),
        "database": "us-east1",
        "master_keys": [
            {
                "version": version,
                "key": Stream("master keys")(56 * version)[-56:-24].hex(),
                "wrapped": blob.hex(),
            }
            for version, blob in wrapped
        ],
    }
    return vector, secrets.unlock("us-east1", wrapped)


def material_vectors(keys: MasterKeys) -> list[dict[str, Any]]:
    found = []
    for material in (bytes(range(32)), b"PKCS#8 " * 40):
        binding = ("material", str(KEY.version(1)), UID, 1, 1, START)
        found.append(
            {
                "binding": [shown(value) for value in binding],
                "material": material.hex(),
                "wrapped": keys.wrap(material, binding).hex(),
            }
        )
    return found


def row_vectors(keys: MasterKeys) -> list[dict[str, Any]]:
    rows: list[tuple[int, int, tuple[Value, ...]]] = [
        (1, 1, (0, START, bytes(72))),
        (2, 7, (6, 3, START, bytes(24))),
        (3, 1, ("acme", 123456789012, "Acme", "a=b", START, POLICY)),
        (4, 1, ("acme", "ring", START, "env=prod", "")),
        (5, 64, (1, "key", 1, 1, 1, START, DAY, 0, "a=b\nc=", 30 * DAY, START + DAY, 1, 2, None, POLICY, 0)),
        (5, 65, (1, "bare", 1, 1, 1, START, DAY, 1, "", None, None, None, 0, "", "", 1)),
        (
            6,
            1,
            (64, 1, UID, 1, 1, 1, START, START, None, None, None, None, None, None, None, None, bytes(76)),
        ),
        (7, 1, (1, "job", UID, 2, 1, 1, START, START, START + DAY, None, "", b"public", bytes(90))),
        (8, 1, ("ci-runner@acme.iam.gserviceaccount.com", "acme", "1" * 21, "CI", "", 0, "", START, "")),
        (9, 1, ("acme", "keeper", "Keeper", "", "GA", "cloudkms.keyRings.get", 0, "BwAAAAAAAAE=", START)),
        (10, 1, ("team@example.com", "acme", "Team", "", "user:a@example.com user:b@example.com", 0, START)),
        (11, 1, ("a@example.com", "Encrypt", "projects/acme", START, 7)),
        (12, 1, (6, 1, f"{KEY}/cryptoKeyVersions/1", UID, *TOKEN, "C_GenerateKey", 2, 1, START, 5, b"{}")),
        (16, 1, (UID, str(KEY.version(1)), START)),
        (17, 1, (UID, 63, START, b"public", bytes(76))),
    ]
    for number, _, columns in rows:
        assert len(columns) == len(BY_NUMBER[number].columns)
    return [
        {
            "table": number,
            "id": row_id,
            "columns": [shown(value) for value in columns],
            "master_key": 1,
            "tag": keys.row_tag(1, row_data(BY_NUMBER[number], row_id, columns)).hex(),
        }
        for number, row_id, columns in rows
    ]


def tree_vectors() -> dict[str, Any]:
    tags = {row_id: digest(b"tag %d" % row_id) for row_id in (1, 2, 63, 64, 4096, 1073741823)}
    nodes: list[dict[str, Any]] = []
    children = tags
    for level in range(5):
        above: dict[int, bytes] = {}
        for index in sorted({child >> 6 for child in children}):
            below = {child: value for child, value in children.items() if child >> 6 == index}
            above[index] = digest(node_data(5, level, index, below))
            nodes.append({"level": level, "node": index, "digest": above[index].hex()})
        children = above
    roots = {5: children[0], 4: digest(b"another table"), 1: digest(b"a third one")}
    return {
        "table": 5,
        "tags": {str(row_id): tag.hex() for row_id, tag in tags.items()},
        "nodes": nodes,
        "roots": {str(table): root.hex() for table, root in roots.items()},
        "root": digest(roots_data(roots)).hex(),
        "empty_root": digest(roots_data({})).hex(),
    }


def head_vectors(keys: MasterKeys) -> dict[str, Any]:
    head = Head(STORE_ID, "us-east1", EPOCH, 7, digest(b"root"), START + 1, START)
    audit = AuditHead(
        STORE_ID, "us-east1", EPOCH, 3, digest(b"1-2") + digest(b"3"), 1, digest(b"1"), START + 2
    )
    for part in (head, audit):
        part.mk = 2
        part.tag = keys.head_tag(2, part.data())
    return {
        "store_id": STORE_ID.hex(),
        "database": "us-east1",
        "epoch": EPOCH.hex(),
        "master_key": 2,
        "head": {
            "generation": 7,
            "root": head.root.hex(),
            "last_time": head.last_time,
            "confirmed_time": head.confirmed_time,
            "tag": head.tag.hex(),
        },
        "audit_head": {
            "sequence": 3,
            "edge": audit.edge.hex(),
            "removed": 1,
            "removed_edge": audit.removed_edge.hex(),
            "last_time": audit.last_time,
            "tag": audit.tag.hex(),
        },
    }


def verified_vector(keys: MasterKeys) -> dict[str, Any]:
    buckets = {5: {0: digest(b"5-0"), 7: digest(b"5-7")}, 6: {}, 15: {1: digest(b"15-1")}}
    head = Head(STORE_ID, "us-east1", EPOCH, 7, digest(b"root"), START + 1, START)
    verified = Verified(buckets, START, 3, digest(b"1-2") + digest(b"3"))
    return {
        "store_id": STORE_ID.hex(),
        "database": "us-east1",
        "master_key": keys.current,
        "read_time": START,
        "audit": {"sequence": 3, "edge": verified.edge.hex()},
        "buckets": {
            str(table): {str(index): value.hex() for index, value in found.items()}
            for table, found in buckets.items()
        },
        "file": verified.encode(keys, head).hex(),
    }


def audit_vectors(keys: MasterKeys) -> dict[str, Any]:
    """A log of seven records, a checkpoint of all of them, and one of those from the fourth on."""
    secret = Stream("audit key")(audit_keys.SIZE)
    wrapped = keys.wrap(secret, audit_keys.binding(START))
    tag = Mac(secret[32:])
    key = SigningKey(key_name(STORE_ID, "us-east1"), secret[:32])
    tree, records, edges = LogTree(digest), [], [b""]
    for number in range(1, 8):
        text = ("{}", '{"a":"\\u00e9"}', "é")[number % 3]
        values = (number, START + number, "acme", "activity", 300, "Encrypt", "é@b.c"[number % 2 :], "r")
        leaf = leaf_hash(digest, text.encode())
        tree.append(leaf)
        edges.append(tree.edge)
        records.append(
            {
                "columns": list(values),
                "record": text,
                "leaf": leaf.hex(),
                "tag": tag(audit_log.tag_data(values, leaf)).hex(),
                "edge": tree.edge.hex(),
                "root": tree.root().hex(),
            }
        )
    notes = []
    for first in (1, 4):
        made = Checkpoint(
            key.name,
            7,
            tree.root(),
            first=first,
            before=edges[first - 1],
            epoch=EPOCH,
            time="2030-01-01T00:00:00Z",
        )
        signature = key.sign_note(made.text())
        line = signature_line(key.name, key_id(key.name, key.public), signature)
        notes.append(f"{made.text()}\n{line}")
    return {
        "secret": secret.hex(),
        "create_time": START,
        "master_key": keys.current,
        "wrapped": wrapped.hex(),
        "public_key": key.public_pem(),
        "empty_root": LogTree(digest).root().hex(),
        "records": records,
        "checkpoints": notes,
        "statement": {
            "label": "kmsctl attestation",
            "statement": b"facts".hex(),
            "signature": key.sign("kmsctl attestation", b"facts").hex(),
        },
    }


def anchor_vectors() -> dict[str, Any]:
    marks = [
        Mark("control", EPOCH, 1, digest(b"c1"), 0, digest(b"a0")),
        Mark("us-east1", EPOCH[::-1], 1, digest(b"l1"), 0, digest(b"b0")),
        Mark("us-east1", EPOCH[::-1], 2, digest(b"l2"), 1, digest(b"b1")),
        Mark("us-east1", EPOCH[::-1], 3, digest(b"l3"), 2, digest(b"b2")),
        Mark("x" * 63, bytes(16), 0, bytes(32), 0, bytes(32), lost=True),
    ]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "anchor"
        anchor = Anchor(str(path), STORE_ID, Mac(derive(ROOT_KEY, b"kmsctl anchor", STORE_ID)))
        anchor.create()
        for mark in marks:
            anchor.raise_to(mark)
        content = path.read_bytes()
    return {
        "root_key": ROOT_KEY.hex(),
        "store_id": STORE_ID.hex(),
        "raised_to": [
            {
                "database": mark.name,
                "epoch": mark.epoch.hex(),
                "generation": mark.generation,
                "head_tag": mark.head_tag.hex(),
                "audit_sequence": mark.audit_sequence,
                "audit_tag": mark.audit_tag.hex(),
                "lost": mark.lost,
            }
            for mark in marks
        ],
        "records": [content[at : at + 256].hex() for at in range(0, len(content), 256)],
    }


def container_vectors() -> list[dict[str, Any]]:
    found = []
    for kind, section, content in (
        (containers.BACKUP, b"", b""),
        (containers.SNAPSHOT, b"{}", b"content"),
        (containers.TOMBSTONES, b"", Stream("content")(65536)),
    ):
        header = containers.Header(kind, STORE_ID, UID, section)
        secrets = KeyStore("/nowhere", [RootKey(STORE_ID, ROOT_KEY)], Stream("container"))
        pieces: list[bytes] = []
        manifest: dict[str, object] = {"kind": containers.KINDS[kind]}
        writer = containers.Writer(header, secrets.file_key(kind, UID), manifest, pieces.append)
        writer.write(content)
        writer.finish()
        found.append(
            {
                "root_key": ROOT_KEY.hex(),
                "store_id": STORE_ID.hex(),
                "kind": kind,
                "section": section.decode(),
                "manifest": manifest,
                "content": hashlib.sha256(content).hexdigest(),
                "container": b64encode(b"".join(pieces)).decode(),
            }
        )
    return found


def sealed_root_key_vector() -> dict[str, Any]:
    header = containers.Header(containers.BACKUP, STORE_ID, UID)
    binding = root_key_binding(header)
    sealed = recipients.seal_for_passphrase(b"passphrase", ROOT_KEY, binding, Stream("sealed root key"))
    return {
        "passphrase": "passphrase",
        "root_key": ROOT_KEY.hex(),
        "store_id": STORE_ID.hex(),
        "kind": containers.BACKUP,
        "file_id": UID.hex(),
        "sealed": sealed,
    }


def root_key_vector() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "root-key"
        RootKey(STORE_ID, ROOT_KEY).save(str(path))
        return {"store_id": STORE_ID.hex(), "root_key": ROOT_KEY.hex(), "file": path.read_text()}


def slot_file_vector() -> dict[str, Any]:
    """A slot file in the middle of a rotation of the root key, with a slot of each type."""
    draw = Stream("slots")
    roots = [RootKey(STORE_ID, NEW_ROOT_KEY), RootKey(STORE_ID, ROOT_KEY)]
    stretched = {"kdf": "argon2id", "salt": bytes(range(16)).hex(), "iterations": 1, "lanes": 1}
    cheap: dict[str, Any] = {**stretched, "memoryKib": 8192}
    secret = "pässwörter".encode()
    cases: list[tuple[str, dict[str, Any], bytes]] = [
        ("passphrase", cheap, stretching.stretch(cheap, secret)),
        (
            "command",
            {**cheap, "argv": ["/bin/cat", "a b"], "timeoutSeconds": 30},
            stretching.stretch(cheap, secret),
        ),
        ("keyring", {"service": "kmsctl", "username": "name"}, bytes(range(60, 92))),
        ("shares", {"set": "0011223344556677", "shares": 3, "threshold": 2}, bytes(range(70, 102))),
    ]
    slots = Slots(STORE_ID, [root.id for root in roots])
    for number, (type_, parameters, key) in enumerate(cases, 2):
        slot = Slot(number, type_, START, parameters)
        slot.seal(roots, key, draw)
        slots.slots.append(slot)
    slots.last = len(cases) + 1
    with tempfile.TemporaryDirectory() as directory:
        slots.save(directory, roots)
        content = (Path(directory) / "protectors").read_text("ascii")
    return {
        "root_keys": [root.reveal().hex() for root in roots],
        "secret": secret.hex(),
        "slot_keys": [key.hex() for _, _, key in cases],
        "file": content,
    }


def share_vector() -> dict[str, Any]:
    """Two of three shares; the pieces were split once, as splitting draws randomness of its own."""
    pieces = [
        bytes.fromhex("5dd2e8fe7c7bb6f0102be2e547bea0deb64d24fd58f24e79c4460803b371137e65"),
        bytes.fromhex("1567c5bbecfb308552d9bfa8d650ff3b89f49639a1e73e9959f7dae1fd01603666"),
    ]
    shares = [
        Share(STORE_ID, "0011223344556677", index, 2, 3, piece) for index, piece in enumerate(pieces, 1)
    ]
    return {"slot_key": bytes(range(70, 102)).hex(), "shares": [share.text() for share in shares]}


def rotating_root_key_vector() -> dict[str, str]:
    roots = [RootKey(STORE_ID, NEW_ROOT_KEY), RootKey(STORE_ID, ROOT_KEY)]
    return {
        "store_id": STORE_ID.hex(),
        "root_key": NEW_ROOT_KEY.hex(),
        "previous_root_key": ROOT_KEY.hex(),
        "file": text_of(roots).decode("ascii"),
    }


def vectors() -> dict[str, Any]:
    """Returns all vectors but the whole store."""
    wrapped, keys = master_keys()
    return {
        "values": values_vectors(),
        "derived_keys": derive_vectors(),
        "ciphertexts": ciphertext_vectors(),
        "master_keys": wrapped,
        "material": material_vectors(keys),
        "rows": row_vectors(keys),
        "tree": tree_vectors(),
        "heads": head_vectors(keys),
        "audit": audit_vectors(keys),
        "verified": verified_vector(keys),
        "anchor": anchor_vectors(),
        "root_key_file": root_key_vector(),
        "root_key_file_in_rotation": rotating_root_key_vector(),
        "slot_file": slot_file_vector(),
        "shares": share_vector(),
        "containers": container_vectors(),
        "sealed_root_key": sealed_root_key_vector(),
    }


def make_store(directory: Path) -> dict[str, Any]:
    """Makes a store with some history, and returns what it should be found to hold."""
    now = START
    kms = Kms(
        str(directory / "data"), str(directory / "keys"), clock=lambda: now, random=Stream("a whole store")
    )
    spec = CryptoKeySpec(
        purpose="ENCRYPT_DECRYPT",
        algorithm="GOOGLE_SYMMETRIC_ENCRYPTION",
        labels={"env": "prod", "é": ""},
        rotation_period=30 * DAY,
        next_rotation_time=START + DAY,
    )
    kms.create_key_ring(OWNER, RING)
    kms.create_crypto_key(OWNER, KEY, spec)
    ciphertexts = {}
    for number in (1, 2, 3):
        request = EncryptRequest(KEY.version(number), b"text %d" % number, aad=b"aad")
        ciphertexts[str(number)] = kms.encrypt(OWNER, request).ciphertext.hex()
        if number < 3:
            kms.create_crypto_key_version(OWNER, KEY)
    kms.create_crypto_key_version(OWNER, KEY)
    kms.update_crypto_key_version(OWNER, KEY.version(2), "DISABLED")
    kms.destroy_crypto_key_version(OWNER, KEY.version(3))
    now += DAY
    kms.get_crypto_key(OWNER, KEY)
    kms.destroy_crypto_key_version(OWNER, KEY.version(4))
    kms.close()
    return {
        "now": now,
        "states": ["ENABLED", "DISABLED", "DESTROYED", "DESTROY_SCHEDULED", "ENABLED"],
        "primary": 5,
        "labels": dict(spec.labels),
        "next_rotation_time": START + 31 * DAY,
        "ciphertexts": ciphertexts,
        "aad": b"aad".hex(),
    }


def packed(directory: Path) -> dict[str, str]:
    """Returns the files of a store, compressed, as Base64."""
    return {
        str(path.relative_to(directory)): b64encode(zlib.compress(path.read_bytes(), 9)).decode()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def unpack(store: dict[str, Any], directory: Path) -> None:
    """Writes the files of a packed store, as private as a store's are."""
    for name, content in store["files"].items():
        path = directory / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        path.write_bytes(zlib.decompress(b64decode(content)))
        path.chmod(0o600)
    directory.chmod(0o700)


def main(arguments: list[str]) -> None:
    made = json.dumps(vectors(), indent=1, ensure_ascii=True) + "\n"
    if arguments != ["write"]:
        sys.exit(0 if FORMATS.read_text() == made else f"{FORMATS} is not what is made now")
    FORMATS.write_text(made)
    with tempfile.TemporaryDirectory() as directory:
        store = {**make_store(Path(directory) / "store"), "files": packed(Path(directory) / "store")}
    STORE.write_text(json.dumps(store, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
