"""What one run of the program has at hand: settings, names' defaults, the service, and where output goes."""

from __future__ import annotations

import os

from kmsctl.cli import paths as places
from kmsctl.cli import terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.properties import DEFAULT_PROJECT, VERBOSITIES, Properties, check
from kmsctl.cli.tree import dotted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from kmsctl.cli.asked import Asked
    from kmsctl.service.api import KmsApi
    from kmsctl.service.context import Context

    #: name of a flag or positional → its value; None if it was not given
    Args = Mapping[str, Any]


class Session:
    """One run.

    Attributes:
        environment: the process's environment.
        settings: the global flags that were given.
        group, command: the words of what is being run, as far as they are known.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.settings: dict[str, Any] = {}
        self.group: tuple[str, ...] = ()
        self.command: tuple[str, ...] = ()
        self._paths: places.Paths | None = None
        self._properties: Properties | None = None
        self._kms: KmsApi | None = None
        self._context: Context | None = None
        self._asked: Asked | None = None

    @property
    def paths(self) -> places.Paths:
        if self._paths is None:
            self._paths = places.find(self.environment)
        return self._paths

    @property
    def properties(self) -> Properties:
        if self._properties is None:
            given: str | None = self.settings.get("configuration")
            self._properties = Properties(self.paths.config, self.environment, given)
        return self._properties

    @property
    def project(self) -> str:
        """The project of names that are not full."""
        given: str | None = self.settings.get("project")
        if given is None:
            return self.properties.get("core/project") or DEFAULT_PROJECT
        if given.isdigit():
            raise CommandError(
                "The value of ``--project'' flag was set to Project number.To use this command, "
                "set it to PROJECT ID instead."
            )
        check("core/project", given)
        return given

    @property
    def account(self) -> str:
        """Who runs the command."""
        given: str | None = self.settings.get("account")
        if given is not None:
            check("core/account", given)
            return given
        configured = self.properties.get("core/account")
        if configured is not None:
            return configured
        from kmsctl.cli.account import default_account

        return default_account()

    @property
    def impersonated(self) -> list[str]:
        """The service accounts to act as, each by leave of the one before it."""
        given: str | None = self.settings.get("impersonate_service_account")
        if given is None:
            return []
        from kmsctl.model.members import parse_service_account

        return [parse_service_account(email) for email in given.split(",")]

    @property
    def quiet(self) -> bool:
        """Whether nothing may be asked."""
        return bool(self.settings.get("quiet") or self.properties.flag("core/disable_prompts"))

    @property
    def user_output(self) -> bool:
        """Whether resources and messages are printed."""
        given: bool | None = self.settings.get("user_output_enabled")
        return given if given is not None else self.properties.flag("core/user_output_enabled") is not False

    @property
    def log_http(self) -> bool:
        """Whether calls of the service are shown."""
        given: bool | None = self.settings.get("log_http")
        return bool(self.properties.flag("core/log_http") if given is None else given)

    @property
    def verbosity(self) -> str:
        return self.settings.get("verbosity") or self.properties.get("core/verbosity") or "warning"

    @property
    def format(self) -> str | None:
        """The value of ``--format``."""
        given: str | None = self.settings.get("format")
        return given

    @property
    def kms(self) -> KmsApi:
        """The service, opened when it is first asked."""
        if self._kms is None:
            self._kms = self.open()
            if self.log_http:
                from kmsctl.cli.http_log import Logged

                self._kms = Logged(self._kms)
        return self._kms

    def open(self) -> KmsApi:
        """Opens the service."""
        from kmsctl.cli.opening import open_kms

        return open_kms(self.paths, self.properties, self.warn, self.asked)

    def asked(self, flags: Args | None = None) -> Asked:
        """Returns who is asked for passphrases and the like, for a command with these flags, if any."""
        if self._asked is None or flags is not None:
            from kmsctl.cli.asked import Asked

            self._asked = Asked(self, flags or {})
        return self._asked

    def use(self, kms: KmsApi) -> None:
        """Takes a service that is open already."""
        self._kms = kms

    @property
    def context(self) -> Context:
        """What the service is told about the caller."""
        if self._context is None:
            from kmsctl.service.context import Context

            chain = self.impersonated
            if chain:
                self.log(
                    "warning",
                    "This command is using service account impersonation. All API calls will be executed as "
                    f"[{chain[-1]}].",
                )
            self._context = Context(
                self.account,
                impersonated=chain,
                request_id=os.urandom(8).hex(),
                user_agent=f"kmsctl command/{dotted(self.command)}",
            )
        return self._context

    def justified(self, args: Args) -> Context:
        """Returns the context of a call that uses a key, with the reason that ``--access-reason`` gives."""
        context = self.context
        context.access_reason = args["access_reason"]
        return context

    def close(self) -> None:
        """Lets go of the service."""
        close = getattr(self._kms, "close", None)
        self._kms = None
        if close is not None:
            close()

    def shows(self, level: str) -> bool:
        """Returns whether messages of a level (``debug``, ..., ``critical``) are to be shown."""
        return VERBOSITIES.index(level) >= VERBOSITIES.index(self.verbosity)

    def log(self, level: str, text: str) -> None:
        """Says something about the run, if it is important enough."""
        if self.shows(level):
            terminal.say(f"{level.upper()}: {text}")

    def warn(self, text: str) -> None:
        """Says what a person should know of what goes on."""
        self.log("warning", text)

    def status(self, text: str) -> None:
        """Says what was done; that is neither data nor a message of some severity."""
        if self.user_output:
            terminal.say(text)
