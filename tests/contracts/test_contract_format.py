"""What one release wrote every later one reads: docs/format.md, the code and the vectors say the same.

The first half recomputes the vectors with kmsctl's code. The second half does so by the document
alone, with nothing of kmsctl's: hashlib, hmac, and AES-CMAC and AES-GCM of `cryptography`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import zlib
from base64 import b64decode, b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pyshamir
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from kmsctl.errors import FailedPrecondition
from kmsctl.keystore.containers import Header, Reader
from kmsctl.keystore.keystore import KeyStore
from kmsctl.keystore.root import RootKey
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.service.kms import Kms
from tests.vectors.format import generate
from tests.vectors.format.generate import KEY, OWNER, RING

if TYPE_CHECKING:
    from pathlib import Path

VECTORS: dict[str, Any] = json.loads(generate.FORMATS.read_text())
STORE: dict[str, Any] = json.loads(generate.STORE.read_text())


@pytest.mark.parametrize("section", VECTORS)
def test_the_code_makes_the_vectors(section: str) -> None:
    made = json.loads(json.dumps(generate.vectors()))
    if section == "containers":  # how well content is compressed is left to the library
        known = [{**vector, "container": ""} for vector in VECTORS[section]]
        assert [{**vector, "container": ""} for vector in made[section]] == known
        return
    assert made[section] == VECTORS[section]
    assert made.keys() == VECTORS.keys()


def test_a_store_of_this_format_is_read(tmp_path: Path) -> None:
    generate.unpack(STORE, tmp_path)
    now = STORE["now"]
    kms = Kms(str(tmp_path / "data"), str(tmp_path / "keys"), clock=lambda: now)
    assert list(kms.verify_store(OWNER)) == []
    assert [ring.name for ring in kms.list_key_rings(OWNER, RING.parent)] == [RING]
    key = kms.get_crypto_key(OWNER, KEY)
    assert key.primary is not None
    assert key.primary.name.number == STORE["primary"]
    assert dict(key.labels) == STORE["labels"]
    assert key.next_rotation_time == STORE["next_rotation_time"]
    assert [version.state for version in kms.list_crypto_key_versions(OWNER, KEY)] == STORE["states"]
    for number, ciphertext in STORE["ciphertexts"].items():
        request = DecryptRequest(KEY, bytes.fromhex(ciphertext), aad=bytes.fromhex(STORE["aad"]))
        if STORE["states"][int(number) - 1] == "ENABLED":
            assert kms.decrypt(OWNER, request).plaintext == b"text %s" % number.encode()
        else:
            with pytest.raises(FailedPrecondition, match="is not enabled"):
                kms.decrypt(OWNER, request)
    # It is not only read: it goes on.
    kms.restore_crypto_key_version(OWNER, KEY.version(4))
    kms.create_crypto_key_version(OWNER, KEY)
    assert kms.encrypt(OWNER, EncryptRequest(KEY, b"new")).name == KEY.version(STORE["primary"])
    now += 86_400_000_000
    kms.maintain_store(OWNER, confirm_clock=lambda question: True)
    assert list(kms.verify_store(OWNER)) == []
    kms.close()


# By the document alone


def value(item: Any) -> int | str | bytes | None:
    return bytes.fromhex(item["hex"]) if isinstance(item, dict) else item


def values(items: list[Any]) -> bytes:
    """Section "Values"."""
    found = b""
    for item in map(value, items):
        if item is None:
            found += b"n"
        elif isinstance(item, int):
            found += f"i{item};".encode()
        elif isinstance(item, str):
            found += f"s{len(item.encode())}:".encode() + item.encode()
        else:
            found += f"b{len(item)}:".encode() + item
    return found


def tag(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def derived(key: bytes, label: bytes, context: bytes) -> bytes:
    """Section "Derived keys"."""
    return tag(key, (1).to_bytes(4, "big") + label + b"\0" + context + (256).to_bytes(4, "big"))


def message_key(key: bytes, nonce: bytes) -> bytes:
    """Section "XAES-256-GCM", by its specification."""
    made = b""
    for counter in (1, 2):
        mac = CMAC(AES(key))
        mac.update(counter.to_bytes(2, "big") + b"X\0" + nonce[:12])
        made += mac.finalize()
    return made


def sealed(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    return nonce + AESGCM(message_key(key, nonce)).encrypt(nonce[12:], plaintext, aad)


def unsealed(key: bytes, data: bytes, aad: bytes) -> bytes:
    nonce = data[:24]
    return AESGCM(message_key(key, nonce)).decrypt(nonce[12:], data[24:], aad)


def h(text: str) -> bytes:
    return bytes.fromhex(text)


def master_key(version: int) -> bytes:
    """Returns a master key of the vectors, unwrapped."""
    vector = VECTORS["master_keys"]
    (found,) = [one for one in vector["master_keys"] if one["version"] == version]
    key = derived(h(vector["root_key"]), b"kmsctl master keys", h(vector["store_id"]))
    bound = values(["master key", {"hex": vector["store_id"]}, vector["database"], version])
    return unsealed(key, h(found["wrapped"]), bound)


def derived_from_master(version: int, label: bytes) -> bytes:
    vector = VECTORS["master_keys"]
    context = values([{"hex": vector["store_id"]}, vector["database"], version])
    return derived(master_key(version), label, context)


@pytest.mark.parametrize("vector", VECTORS["values"], ids=lambda vector: vector["bytes"][:20])
def test_values(vector: dict[str, Any]) -> None:
    assert values(vector["values"]).hex() == vector["bytes"]


def test_derived_keys() -> None:
    for vector in VECTORS["derived_keys"]:
        made = derived(h(vector["key"]), vector["label"].encode(), h(vector["context"]))
        assert made.hex() == vector["derived"]


def test_ciphertexts() -> None:
    for vector in VECTORS["ciphertexts"]:
        header = b"KMC\x01" + h(vector["version_id"])
        name = vector["key"].encode("ascii")
        aad = header + len(name).to_bytes(4, "big") + name + h(vector["aad"])
        made = sealed(h(vector["material"]), h(vector["nonce"]), h(vector["plaintext"]), aad)
        assert (header + made).hex() == vector["ciphertext"]
        assert vector["ciphertext"][40:88] == vector["nonce"]


def test_master_keys() -> None:
    for vector in VECTORS["master_keys"]["master_keys"]:
        assert master_key(vector["version"]).hex() == vector["key"]


def test_material() -> None:
    for vector in VECTORS["material"]:
        wrapped = h(vector["wrapped"])
        version = int.from_bytes(wrapped[:4], "big")
        assert version == 2  # the newest
        key = derived_from_master(version, b"kmsctl material")
        material = unsealed(key, wrapped[4:], wrapped[:4] + values(vector["binding"]))
        assert material.hex() == vector["material"]


def test_row_tags() -> None:
    for vector in VECTORS["rows"]:
        key = derived_from_master(vector["master_key"], b"kmsctl row tag")
        data = values([vector["table"], vector["id"], *vector["columns"]])
        assert tag(key, data).hex() == vector["tag"]


def test_the_tree() -> None:
    vector = VECTORS["tree"]
    nodes = {(node["level"], node["node"]): h(node["digest"]) for node in vector["nodes"]}
    children = {int(row_id): h(found) for row_id, found in vector["tags"].items()}
    seen = 0
    for level in range(5):
        above = {}
        for index in {child >> 6 for child in children}:
            data = b"kmsctl tree\x01" + bytes([vector["table"], level]) + index.to_bytes(8, "big")
            for child in sorted(children):
                if child >> 6 == index:
                    data += child.to_bytes(8, "big") + children[child]
            above[index] = sha256(data)
            assert nodes[level, index] == above[index]
            seen += 1
        children = above
    assert seen == len(nodes)
    assert children == {0: h(vector["roots"][str(vector["table"])])}
    roots = b"kmsctl roots\x01"
    for table in sorted(map(int, vector["roots"])):
        roots += bytes([table]) + h(vector["roots"][str(table)])
    assert sha256(roots).hex() == vector["root"]
    assert sha256(b"kmsctl roots\x01").hex() == vector["empty_root"]


def test_heads() -> None:
    vector = VECTORS["heads"]
    key = derived_from_master(vector["master_key"], b"kmsctl head tag")
    first = [{"hex": vector["store_id"]}, vector["database"], {"hex": vector["epoch"]}]
    head, audit = vector["head"], vector["audit_head"]
    data = [
        "head",
        *first,
        head["generation"],
        {"hex": head["root"]},
        head["last_time"],
        head["confirmed_time"],
    ]
    assert tag(key, values(data)).hex() == head["tag"]
    data = ["audit head", *first, audit["sequence"], {"hex": audit["edge"]}]
    data += [audit["removed"], {"hex": audit["removed_edge"]}, audit["last_time"]]
    assert tag(key, values(data)).hex() == audit["tag"]


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it is written there."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return sha256(b"\1" + root_of(leaves[:split]) + root_of(leaves[split:]))


def edge_of(leaves: list[bytes]) -> bytes:
    """Section "Audit records": the roots of the perfect subtrees, the largest first."""
    found = b""
    while leaves:
        size = 1 << (len(leaves).bit_length() - 1)
        found += root_of(leaves[:size])
        leaves = leaves[size:]
    return found


def test_audit_records() -> None:
    vector = VECTORS["audit"]
    secret = h(vector["secret"])
    key = derived_from_master(vector["master_key"], b"kmsctl material")
    prefix = vector["master_key"].to_bytes(4, "big")
    bound = prefix + values(["audit key", vector["create_time"]])
    assert unsealed(key, h(vector["wrapped"])[4:], bound) == secret
    assert vector["empty_root"] == sha256(b"").hex()
    leaves: list[bytes] = []
    for record in vector["records"]:
        leaf = sha256(b"\0" + record["record"].encode())
        leaves.append(leaf)
        assert record["leaf"] == leaf.hex()
        tagged = values(["audit record", *record["columns"], {"hex": leaf.hex()}])
        assert record["tag"] == tag(secret[32:], tagged).hex()
        assert record["edge"] == edge_of(leaves).hex()
        assert record["root"] == root_of(leaves).hex()


def test_the_record_of_a_verification() -> None:
    """Section "Verified buckets"."""
    vector = VECTORS["verified"]
    edge = h(vector["audit"]["edge"])
    body = vector["read_time"].to_bytes(8, "big") + vector["audit"]["sequence"].to_bytes(8, "big")
    body += len(edge).to_bytes(4, "big") + edge
    for table, buckets in sorted(vector["buckets"].items(), key=lambda each: int(each[0])):
        body += int(table).to_bytes(4, "big") + len(buckets).to_bytes(4, "big")
        for index, digest in sorted(buckets.items(), key=lambda each: int(each[0])):
            body += int(index).to_bytes(8, "big") + h(digest)
    key = derived_from_master(vector["master_key"], b"kmsctl head tag")
    data = ["verified", {"hex": vector["store_id"]}, vector["database"], {"hex": sha256(body).hex()}]
    expected = b"KMSVFD\x00\x01" + vector["master_key"].to_bytes(4, "big") + body + tag(key, values(data))
    assert vector["file"] == expected.hex()


def test_checkpoints() -> None:
    vector = VECTORS["audit"]
    public = Ed25519PrivateKey.from_private_bytes(h(vector["secret"])[:32]).public_key()
    loaded = load_pem_public_key(vector["public_key"].encode())
    assert isinstance(loaded, Ed25519PublicKey)
    raw = public.public_bytes_raw()
    assert loaded.public_bytes_raw() == raw
    leaves = [h(record["leaf"]) for record in vector["records"]]
    for note, first in zip(vector["checkpoints"], (1, 4), strict=True):
        text, line = note.split("\n\n")
        origin, size, root, *more = text.split("\n")
        assert size == "7"
        assert b64decode(root) == root_of(leaves)
        before = b64encode(edge_of(leaves[: first - 1])).decode() or "-"
        assert more[:2] == [f"first {first}", f"before {before}"]
        mark, name, blob = line.removesuffix("\n").split(" ")
        assert (mark, name) == ("\u2014", origin)
        assert b64decode(blob)[:4] == sha256(origin.encode() + b"\n\1" + raw)[:4]
        public.verify(b64decode(blob)[4:], (text + "\n").encode())
    said = vector["statement"]
    public.verify(h(said["signature"]), said["label"].encode() + b"\1" + h(said["statement"]))


def test_the_anchor() -> None:
    vector = VECTORS["anchor"]
    key = derived(h(vector["root_key"]), b"kmsctl anchor", h(vector["store_id"]))
    newest: dict[int, tuple[int, bytes]] = {}
    for place, record in enumerate(map(h, vector["records"])):
        assert len(record) == 256
        if record == bytes(256):
            continue  # a copy that was not written yet
        assert tag(key, place.to_bytes(4, "big") + record[:224]) == record[224:]
        newest[place // 2] = max(
            newest.get(place // 2, (-1, b"")), (int.from_bytes(record[:8], "big"), record[8:224])
        )
    header = b"KMSANC\x00\x01" + h(vector["store_id"]) + (3).to_bytes(4, "big")
    assert newest[0][1] == header.ljust(216, b"\0")
    last = {mark["database"]: mark for mark in vector["raised_to"]}
    for slot, mark in enumerate(last.values(), 1):
        body = (
            mark["database"].encode("ascii").ljust(64, b"\0")
            + h(mark["epoch"])
            + mark["generation"].to_bytes(8, "big")
            + h(mark["head_tag"])
            + mark["audit_sequence"].to_bytes(8, "big")
            + h(mark["audit_tag"])
            + bytes([mark["lost"]])
        )
        assert newest[slot][1] == body.ljust(216, b"\0")
    assert newest[2][0] == 3  # it was raised three times


def test_the_root_key_file_while_it_is_rotated() -> None:
    vector = VECTORS["root_key_file_in_rotation"]
    store_id, lines = h(vector["store_id"]), vector["file"].splitlines()
    assert lines[:2] == ["kmsctl-root-key-1", store_id.hex()]
    for at, name in ((2, "root_key"), (4, "previous_root_key")):
        key = h(vector[name])
        assert lines[at : at + 2] == [b64encode(key).decode(), root_key_id(store_id, key)]
    assert len(lines) == 6


def root_key_id(store_id: bytes, key: bytes) -> str:
    return sha256(b"kmsctl root key check\x01" + store_id + key)[:8].hex()


def test_the_slot_file() -> None:
    vector = VECTORS["slot_file"]
    roots = [h(key) for key in vector["root_keys"]]
    found = json.loads(vector["file"])
    assert vector["file"] == json.dumps(found, sort_keys=True, separators=(",", ":")) + "\n"
    store_id = h(found["storeId"])
    ids = [root_key_id(store_id, root) for root in roots]
    assert found["rootKeys"] == ids
    tags = found.pop("tags")
    said = (
        b"kmsctl protectors\x01" + json.dumps(found, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    )
    for root, id_ in zip(roots, ids, strict=True):
        assert tag(derived(root, b"kmsctl protectors", store_id), said).hex() == tags[id_]
    for slot, text in zip(found["slots"], vector["slot_keys"], strict=True):
        key, parameters = h(text), slot["parameters"]
        if "kdf" in parameters:
            made = Argon2id(
                salt=h(parameters["salt"]),
                length=32,
                iterations=parameters["iterations"],
                lanes=parameters["lanes"],
                memory_cost=parameters["memoryKib"],
            )
            assert made.derive(h(vector["secret"])) == key
        shown = json.dumps(parameters, sort_keys=True, separators=(",", ":"))
        for root, id_ in zip(roots, ids, strict=True):
            said_of_store = {"hex": store_id.hex()}
            bound = ["protector", said_of_store, slot["slot"], slot["type"], slot["createTime"], shown, id_]
            assert unsealed(key, b64decode(slot["sealed"][id_]), values(bound)) == root


def test_shares() -> None:
    vector = VECTORS["shares"]
    pieces = []
    for text in vector["shares"]:
        said, _, check = text.rpartition(":")
        assert sha256(b"kmsctl share\x01" + said.encode())[:4].hex() == check
        pieces.append(bytearray.fromhex(said.split(":")[6]))
    assert bytes(pyshamir.combine(pieces)) == h(vector["slot_key"])


def test_the_root_key_file() -> None:
    vector = VECTORS["root_key_file"]
    store_id, key = h(vector["store_id"]), h(vector["root_key"])
    check = sha256(b"kmsctl root key check\x01" + store_id + key)[:8].hex()
    lines = ["kmsctl-root-key-1", store_id.hex(), b64encode(key).decode(), check]
    assert vector["file"] == "\n".join(lines) + "\n"


def opened_container(vector: dict[str, Any], data: bytes) -> tuple[Any, bytes]:
    """Section "Containers": the manifest, and what follows it."""
    size = int.from_bytes(data[41:45], "big")
    head, body = data[: 45 + size], data[45 + size :]
    fixed = b"KMCFILE" + bytes((1, vector["kind"])) + h(vector["store_id"]) + data[25:41]
    assert head == fixed + size.to_bytes(4, "big") + vector["section"].encode()
    context = values([{"hex": vector["store_id"]}, vector["kind"], {"hex": data[25:41].hex()}])
    key = AESGCM(derived(h(vector["root_key"]), b"kmsctl container", context))
    chunks = [body[at : at + 65552] for at in range(0, len(body), 65552)]
    packed = b""
    for number, chunk in enumerate(chunks):
        nonce = number.to_bytes(11, "big") + bytes((number == len(chunks) - 1,))
        packed += key.decrypt(nonce, chunk, sha256(head))
    plain = zlib.decompress(packed)
    length = int.from_bytes(plain[:4], "big")
    return json.loads(plain[4 : 4 + length]), plain[4 + length :]


@pytest.mark.parametrize("vector", VECTORS["containers"], ids=lambda vector: str(vector["kind"]))
def test_containers(vector: dict[str, Any]) -> None:
    manifest, content = opened_container(vector, b64decode(vector["container"]))
    assert manifest == vector["manifest"]
    assert hashlib.sha256(content).hexdigest() == vector["content"]


@pytest.mark.parametrize("vector", VECTORS["containers"], ids=lambda vector: str(vector["kind"]))
def test_the_code_reads_containers(vector: dict[str, Any]) -> None:
    read = BytesIO(b64decode(vector["container"])).read
    header = Header.read(read, "the vector")
    keys = KeyStore("/nowhere", [RootKey(h(vector["store_id"]), h(vector["root_key"]))], bytes)
    reader = Reader(header, keys.file_key(header.kind, header.file_id), read, "the vector")
    assert reader.manifest == vector["manifest"]
    content = reader.read({1: 0, 2: 7, 3: 65536}[vector["kind"]])
    assert hashlib.sha256(content).hexdigest() == vector["content"]
    reader.finish()


def test_a_root_key_under_a_passphrase() -> None:
    vector = VECTORS["sealed_root_key"]
    found = vector["sealed"]
    assert found["kdf"] == "scrypt"
    key = hashlib.scrypt(
        vector["passphrase"].encode(),
        salt=b64decode(found["salt"]),
        n=found["n"],
        r=found["r"],
        p=found["p"],
        maxmem=1 << 28,
        dklen=32,
    )
    binding = values(["root key", {"hex": vector["store_id"]}, vector["kind"], {"hex": vector["file_id"]}])
    assert unsealed(key, b64decode(found["sealed"]), binding) == h(vector["root_key"])
