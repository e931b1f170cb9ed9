"""Labels and tags at rest: one ``key=value`` a line, sorted. Their grammars have neither character."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

#: Text → labels: the keys of a ring share most of theirs.
_known: dict[str, dict[str, str]] = {}
_MOST_KNOWN = 100


def encode(labels: Mapping[str, str]) -> str:
    return "\n".join(f"{key}={labels[key]}" for key in sorted(labels))


def decode(text: str) -> dict[str, str]:
    known = _known.get(text)
    if known is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        lines = [line.partition("=") for line in text.splitlines()]
        known = _known[text] = {key: value for key, _, value in lines}
    return dict(known)
