"""The slot file: protectors of the root key besides its own file, each with the root key sealed in its slot.

docs/format.md, "Slot file", has the text of the file. It is replaced whole, and authenticated twice: what
a slot says is bound to the root key sealed in it, and a tag under the root key is over all slots.
"""

from __future__ import annotations

import os
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from kmsctl.crypto.integrity import Mac, bytes_eq
from kmsctl.crypto.wrapping import InvalidTag, WrappingKey
from kmsctl.errors import IntegrityError
from kmsctl.keystore.root import KEY_SIZE, STORE_ID_SIZE, RootKey
from kmsctl.model.canonical import encode
from kmsctl.store.files import read_private
from kmsctl.store.probes import no_probe
from kmsctl.store.replacing import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kmsctl.store.probes import Probe

    Random = Callable[[int], bytes]

#: A parameter of a slot.
Parameter = str | int | list[str]

FILE = "protectors"
MOST_SLOTS = 32
_FORMAT = "kmsctl-protectors-1"
_LARGEST = 1 << 18
_FIELDS = {"createTime": int, "parameters": dict, "sealed": dict, "slot": int, "type": str}


class Slot:
    """One protector.

    Attributes:
        number: from 1; never used twice in a store.
        type: ``passphrase``, ``command``, ...
        create_time: microseconds since 1970.
        parameters: what its type needs to find the slot's key again. Nothing secret.
        sealed: id of a root key → that key, sealed under the slot's key.
    """

    __slots__ = ("create_time", "number", "parameters", "sealed", "type")

    def __init__(
        self,
        number: int,
        type_: str,
        create_time: int,
        parameters: Mapping[str, Parameter],
        sealed: Mapping[str, bytes] | None = None,
    ) -> None:
        self.number = number
        self.type = type_
        self.create_time = create_time
        self.parameters = dict(parameters)
        self.sealed = dict(sealed or {})

    def seal(self, roots: Sequence[RootKey], key: bytes, random: Random) -> None:
        """Seals root keys under the slot's key (32 bytes)."""
        wrapping = WrappingKey(key, random)
        for root in roots:
            binding = self._binding(root.store_id, root.id)
            self.sealed[root.id] = wrapping.wrap(root.reveal(), binding)

    def unseal(self, store_id: bytes, ids: Sequence[str], key: bytes) -> list[RootKey] | None:
        """Returns the root keys with these ids; None if `key` is not the slot's, or the slot was changed."""
        wrapping = WrappingKey(key, os.urandom)
        found = []
        for id_ in ids:
            try:
                material = wrapping.unwrap(self.sealed[id_], self._binding(store_id, id_))
            except (InvalidTag, KeyError):
                return None
            root = RootKey(store_id, material)
            if root.id != id_ or len(material) != KEY_SIZE:
                return None
            found.append(root)
        return found

    def _binding(self, store_id: bytes, root_id: str) -> bytes:
        said = _canonical(self.parameters)
        return encode(("protector", store_id, self.number, self.type, self.create_time, said, root_id))


