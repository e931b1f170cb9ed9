"""Opens the service in this process, where the settings say it is."""

from __future__ import annotations

import os

from kmsctl.errors import FailedPrecondition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.cli.paths import Paths
    from kmsctl.cli.properties import Properties
    from kmsctl.keystore.ports import Asking
    from kmsctl.model.pkcs11_uri import Pkcs11Uri
    from kmsctl.service.kms import Kms
    from kmsctl.service.tokens import HsmOptions

#: Where root key and anchor lie in the configuration directory: beside the properties, not among them.
SECRETS = "store"


def secrets_directory(paths: Paths) -> str:
    return os.path.join(paths.config, SECRETS)


def open_kms(
    paths: Paths,
    properties: Properties,
    warn: Callable[[str], None],
    ask: Callable[[], Asking] | None = None,
) -> Kms:
    """Returns the service over the store at `paths`. Nothing is read or made before the first call.

    Args:
        paths: where the store is.
        properties: the settings.
        warn: says something that a person should know.
        ask: returns who is asked for what opens the store, where its root key has no file.
    """
    from kmsctl.service.kms import Kms

    hsm = hsm_options(properties)
    window = properties.get("kms/destroy_scheduled_duration")
    if window is None:
        return Kms(paths.data, secrets_directory(paths), hsm=hsm, warn=warn, ask=ask)
    from kmsctl.model.durations import parse_duration

    duration = parse_duration(window)
    secrets = secrets_directory(paths)
    return Kms(paths.data, secrets, destroy_scheduled_duration=duration, hsm=hsm, warn=warn, ask=ask)


def hsm_options(properties: Properties) -> HsmOptions:
    """Returns how HSM keys are reached. No setting is read, and no PIN asked for, before it is needed."""
    from kmsctl.service.tokens import HsmOptions

    def uri(project: str, location: str) -> Pkcs11Uri | None:
        from kmsctl.cli import hsm_settings
        from kmsctl.cli.failures import CommandError
        from kmsctl.errors import FailedPrecondition

        try:
            return hsm_settings.uri(properties, project, location)
        except CommandError as error:  # what is due for a key is left, where its token cannot be told
            raise FailedPrecondition(error.message) from None

    def pin(token: Pkcs11Uri) -> bytes | str:
        from kmsctl.cli import hsm_settings
        from kmsctl.cli.failures import CommandError
        from kmsctl.errors import TokenPinError

        try:
            return hsm_settings.pin(properties, token)
        except CommandError as error:  # another protector may still open the store
            raise TokenPinError(error.message) from None

    def allow_software_oaep_unpadding() -> bool:
        return bool(properties.flag("hsm/allow_software_oaep_unpadding"))

    return HsmOptions(uri, pin, allow_software_oaep_unpadding=allow_software_oaep_unpadding)


def configured_tokens(properties: Properties) -> tuple[tuple[str, str], ...]:
    """Returns the settings of tokens as they are written, unchecked: good for telling one from another."""
    return tuple(item for item in sorted(properties.stored().items()) if item[0].startswith("hsm/"))


def protectors(paths: Paths) -> list[str]:
    """Returns what protects the root key, as far as the files say; nothing if there is no store yet."""
    from kmsctl.errors import KmsError
    from kmsctl.keystore.enrolment import listed
    from kmsctl.keystore.slots import Slots

    directory = secrets_directory(paths)
    try:
        slots = Slots.load(directory)
    except KmsError as error:
        return [error.message]
    return [f"{each.type}: {each.detail}" for each in listed(directory, slots)]


def has_store(paths: Paths) -> bool:
    """Tells whether there are the secrets of a store, or something in their place."""
    return os.path.lexists(secrets_directory(paths))


def check_store(paths: Paths) -> None:
    """Refuses to call a store whole that is not there: it may be looked for in a wrong place.

    Raises:
        FailedPrecondition: if there is none.
    """
    if not has_store(paths):
        raise FailedPrecondition(
            f"There is no store in {paths.data}.",
            hint="If there should be one, it is elsewhere: see KMSCTL_HOME, HOME and kmsctl info.",
        )
