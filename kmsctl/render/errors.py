"""What the output language refuses.

All of these end a command with exit status 1. Their text stands on its own: front ends print it
without the canonical status name.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument


class RenderError(InvalidArgument):
    """A ``--format``, ``--filter``, ``--sort-by`` or ``--flatten`` that cannot be carried out."""


class ExpressionError(RenderError):
    """An expression that does not parse. ``*HERE*`` in the text marks where."""


class FormatError(RenderError):
    """A format that does not exist, or that lacks what it needs."""


class TransformError(RenderError):
    """A transform called with arguments it does not take, or ``error()`` itself."""


class FilterError(RenderError):
    """An operand that its operator cannot use, such as a broken regular expression."""
