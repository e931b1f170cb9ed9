"""Protectors of type ``shares``: the slot's key, random, is split; some of the shares together give it back.

The arithmetic is the library's (pyshamir). It combines whatever it is given, so each share says which store,
set and place it is of, with check digits against slips of the pen; and that the shares together are right is
known when the root key can be unsealed with what they gave. docs/format.md, "Shares".
"""

from __future__ import annotations

from kmsctl.crypto.integrity import digest
from kmsctl.errors import FailedPrecondition, InvalidArgument, Unimplemented

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from kmsctl.keystore.ports import Asking, Parameters, Request
    from kmsctl.keystore.slots import Parameter, Slot

_FORMAT = "kmsctl-share-1"
_KEY_SIZE = 32
_MOST = 99


class Share:
    """One share, as it is handed out."""

    __slots__ = ("count", "index", "piece", "set", "store_id", "threshold")

    def __init__(
        self, store_id: bytes, set_: str, index: int, threshold: int, count: int, piece: bytes
    ) -> None:
        self.store_id = store_id
        self.set = set_
        self.index = index
        self.threshold = threshold
        self.count = count
        self.piece = piece

    def text(self) -> str:
        fields = (
            _FORMAT,
            self.store_id.hex(),
            self.set,
            str(self.index),
            str(self.threshold),
            str(self.count),
        )
        said = ":".join((*fields, self.piece.hex()))
        return f"{said}:{_check(said)}"

    @classmethod
    def parse(cls, content: bytes) -> Share:
        """Reads a share.

        Raises:
            InvalidArgument: if it is none, or was copied wrongly. The text is not shown.
        """
        try:
            text = content.decode("ascii").strip()
            said, _, check = text.rpartition(":")
            name, store, set_, index, threshold, count, piece = said.split(":")
            share = cls(
                bytes.fromhex(store), set_, int(index), int(threshold), int(count), bytes.fromhex(piece)
            )
        except ValueError:
            raise InvalidArgument("A share is one line that begins with kmsctl-share-1:.") from None
        if name != _FORMAT or _check(said) != check or len(share.piece) != _KEY_SIZE + 1:
            raise InvalidArgument("A share was copied wrongly: its check digits do not fit.")
        return share


def enrol(
    request: Request, store_id: bytes, asking: Asking, random: Callable[[int], bytes]
) -> tuple[dict[str, Parameter], bytes, Sequence[bytes]]:
    del asking
    count, threshold = request.shares, request.threshold
    if not 2 <= threshold <= count <= _MOST:
        raise InvalidArgument(
            f"--threshold is at least 2, and --shares at least as many and at most {_MOST}; not {threshold} "
            f"of {count}."
        )
    key, set_ = random(_KEY_SIZE), random(8).hex()
    pieces = _library().split(key, count, threshold)
    shares = [
        Share(store_id, set_, index, threshold, count, bytes(piece)) for index, piece in enumerate(pieces, 1)
    ]
    if _combine(shares[-threshold:]) != key:
        raise FailedPrecondition("The library pyshamir does not give back what it split.")
    parameters: dict[str, Parameter] = {"set": set_, "shares": count, "threshold": threshold}
    return parameters, key, [share.text().encode() for share in shares]


def key_of(slot: Slot, store_id: bytes, asking: Asking) -> bytes | None:
    given = [Share.parse(content) for content in asking.shares()]
    if not given:
        return None
    if any(share.store_id != store_id for share in given):
        raise FailedPrecondition("A share is of another store.")
    of_set = {share.index: share for share in given if share.set == slot.parameters.get("set")}
    if not of_set:
        raise FailedPrecondition(
            "The shares are of another set: of another protector, or one that was removed."
        )
    threshold = slot.parameters.get("threshold")
    if not isinstance(threshold, int) or threshold < 2:
        raise FailedPrecondition("The slot was changed.")
    if len(of_set) < threshold:
        raise FailedPrecondition(f"{threshold} shares are needed, and {len(of_set)} were given.")
    return _combine([of_set[index] for index in sorted(of_set)][:threshold])


def describe(parameters: Parameters) -> str:
    return f"{parameters.get('threshold')} of {parameters.get('shares')} shares, set {parameters.get('set')}"


def forget(parameters: Parameters) -> None:
    del parameters


def _combine(shares: Sequence[Share]) -> bytes:
    library = _library()
    try:
        return bytes(library.combine([bytearray(share.piece) for share in shares]))
    except ValueError:
        raise FailedPrecondition("The shares do not fit together.") from None


def _library() -> ModuleType:
    try:
        import pyshamir
    except ImportError:
        raise Unimplemented(
            "Protectors of type shares need the library pyshamir.",
            hint="Install kmsctl with it: pip install 'kmsctl[shares]'",
        ) from None
    library: ModuleType = pyshamir
    return library


def _check(said: str) -> str:
    return digest(b"kmsctl share\x01" + said.encode())[:4].hex()
