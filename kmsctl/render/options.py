"""What a printer needs to know besides the format expression."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.render.transforms import Scope


class PrintOptions:
    """How and where a command's resources are shown.

    Attributes:
        is_list: whether the resources are a list, or one resource on its own.
        page_size: how many rows make a table of their own; None for one table.
        width: the terminal's width in columns, to which columns marked ``wrap`` are fitted.
        utf8: whether the output can hold box-drawing characters.
        colours: whether the output shows colours.
        scope: what transforms may use.
        continued: whether the same key of an earlier record was shown in this format: a heading
            is not repeated, and an empty list not shown.
    """

    __slots__ = ("colours", "continued", "is_list", "page_size", "scope", "utf8", "width")

    def __init__(
        self,
        *,
        is_list: bool,
        scope: Scope,
        page_size: int | None = None,
        width: int = 80,
        utf8: bool = True,
        colours: bool = False,
        continued: bool = False,
    ) -> None:
        self.colours = colours
        self.continued = continued
        self.is_list = is_list
        self.scope = scope
        self.page_size = page_size
        self.width = width
        self.utf8 = utf8

    def nested(self, *, is_list: bool, continued: bool = False) -> PrintOptions:
        """Returns the options for a format inside this one."""
        return PrintOptions(
            is_list=is_list,
            scope=self.scope,
            width=self.width,
            utf8=self.utf8,
            colours=self.colours,
            continued=continued,
        )
