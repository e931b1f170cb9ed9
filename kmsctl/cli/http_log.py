"""``--log-http``: each call of the service on standard error, as the Cloud KMS API has it.

Nothing goes over a network here: what is shown is the request that the API's method of the same name takes,
with its HTTP rule, and the answer that it gives. Bytes (plaintexts, ciphertexts, MACs, digests, key material)
and their checksums are not shown, nor how many there are.
"""

from __future__ import annotations

from kmsctl.cli import terminal
from kmsctl.cli.http_rules import RULES, answer_of
from kmsctl.errors import KmsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    from kmsctl.cli.http_rules import Request, Rule
    from kmsctl.model.names import KeyRingName
    from kmsctl.service.api import KmsApi
    from kmsctl.service.context import Context

    T = TypeVar("T")

#: As gcloud asks for them.
_PAGE_SIZE = 100

#: Status → HTTP status code, as in google.rpc.Code. What the store alone can meet is 500.
_CODES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
}


class Logged:
    """The service, which shows each call that there is a rule for (`kmsctl.service.api.KmsApi`)."""

    __slots__ = ("_kms",)

    def __init__(self, kms: KmsApi) -> None:
        self._kms = kms

    def shape_crypto_keys(
        self, ctx: Context, parent: KeyRingName, shape: Callable[[list[Any]], T]
    ) -> Iterator[T]:
        """Lists keys by the method of the API, which is what is shown."""
        return (shape([found]) for found in self.list_crypto_keys(ctx, parent))

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._kms, name)
        rule = RULES.get(name)
        if rule is None:
            return verb

        def called(ctx: Context, *args: Any, **kwargs: Any) -> Any:
            if rule.collection:
                return _pages(rule, rule.request(*args, **kwargs), verb(ctx, *args, **kwargs), **kwargs)
            _show_request(rule, rule.request(*args, **kwargs))
            try:
                answer = verb(ctx, *args, **kwargs)
            except KmsError as error:
                _show_error(error)
                raise
            _show_response(200, answer_of(answer, args[0]))
            return answer

        return called


def _pages(
    rule: Rule, request: Request, found: Iterator[Any], *, limit: int | None = None, **_: object
) -> Iterator[Any]:
    """Yields what a list has, a page at a time, and shows the request and the answer of each."""
    from itertools import islice

    left = limit
    while left is None or left > 0:
        size = _PAGE_SIZE if left is None else min(left, _PAGE_SIZE)
        request.query["pageSize"] = str(size)
        _show_request(rule, request)
        try:
            page = list(islice(found, size))
        except KmsError as error:
            _show_error(error)
            raise
        answer: dict[str, object] = {}
        if page:
            answer[rule.collection] = [answer_of(each, request.parent) for each in page]
        if len(page) == size:
            # What a token is, is the service's own business: here it is the last name of the page.
            last = page[-1]
            answer["nextPageToken"] = request.query["pageToken"] = str(getattr(last, "name", last))
        _show_response(200, answer)
        yield from page
        if len(page) < size:
            return
        left = None if left is None else left - size


def _show_request(rule: Rule, request: Request) -> None:
    from urllib.parse import quote, urlencode

    query = urlencode({"alt": "json", **dict(sorted(request.query.items()))})
    method = request.method or rule.method
    body = "" if method == "GET" else _json(request.body)
    headers = ["accept: application/json"]
    if method != "GET":
        headers.append("content-type: application/json")
    terminal.say(
        "\n".join(
            (
                "=======================",
                "==== request start ====",
                f"uri: https://{request.host}/v1/{quote(request.path, safe='/:')}?{query}",
                f"method: {method}",
                "== headers start ==",
                *headers,
                "== headers end ==",
                "== body start ==",
                body,
                "== body end ==",
                "==== request end ====",
            )
        )
    )


def _show_response(code: int, body: object) -> None:
    terminal.say(
        "\n".join(
            (
                "---- response start ----",
                f"status: {code}",
                "-- headers start --",
                "content-type: application/json; charset=UTF-8",
                "-- headers end --",
                "-- body start --",
                _json(body),
                "-- body end --",
                "---- response end ----",
                "----------------------",
            )
        )
    )


def _show_error(error: KmsError) -> None:
    code = _CODES.get(error.status, 500)
    _show_response(code, {"error": {"code": code, "message": error.message, "status": error.status}})


def _json(body: object) -> str:
    from json import dumps

    return dumps(body, ensure_ascii=False, sort_keys=True)
