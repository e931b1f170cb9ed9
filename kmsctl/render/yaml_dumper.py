"""The YAML dialect: block style, YAML 1.2 scalars, multi-line text as literal blocks."""

from __future__ import annotations

import re

import yaml

from kmsctl.render.values import float_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAP = "tag:yaml.org,2002:map"


class Dumper(yaml.SafeDumper):
    """PyYAML's emitter, resolving plain scalars as YAML 1.2's core schema does.

    So ``no`` and ``12:30:45`` are text that needs no quotes, and ``0o17`` is a number that does.
    """

    null_text = "null"

    def ignore_aliases(self, data: Any) -> bool:
        """Repeats what occurs twice: readers of a listing do not expect anchors."""
        del data
        return True

    def analyze_scalar(self, scalar: str) -> Any:
        """Allows a literal block for every text of several lines."""
        analysis = super().analyze_scalar(scalar)
        if analysis.multiline:
            analysis.allow_block = True
        return analysis

    def choose_scalar_style(self) -> str:
        """Prefers double quotes to single ones that would be doubled, or span lines."""
        style = super().choose_scalar_style()
        text = self.event.value if isinstance(self.event, yaml.ScalarEvent) else ""
        return '"' if style == "'" and ("'" in text or "\n" in text) else style


_RESOLVERS = (
    ("bool", "tTfF", r"true|True|TRUE|false|False|FALSE"),
    (
        "float",
        "-+0123456789.",
        (
            r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?(?:[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)"
            r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
    ),
    ("int", "-+0123456789", r"[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+"),
    ("merge", "<", r"<<"),
    ("null", "~nN", r"~|null|Null|NULL|"),
    (
        "timestamp",
        "0123456789",
        (
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
            r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
            r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
        ),
    ),
    ("value", "=", r"="),
)
Dumper.yaml_implicit_resolvers = {}
for _tag, _first, _pattern in _RESOLVERS:
    for _character in (*_first, "") if _tag == "null" else _first:
        Dumper.yaml_implicit_resolvers.setdefault(_character, []).append(
            (f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"))
        )


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


def _float(dumper: yaml.SafeDumper, value: float) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:float", float_text(value))


def _null(dumper: Dumper, _value: None) -> yaml.Node:
    tag = "null" if dumper.null_text == "null" else "str"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{tag}", dumper.null_text)


def _map(dumper: yaml.SafeDumper, value: dict[str, Any]) -> yaml.Node:
    pairs = [
        (dumper.represent_scalar("tag:yaml.org,2002:str", name), dumper.represent_data(item))
        for name, item in sorted(value.items())
    ]
    return yaml.MappingNode(_MAP, pairs, flow_style=False)


Dumper.add_representer(str, _text)
Dumper.add_multi_representer(str, _text)  # texts with a colour
Dumper.add_representer(float, _float)
Dumper.add_representer(type(None), _null)
Dumper.add_representer(dict, _map)


def dump(value: Any, null_text: str = "null") -> str:
    """Returns `value` as a YAML document without markers, ending in a newline."""
    dumper = Dumper if null_text == "null" else type("NullDumper", (Dumper,), {"null_text": null_text})
    return yaml.dump(value, Dumper=dumper, default_flow_style=False, allow_unicode=True, width=80)
