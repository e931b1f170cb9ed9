"""A slot's key from a secret that somebody chose: Argon2id (RFC 9106), its cost stored and bounded."""

from __future__ import annotations

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from kmsctl.errors import FailedPrecondition, IntegrityError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kmsctl.keystore.slots import Parameter

#: 256 MiB, three passes, four lanes: about 0.4 s on one core. RFC 9106 recommends at least 64 MiB with these.
COST: Mapping[str, int] = {"iterations": 3, "lanes": 4, "memoryKib": 1 << 18}
#: Least and most of what is read: a changed file must not weaken it, nor use up the machine.
_BOUNDS = {"iterations": (1, 64), "lanes": (1, 64), "memoryKib": (1 << 13, 1 << 21)}
_KDF = "argon2id"
_SALT_SIZE = 16


def draw(random: Callable[[int], bytes]) -> dict[str, Parameter]:
    """Returns the parameters of a new slot."""
    return {"kdf": _KDF, "salt": random(_SALT_SIZE).hex(), **COST}


def stretch(parameters: Mapping[str, Parameter], secret: bytes) -> bytes:
    """Returns the slot's key.

    Raises:
        IntegrityError: if the parameters are none, or beyond the bounds.
        FailedPrecondition: if there is not enough memory.
    """
    cost = {}
    for name, (least, most) in _BOUNDS.items():
        value = parameters.get(name)
        if not isinstance(value, int) or not least <= value <= most:
            raise _damaged(name)
        cost[name] = value
    try:
        salt = bytes.fromhex(str(parameters.get("salt")))
    except ValueError:
        raise _damaged("salt") from None
    if len(salt) != _SALT_SIZE or parameters.get("kdf") != _KDF:
        raise _damaged("kdf or salt")
    try:
        return Argon2id(
            salt=salt,
            length=32,
            iterations=cost["iterations"],
            lanes=cost["lanes"],
            memory_cost=cost["memoryKib"],
        ).derive(secret)
    except MemoryError:
        raise FailedPrecondition(
            f"There is not enough memory to open the protector: it takes {cost['memoryKib'] >> 10} MiB."
        ) from None


def describe(parameters: Mapping[str, Parameter]) -> str:
    """Returns the cost in words."""
    memory = parameters.get("memoryKib")
    return (
        f"Argon2id, {memory >> 10 if isinstance(memory, int) else '?'} MiB, "
        f"{parameters.get('iterations')} passes, {parameters.get('lanes')} lanes"
    )


def _damaged(name: str) -> IntegrityError:
    return IntegrityError(
        f"The slot file was changed: the parameter {name} of a protector is not one that kmsctl writes.",
        hint="Bring the slot file back from a copy.",
    )
