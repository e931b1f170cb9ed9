"""Opens the service in this process, where the settings say it is."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.cli.paths import Paths
    from kmsctl.cli.properties import Properties
    from kmsctl.keystore.ports import Asking
    from kmsctl.service.kms import Kms

#: Where root key and anchor lie in the configuration directory: beside the properties, not among them.
SECRETS = "store"


def secrets_directory(paths: Paths) -> str:
    return os.path.join(paths.config, SECRETS)


def open_kms(paths: Paths, properties: Properties, ask: Callable[[], Asking] | None = None) -> Kms:
    """Returns the service over the store at `paths`. Nothing is read or made before the first call.

    `ask` returns who is asked for what opens the store, where its root key has no file.
    """
    from kmsctl.service.kms import Kms

    window = properties.get("kms/destroy_scheduled_duration")
    if window is None:
        return Kms(paths.data, secrets_directory(paths), ask=ask)
    from kmsctl.model.durations import parse_duration

    duration = parse_duration(window)
    return Kms(paths.data, secrets_directory(paths), destroy_scheduled_duration=duration, ask=ask)


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
