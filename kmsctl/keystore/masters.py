"""The master keys of one database, unwrapped: its tags are made with them, its material wrapped."""

from __future__ import annotations

from kmsctl.crypto.integrity import Mac, derive, digest
from kmsctl.crypto.wrapping import InvalidTag, WrappingKey
from kmsctl.errors import IntegrityError
from kmsctl.model.canonical import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kmsctl.model.canonical import Value


class MasterKey:
    """One version of a master key: the keys derived from it."""

    __slots__ = ("head", "row", "wrapping")

    def __init__(self, key: bytes, context: bytes, random: Callable[[int], bytes]) -> None:
        self.row = Mac(derive(key, b"kmsctl row tag", context))
        self.head = Mac(derive(key, b"kmsctl head tag", context))
        self.wrapping = WrappingKey(derive(key, b"kmsctl material", context), random)


class MasterKeys:
    """All master keys of one database (`kmsctl.store.ports.DatabaseKeys`)."""

    __slots__ = ("_tagger", "_versions", "current")

    def __init__(self, versions: Mapping[int, MasterKey]) -> None:
        self._versions = versions
        self.current = max(versions)
        #: The wrapped secret that tags were last made with, and what makes them.
        self._tagger: tuple[bytes, Mac] | None = None

    def knows(self, mk: int) -> bool:
        return mk in self._versions

    def row_tag(self, mk: int, data: bytes) -> bytes:
        return self._versions[mk].row(data)

    def row_tags(self, mk: int, data: Iterable[bytes]) -> list[bytes]:
        return self._versions[mk].row.each(data)

    def head_tag(self, mk: int, data: bytes) -> bytes:
        return self._versions[mk].head(data)

    def digest(self, data: bytes) -> bytes:
        return digest(data)

    def wrap(self, material: bytes, binding: tuple[Value, ...]) -> bytes:
        """Wraps key material under the current master key, bound to what it is of.

        Returns:
            The master key's version (4 bytes, big endian) ‖ nonce ‖ ciphertext ‖ tag.
        """
        prefix = self.current.to_bytes(4, "big")
        return prefix + self._versions[self.current].wrapping.wrap(material, prefix + encode(binding))

    def unwrap(self, wrapped: bytes, binding: tuple[Value, ...], label: str) -> bytes:
        """Returns the material that `wrap` was given.

        Raises:
            IntegrityError: if the bytes or what they are bound to is not what was wrapped; `label`
                names the material in it.
        """
        prefix = wrapped[:4]
        version = self._versions.get(int.from_bytes(prefix, "big"))
        if version is not None:
            try:
                return version.wrapping.unwrap(wrapped[4:], prefix + encode(binding))
            except InvalidTag:
                pass
        raise IntegrityError(
            f"The key material of {label} does not belong to it, or was damaged.",
            hint="Bring the store back from a backup; kmsctl store verify tells what else is affected.",
        )

    def opener(self) -> Callable[[Value, tuple[Value, ...]], bool]:
        """Returns a function that tells whether wrapped material opens with its binding, for many of them.

        It is for one thread at a time.
        """
        openers = {
            version.to_bytes(4, "big"): key.wrapping.opener() for version, key in self._versions.items()
        }

        def opens(wrapped: Value, binding: tuple[Value, ...]) -> bool:
            if not isinstance(wrapped, bytes):
                return False
            prefix = wrapped[:4]
            opener = openers.get(prefix)
            if opener is None:
                return False
            try:
                opener.open(wrapped[4:], prefix + encode(binding))
            except InvalidTag:
                return False
            return True

        return opens

    def tagger(self, wrapped: bytes, binding: tuple[Value, ...], label: str) -> Mac:
        """Returns what makes tags under the second half of a wrapped secret of 64 bytes.

        Raises:
            IntegrityError: as `unwrap`.
        """
        known = self._tagger
        if known is None or known[0] != wrapped:
            known = self._tagger = (wrapped, Mac(self.unwrap(wrapped, binding, label)[32:]))
        return known[1]
