"""Principals in IAM policies: who a binding is for, and who asks.

A service account is stored with its unique id (``serviceAccount:EMAIL?uid=N``), so that a grant to one that
was deleted does not come back with a new account of the same address.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument

ALL_USERS = "allUsers"
ALL_AUTHENTICATED_USERS = "allAuthenticatedUsers"
USER = "user:"
GROUP = "group:"
SERVICE_ACCOUNT = "serviceAccount:"
DOMAIN = "domain:"
DELETED = "deleted:"
UID = "?uid="

#: What the service does by itself, when its time has come, it does under this name.
SYSTEM = "service@kmsctl"

_SERVICE_ACCOUNT_DOMAIN = ".gserviceaccount.com"
_PREFIXES = (USER, SERVICE_ACCOUNT, GROUP, DOMAIN)


def is_service_account(account: str) -> bool:
    """Tells whether an account is, by its address, a service account."""
    return account.endswith(_SERVICE_ACCOUNT_DOMAIN) and "@" in account


def service_account(email: str, unique_id: str) -> str:
    """Returns how policies hold a service account."""
    return f"{SERVICE_ACCOUNT}{email}{UID}{unique_id}"


def parse(text: str) -> str:
    """Returns a member as it is compared: addresses in lower case.

    Raises:
        InvalidArgument: if it is none.
    """
    if text in (ALL_USERS, ALL_AUTHENTICATED_USERS):
        return text
    kind, colon, rest = text.removeprefix(DELETED).partition(":")
    if kind + colon not in _PREFIXES:
        raise InvalidArgument(
            f"The member {text} is of an unknown type. Please set a valid type prefix for the member.",
            hint="Members are user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:DOMAIN, allUsers and "
            "allAuthenticatedUsers.",
        )
    address, mark, uid = rest.partition(UID)
    gone = text.startswith(DELETED)
    if kind + colon == DOMAIN:
        right = _is_word(rest) and "@" not in rest and "?" not in rest
    else:
        name, at, domain = address.partition("@")
        # An account of a store of one's own may be a bare login.
        right = _is_word(name) and (_is_word(domain) if at else kind + colon == USER) and "@" not in domain
    if not right or len(rest) > 320 or bool(mark) != gone or (mark and not uid.isdigit()):
        raise InvalidArgument(f"Member {text} does not have a valid address.")
    return f"{DELETED if gone else ''}{kind}:{check_account(address)}{mark}{uid}"


def parse_service_account(email: str) -> str:
    """Returns the address of a service account, in lower case.

    Raises:
        InvalidArgument: if it is none.
    """
    return parse(SERVICE_ACCOUNT + email).removeprefix(SERVICE_ACCOUNT)


def check_account(account: str) -> str:
    """Returns an account as it is compared: Latin letters in lower case.

    Others are left alone: the Kelvin sign in lower case is a plain k, and so another account's letter.
    """
    return account.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _is_word(text: str) -> bool:
    return bool(text) and text.isprintable() and not any(sign in text for sign in ' ,"%/\\')
