"""The types of flag values, as click parameter types. Their error texts are gcloud's."""

from __future__ import annotations

import click

from kmsctl.cli.failures import NOT_AVAILABLE, CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class InvalidChoice(click.BadParameter):
    """The value is none of the choices; the message names them, and no usage needs to follow."""


class Choice(click.ParamType[str]):
    """One of some words, as they are written. `later` are words that another version will take."""

    name = "choice"

    def __init__(self, choices: Sequence[str], *, later: Sequence[str] = ()) -> None:
        self.choices = tuple(choices)
        self.later = tuple(later)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value in self.choices:
            return value
        if value in self.later and param is not None:
            raise CommandError(f"{param.opts[0]}={value} {NOT_AVAILABLE}")
        from difflib import get_close_matches

        near = get_close_matches(value.lower().replace("_", "-"), self.choices, n=1)
        text = f"Invalid choice: '{value}'."
        if near:
            text += f" Did you mean '{near[0]}'?"
        choices = ", ".join(sorted(self.choices))
        raise InvalidChoice(f"{text}\n\nValid choices are [{choices}].", ctx=ctx, param=param)


class AccessReason(Choice):
    """A reason of Key Access Justifications, as the API names it."""

    def __init__(self) -> None:
        from kmsctl.model.access_reasons import ACCESS_REASONS, spelling

        super().__init__(sorted(map(spelling, ACCESS_REASONS)))

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return super().convert(value, param, ctx).upper().replace("-", "_")


class PositiveInteger(click.ParamType[int]):
    """A whole number from 1, or within narrower bounds."""

    name = "integer"

    def __init__(self, *, lower: int = 1, upper: int | None = None) -> None:
        self.lower = lower
        self.upper = upper

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        received = f"; received: {value}" if value else "; received empty string"
        try:
            number = int(value) if value.isascii() and "_" not in value else None
        except ValueError:
            number = None
        if number is None:
            self.fail(f"Value must be an integer{received}", param, ctx)
        if number < self.lower:
            self.fail(f"Value must be greater than or equal to {self.lower}{received}", param, ctx)
        if self.upper is not None and number > self.upper:
            self.fail(f"Value must be less than or equal to {self.upper}{received}", param, ctx)
        return number


class Duration(click.ParamType[int]):
    """A duration within bounds, in microseconds; the bounds are durations as people write them."""

    name = "duration"

    def __init__(self, *, lower: str | None = None, upper: str | None = None) -> None:
        self.lower = lower
        self.upper = upper

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from kmsctl.model.durations import check_range, parse_duration

        try:
            return check_range(parse_duration(value), self.lower, self.upper, received=value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class DateTime(click.ParamType[int | None]):
    """A time, absolute or relative to now, in microseconds since 1970; empty is no time."""

    name = "datetime"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        from kmsctl.model.durations import parse_datetime
        from kmsctl.model.times import now_us

        if not value:
            return None
        try:
            return parse_datetime(value, now_us=now_us())
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Labels(click.ParamType[dict[str, str]]):
    """``KEY=VALUE,...``; a flag that is repeated adds to what came before."""

    name = "labels"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, str]:
        from kmsctl.model.labels import parse_label_arg

        try:
            return parse_label_arg(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Tags(Labels):
    """``KEY=VALUE,...`` of tags, whose keys are ``PROJECT/NAME``, or ``NAME`` alone."""

    name = "tags"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, str]:
        from kmsctl.model.labels import parse_list_arg

        try:
            items = [item.partition("=") for item in parse_list_arg(value)]
        except ValueError as error:
            self.fail(str(error), param, ctx)
        for key, equals, _ in items:
            if not key or not equals:
                self.fail(f"Bad syntax for dict arg: [{key}]. Each item is KEY=VALUE.", param, ctx)
        return {key: tag for key, _, tag in items}


class Items(click.ParamType[list[str]]):
    """``ITEM,...``; a flag that is repeated adds to what came before."""

    name = "items"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        from kmsctl.model.labels import parse_list_arg

        try:
            return parse_list_arg(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class AccessReasons(Items):
    """``REASON,...`` of Key Access Justifications, as the API names them; none at all is an empty list."""

    def __init__(self) -> None:
        self.choices = AccessReason().choices

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        reasons = super().convert(value, param, ctx)
        for each in reasons:
            if each not in self.choices:
                self.fail(f"{each} must be one of [{', '.join(self.choices)}]", param, ctx)
        return [each.upper().replace("-", "_") for each in reasons]
