"""Opens the service in this process, where the settings say it is."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.paths import Paths
    from kmsctl.cli.properties import Properties
    from kmsctl.service.kms import Kms

#: Where root key and anchor lie in the configuration directory: beside the properties, not among them.
SECRETS = "store"


def secrets_directory(paths: Paths) -> str:
    return os.path.join(paths.config, SECRETS)


def open_kms(paths: Paths, properties: Properties) -> Kms:
    """Returns the service over the store at `paths`. Nothing is read or made before the first call."""
    from kmsctl.service.kms import Kms

    window = properties.get("kms/destroy_scheduled_duration")
    if window is None:
        return Kms(paths.data, secrets_directory(paths))
    from kmsctl.model.durations import parse_duration

    return Kms(paths.data, secrets_directory(paths), destroy_scheduled_duration=parse_duration(window))


def root_key_file(paths: Paths) -> str | None:
    """Returns the file that holds the root key, or None if there is no store yet."""
    from kmsctl.keystore.keystore import ROOT_KEY_FILE

    path = os.path.join(secrets_directory(paths), ROOT_KEY_FILE)
    return path if os.path.exists(path) else None


def has_store(paths: Paths) -> bool:
    """Tells whether there are the secrets of a store, or something in their place."""
    return os.path.lexists(secrets_directory(paths))
