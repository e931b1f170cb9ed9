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
    projection: Projection,
    columns: Sequence[Column],
    *,
    transforms: bool = True,
    inherited: bool = True,
) -> list[Getter]:
    """Makes one function per column.

    Args:
        projection: the format they are of; its ``transforms`` attribute overrules the rest.
        columns: some of its columns.
        transforms: whether their transforms are applied.
        inherited: whether those written in an earlier projection of the expression are too.
    """
    wanted = projection.attributes.get("transforms")
    if wanted is not None:
        transforms = inherited = bool(wanted)

    def active(chain: Chain | None) -> Chain | None:
        if chain is None or not transforms:
            return None
        return chain if inherited or chain.level == projection.level else None

    getters = [compile_key(column.path, active(column.key.chain)) for column in columns]
    if projection.flag("json-decode"):
        return [_decoding(get) for get in getters]
    return getters


def _decoding(get: Getter) -> Getter:
    from kmsctl.render.json_decoding import decode_json

    return lambda record: decode_json(get(record))