class Slots:
    """What the slot file holds.

    Attributes:
        store_id: of the store.
        root_ids: the ids of the root keys that every slot has, the newest first. There are two while the
            root key is being rotated.
        last: the number of the newest slot that there ever was.
        slots: in the order of their numbers.
    """

    __slots__ = ("_tags", "last", "root_ids", "slots", "store_id")

    def __init__(self, store_id: bytes, root_ids: Sequence[str]) -> None:
        self.store_id = store_id
        self.root_ids = list(root_ids)
        self.last = 0
        self.slots: list[Slot] = []
        self._tags: dict[str, bytes] = {}

    @classmethod
    def load(cls, directory: str) -> Slots | None:
        """Reads the file; None if there is none.

        Raises:
            StoreAccess: if it is not the caller's alone.
            IntegrityError: if it is damaged.
        """
        path = os.path.join(directory, FILE)
        content = read_private(path, limit=_LARGEST)
        if content is None:
            return None
        try:
            return cls._parse(content)
        except (ValueError, KeyError, TypeError, AttributeError, Base64Error, RecursionError):
            raise IntegrityError(
                f"The slot file {path} is damaged.",
                hint="Bring it back from a copy. Protectors in it cannot open the store until then.",
            ) from None

    @classmethod
    def _parse(cls, content: bytes) -> Slots:
        from json import loads

        found = loads(content.decode("ascii"))
        store_id, root_ids = bytes.fromhex(found["storeId"]), found["rootKeys"]
        ids_fit = isinstance(root_ids, list) and 1 <= len(root_ids) <= 2
        if (
            type(found["slots"]) is not list
            or found["format"] != _FORMAT
            or len(store_id) != STORE_ID_SIZE
            or not ids_fit
        ):
            raise ValueError
        slots = cls(store_id, [_text(each) for each in root_ids])
        slots.last = _number(found["lastSlot"])
        for each in found["slots"]:
            if any(type(each[name]) is not kind for name, kind in _FIELDS.items()):
                raise TypeError
            if not all(_is_parameter(value) for value in each["parameters"].values()):
                raise TypeError
            sealed = {id_: a2b_base64(blob, strict_mode=True) for id_, blob in each["sealed"].items()}
            slot = Slot(each["slot"], each["type"], each["createTime"], each["parameters"], sealed)
            if set(sealed) != set(root_ids) or not 0 < slot.number <= slots.last:
                raise ValueError
            slots.slots.append(slot)
        slots._tags = {id_: bytes.fromhex(tag) for id_, tag in found["tags"].items()}
        numbers = [slot.number for slot in slots.slots]
        if numbers != sorted(set(numbers)) or len(numbers) > MOST_SLOTS:
            raise ValueError
        return slots

    def check(self, roots: Sequence[RootKey], directory: str) -> None:
        """Refuses slots that none of the root keys vouches for."""
        for root in roots:
            tag = self._tags.get(root.id, b"")
            if root.store_id == self.store_id and bytes_eq(_mac(root)(self._data()), tag):
                return
        raise IntegrityError(
            f"The slot file {os.path.join(directory, FILE)} was changed, or is of another store.",
            hint="Bring it back from a copy, or move it away and add the protectors in it anew.",
        )

    def save(self, directory: str, roots: Sequence[RootKey], probe: Probe = no_probe) -> None:
        """Writes the file in the place of the one that is there; `roots` are those of `root_ids`."""
        self._tags = {root.id: _mac(root)(self._data()) for root in roots}
        tags = {id_: tag.hex() for id_, tag in self._tags.items()}
        replace(os.path.join(directory, FILE), _json({**self._content(), "tags": tags}), probe)

    def _data(self) -> bytes:
        return b"kmsctl protectors\x01" + _json(self._content())

    def _content(self) -> dict[str, object]:
        slots = [
            {
                "createTime": slot.create_time,
                "parameters": slot.parameters,
                "sealed": {
                    id_: b2a_base64(blob, newline=False).decode() for id_, blob in slot.sealed.items()
                },
                "slot": slot.number,
                "type": slot.type,
            }
            for slot in self.slots
        ]
        return {
            "format": _FORMAT,
            "lastSlot": self.last,
            "rootKeys": self.root_ids,
            "slots": slots,
            "storeId": self.store_id.hex(),
        }


def _mac(root: RootKey) -> Mac:
    return Mac(root.derive(b"kmsctl protectors", root.store_id))


def _json(value: object) -> bytes:
    return (_canonical(value) + "\n").encode("ascii")


def _canonical(value: object) -> str:
    from json import dumps

    return dumps(value, sort_keys=True, separators=(",", ":"))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _is_parameter(value: object) -> bool:
    """Tells whether a value is a `Parameter`, whose texts can be arguments of a program."""
    texts = value if isinstance(value, list) else [value]
    return type(value) is int or all(
        isinstance(text, str) and b"\0" not in os.fsencode(text) for text in texts
    )


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError
    return value
