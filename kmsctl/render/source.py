"""Where the records of a list come from, and how to read less of them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from kmsctl.render.paths import Path

    #: Tells whether a record is wanted, of which only some fields are known.
    Keep = Callable[[Any], bool]


class Source:
    """The records of a list, of which some fields can be had without reading the rest.

    Attributes:
        every: returns all records.
        sifted: returns those records that a test keeps; it is asked with records that have the fields
            `known` and nothing else, once for each record, in order.
        known: paths of these fields; what is below them is known too. What such a record does not
            have there, the whole record does not have either.
    """

    __slots__ = ("every", "known", "sifted")

    def __init__(
        self,
        every: Callable[[], Iterator[Any]],
        sifted: Callable[[Keep], Iterator[Any]],
        known: tuple[Path, ...],
    ) -> None:
        self.every = every
        self.sifted = sifted
        self.known = known
