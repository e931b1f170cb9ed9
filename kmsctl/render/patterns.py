"""Regular expressions that come from a command line."""

from __future__ import annotations

import re
import warnings


def compile_pattern(text: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """Compiles `text` without Python's remarks on its style.

    Raises:
        ValueError: if it is no regular expression; the message is Python's.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(text, re.IGNORECASE if ignore_case else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from error
