"""Projected keys as functions of a record."""

from __future__ import annotations

from kmsctl.render.paths import compile_path
from kmsctl.render.transforms import compile_chain
from kmsctl.render.values import sorted_deep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from kmsctl.render.paths import Getter, Path
    from kmsctl.render.projection import Chain, Column, Projection


def compile_key(path: Path, chain: Chain | None) -> Getter:
    """Makes a function of a record: what `path` reaches, its maps in key order, transformed."""
    get = compile_path(path)
    if chain is None:

        def plain(record: Any) -> Any:
            value = get(record)
            return sorted_deep(value) if type(value) is dict or type(value) is list else value

        return plain
    apply = compile_chain(chain)

    def transformed(record: Any) -> Any:
        value = get(record)
        if type(value) is dict or type(value) is list:
            value = sorted_deep(value)
        return apply(value, record)

    return transformed


def compile_columns(
    projection: Projection, columns: Sequence[Column], *, transforms: bool = True
) -> list[Getter]:
    """Makes one function per column. ``no-transforms`` in the format, or `transforms`, turns them off."""
    wanted = projection.attributes.get("transforms")
    active = transforms if wanted is None else bool(wanted)
    getters = [
        compile_key(column.path, column.key.chain if active else None) for column in columns
    ]
    if projection.flag("json-decode"):
        return [_decoding(get) for get in getters]
    return getters


def _decoding(get: Getter) -> Getter:
    from kmsctl.render.json_decoding import decode_json

    return lambda record: decode_json(get(record))
