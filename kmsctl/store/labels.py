"""Labels and tags at rest: one ``key=value`` a line, sorted. Their grammars have neither character."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def encode(labels: Mapping[str, str]) -> str:
    return "\n".join(f"{key}={labels[key]}" for key in sorted(labels))


def decode(text: str) -> dict[str, str]:
    return {key: value for key, _, value in [line.partition("=") for line in text.splitlines()]}
