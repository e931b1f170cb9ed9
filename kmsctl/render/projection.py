"""What a format expression says: a printer, its attributes, and the keys it projects."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.render.paths import Path
    from kmsctl.render.transforms import Call

#: No column, margin or gap is wider, whatever a format says.
WIDEST = 10_000
#: How much of a record a node of the key tree selects.
UNSELECTED, INNER, SELECTED = 0, 1, 2


class Chain:
    """The transform calls of one key.

    Attributes:
        calls: the calls, first to last. Keys that use an alias of this key add to them.
        level: which projection of the expression the chain was written in. Formats that show
            whole records apply only the chains of the last one.
    """

    __slots__ = ("calls", "level")

    def __init__(self, level: int) -> None:
        self.calls: list[Call] = []
        self.level = level


class Key:
    """The attributes of one projected key.

    Attributes:
        label: the heading, None until it has one.
        align: ``left``, ``center`` or ``right``.
        chain: its transforms, or None.
        order: its place among the sort keys, from 1; None if it does not sort.
        reverse: whether it sorts in descending order.
        optional: whether a table drops the column when it is empty.
        hidden: whether it only sorts.
        width: the least width of its column.
        wrap: the least width its column may be wrapped to, None if it must not be wrapped.
        format: the format expression of its value, in tables and in ``multi``.
        state: UNSELECTED, INNER or SELECTED.
    """

    __slots__ = (
        "align",
        "chain",
        "format",
        "hidden",
        "label",
        "optional",
        "order",
        "reverse",
        "state",
        "width",
        "wrap",
    )

    def __init__(self) -> None:
        self.label: str | None = None
        self.align = "left"
        self.chain: Chain | None = None
        self.order: int | None = None
        self.reverse = False
        self.optional = False
        self.hidden = False
        self.width: int | None = None
        self.wrap: int | None = None
        self.format: str | None = None
        self.state = UNSELECTED

    def copy(self) -> Key:
        """Returns a key of its own with the same attributes, sharing the chain."""
        other = Key()
        for name in Key.__slots__:
            setattr(other, name, getattr(self, name))
        return other


class Node:
    """A node of the tree of all keys that the expression mentions."""

    __slots__ = ("children", "key")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.children: dict[str | int | None, Node] = {}


class Column:
    """A projected key, in the order of the expression."""

    __slots__ = ("key", "path")

    def __init__(self, path: Path, key: Key) -> None:
        self.path = path
        self.key = key


class Projection:
    """A parsed format expression.

    Attributes:
        name: the printer's name; empty if the expression names none.
        attributes: the printer's attributes: text, or True and False for ``name`` and ``no-name``,
            or None for ``name=`` with nothing after it.
        columns: the projected keys.
        sorters: keys that only sort.
        explicit: whether the last printer was given a projection, be it an empty one.
        root: the tree of all keys.
        aliases: other names of keys: labels, headings and ``alias=``.
        headings: the headings that were made from key names, with the path each stands for.
        level: counts the projections that were read.
    """

    __slots__ = (
        "aliases",
        "attributes",
        "columns",
        "explicit",
        "headings",
        "level",
        "name",
        "root",
        "sorters",
    )

    def __init__(self) -> None:
        self.name = ""
        self.attributes: dict[str, str | bool | None] = {}
        self.columns: list[Column] = []
        self.sorters: list[Column] = []
        self.explicit = False
        self.root = Node(Key())
        self.aliases: dict[str, tuple[Path, Key]] = {}
        self.headings: dict[str, Path] = {}
        self.level = 0

    def start(self) -> None:
        """Forgets which keys are selected; labels, transforms and aliases stay."""
        self.columns = []
        self.sorters = []
        nodes = [self.root]
        while nodes:
            node = nodes.pop()
            node.key.state = UNSELECTED
            node.key.hidden = False
            nodes.extend(node.children.values())

    def flag(self, name: str) -> bool:
        """Tells whether attribute `name` is on. ``name=anything`` is on, even ``name=0``."""
        value = self.attributes.get(name, False)
        return value is not None and value is not False

    def text(self, name: str, default: str) -> str:
        r"""Returns the text of attribute `name`, with ``\n`` and ``\t`` as what they stand for."""
        value = self.attributes.get(name)
        if not isinstance(value, str):
            return default
        return value.replace("\\n", "\n").replace("\\t", "\t")

    def number(self, name: str, default: int) -> int:
        """Returns attribute `name` as an integer, `default` if it is none."""
        value = self.attributes.get(name)
        try:
            return default if value is None or value is False else min(int(value), WIDEST)
        except ValueError:
            return default

    def node(self, path: Path) -> Node | None:
        """Returns the node at `path`, None if the expression does not mention it."""
        node: Node | None = self.root
        for part in path:
            if node is None:
                return None
            node = node.children.get(part)
        return node
