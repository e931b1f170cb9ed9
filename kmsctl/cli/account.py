"""The account that commands run as when none is configured: the login at this host."""

from __future__ import annotations

import os


def default_account() -> str:
    """Returns ``login@host`` of the process's user, and ``uid-N@host`` for a user without a name.

    The user database is asked by the user's number. Variables such as LOGNAME are not believed: whoever
    starts the process could have set them, and the account stands in the audit records.
    """
    import pwd

    number = os.getuid()
    try:
        login = pwd.getpwuid(number).pw_name
    except KeyError:
        login = f"uid-{number}"
    return f"{login}@{os.uname().nodename or 'localhost'}"
