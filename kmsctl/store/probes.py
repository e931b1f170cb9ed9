"""Probes: told the name of each step at which a crash would leave something behind.

Crash tests pass one that ends the process there. The steps, in the order of a store's first use:
``keystore.begun`` ``keystore.root`` ``keystore.filled`` ``keystore.renamed``, ``create.begun``
``create.filled`` ``create.linked`` ``create.anchored``, ``transaction.begun``
``transaction.prepared`` ``transaction.committed``, ``anchor.before`` ``anchor.slot``
``anchor.header`` ``anchor.raised``, ``purge.vacuumed`` (where it is needed) ``purge.truncated``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Probe = Callable[[str], None]


def no_probe(step: str) -> None:
    """The probe of production."""
