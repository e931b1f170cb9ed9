"""Projections of whole records: the parts of a record that the keys of a format select."""

from __future__ import annotations

from kmsctl.render.projection import INNER, SELECTED
from kmsctl.render.transforms import compile_chain
from kmsctl.render.values import sorted_deep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kmsctl.render.projection import Node, Projection

_NOTHING = object()


class TreeProjector:
    """Cuts records down to what a projection selects, keeping their shape.

    Calling it returns a new record, or None where nothing of the record is selected.
    """

    __slots__ = ("_all", "_chains", "_decode", "_projection", "_whole")

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self._chains: dict[int, Callable[[Any, Any], Any]] = {}
        wanted = projection.attributes.get("transforms")
        self._all = wanted is None or bool(wanted)
        self._whole = all(not column.path and not column.key.chain for column in projection.columns)
        self._decode = projection.flag("json-decode")
        if self._all and (projection.explicit or wanted):
            self._compile(projection.root, everything=bool(wanted))

    def _compile(self, root: Node, *, everything: bool) -> None:
        nodes = list(root.children.values())
        while nodes:
            node = nodes.pop()
            chain = node.key.chain
            if chain is not None and (everything or chain.level == self._projection.level):
                self._chains[id(node)] = compile_chain(chain)
            nodes.extend(node.children.values())

    @property
    def identity(self) -> bool:
        """Whether every record comes out as it went in."""
        return self._whole and not self._chains and not self._decode

    def __call__(self, record: Any) -> Any:
        if self.identity:
            return record
        result = self._project(record, self._projection.root, record, selected=self._whole)
        if self._decode:
            from kmsctl.render.json_decoding import decode_json

            result = decode_json(result)
        return None if result is _NOTHING else result

    def _project(self, value: Any, node: Node | None, record: Any, *, selected: bool) -> Any:
        if node is None:
            return value if selected else _NOTHING
        selected = selected or node.key.state == SELECTED
        chain = self._chains.get(id(node))
        if chain is not None and (selected or node.key.state == INNER):
            return chain(sorted_deep(value), record)
        if type(value) is dict:
            return self._project_map(value, node, record, selected=selected)
        if type(value) is list:
            return self._project_list(value, node, record, selected=selected)
        return value if selected else _NOTHING

    def _project_map(self, value: dict[str, Any], node: Node, record: Any, *, selected: bool) -> Any:
        children = node.children
        result = {}
        for name, item in value.items():
            new = self._project(item, children.get(name), record, selected=selected)
            if new is not _NOTHING:
                result[name] = new
        return result if result or selected or not value else _NOTHING

    def _project_list(self, value: list[Any], node: Node, record: Any, *, selected: bool) -> Any:
        children = node.children
        if selected and not children:
            return value
        result = []
        for index, item in enumerate(value):
            child = children.get(index) or children.get(index - len(value)) or children.get(None)
            new = self._project(item, child, record, selected=selected)
            result.append(None if new is _NOTHING else new)
        if selected or not value:
            return result
        while result and result[-1] is None:
            result.pop()
        return result or _NOTHING
