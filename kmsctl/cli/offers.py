"""What of the algorithm table this version offers: a key can be made if there is a command to use it."""

from __future__ import annotations

from kmsctl.cli.tree import COMMANDS
from kmsctl.model.algorithms import ALGORITHMS, PURPOSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.algorithms import Algorithm, Purpose

LEVELS = ("SOFTWARE", "HSM")


def purposes() -> list[Purpose]:
    """Returns the purposes whose first operation is a command."""
    return [purpose for purpose in PURPOSES if (_command(purpose.operations[0]),) in COMMANDS]


def algorithms() -> list[Algorithm]:
    """Returns the algorithms of these purposes, at the protection levels that are offered."""
    offered = {purpose.enum for purpose in purposes()}
    return [each for each in ALGORITHMS if each.purpose in offered and _is_offered(each)]


def protection_levels() -> list[str]:
    """Returns the protection levels that keys can be made at, as the command line spells them."""
    return [level.lower() for level in LEVELS]


def _is_offered(algorithm: Algorithm) -> bool:
    return any(level in algorithm.protection_levels for level in LEVELS)


def _command(operation: str) -> str:
    """``RawEncrypt`` → ``raw-encrypt``."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in operation)[1:]
