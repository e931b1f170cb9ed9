"""Opens the service in this process, where the settings say it is."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.cli.paths import Paths
    from kmsctl.cli.properties import Properties
    from kmsctl.model.pkcs11_uri import Pkcs11Uri
    from kmsctl.service.kms import Kms
    from kmsctl.service.tokens import HsmOptions

#: Where root key and anchor lie in the configuration directory: beside the properties, not among them.
SECRETS = "store"


def secrets_directory(paths: Paths) -> str:
    return os.path.join(paths.config, SECRETS)


def open_kms(paths: Paths, properties: Properties, warn: Callable[[str], None]) -> Kms:
    """Returns the service over the store at `paths`. Nothing is read or made before the first call.

    Args:
        paths: where the store is.
        properties: the settings.
        warn: says something that a person should know.
    """
    from kmsctl.service.kms import Kms

    hsm = hsm_options(properties)
    window = properties.get("kms/destroy_scheduled_duration")
    if window is None:
        return Kms(paths.data, secrets_directory(paths), hsm=hsm, warn=warn)
    from kmsctl.model.durations import parse_duration

    duration = parse_duration(window)
    return Kms(paths.data, secrets_directory(paths), destroy_scheduled_duration=duration, hsm=hsm, warn=warn)


def hsm_options(properties: Properties) -> HsmOptions:
    """Returns how HSM keys are reached. No setting is read, and no PIN asked for, before it is needed."""
    from kmsctl.service.tokens import HsmOptions

    def uri(project: str, location: str) -> Pkcs11Uri | None:
        from kmsctl.cli import hsm_settings

        return hsm_settings.uri(properties, project, location)

    def pin(token: Pkcs11Uri) -> bytes | str:
        from kmsctl.cli import hsm_settings

        return hsm_settings.pin(properties, token)

    def allow_software_oaep_unpadding() -> bool:
        return bool(properties.flag("hsm/allow_software_oaep_unpadding"))

    return HsmOptions(uri, pin, allow_software_oaep_unpadding=allow_software_oaep_unpadding)


def configured_tokens(properties: Properties) -> tuple[tuple[str, str], ...]:
    """Returns the settings of tokens as they are written, unchecked: good for telling one from another."""
    return tuple(item for item in sorted(properties.stored().items()) if item[0].startswith("hsm/"))


def root_key_file(paths: Paths) -> str | None:
    """Returns the file that holds the root key, or None if there is no store yet."""
    from kmsctl.keystore.keystore import ROOT_KEY_FILE

    path = os.path.join(secrets_directory(paths), ROOT_KEY_FILE)
    return path if os.path.exists(path) else None
