"""``kmsctl keys update``."""

from __future__ import annotations

from kmsctl.cli import output, resources
from kmsctl.cli.commands.keys_rotation import SCHEDULE
from kmsctl.cli.failures import CommandError
from kmsctl.errors import KmsError
from kmsctl.model.rest import crypto_key_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.model.resources import CryptoKey

#: In the order in which gcloud names them.
_CHANGING = (
    "primary-version",
    "update-labels",
    "remove-labels",
    "clear-labels",
    "rotation-period",
    "next-rotation-time",
    "remove-rotation-schedule",
    "default-algorithm",
    "allowed-access-reasons",
    "remove-key-access-justifications-policy",
)
#: Field of the update mask → how the API spells it.
_FIELDS = {
    "key_access_justifications_policy": "keyAccessJustificationsPolicy",
    "labels": "labels",
    "next_rotation_time": "nextRotationTime",
    "not_exportable": "notExportable",
    "rotation_period": "rotationPeriod",
    "version_template.algorithm": "versionTemplate.algorithm",
}


def update() -> Command:
    from kmsctl.cli import options, params
    from kmsctl.cli.command import Command

    command = Command(
        "keys update",
        run,
        [
            *options.resource("key", "keyring", "location"),
            options.rotation_period(),
            options.next_rotation_time(),
            options.switch("remove-rotation-schedule", "Remove the rotation schedule."),
            options.primary_version("primary-version"),
            options.default_algorithm(),
            options.flag(
                "update-labels", "Labels to add or change.", params.Labels(), metavar="[KEY=VALUE,...]"
            ),
            options.switch("clear-labels", "Remove all labels, before --update-labels adds any."),
            options.flag("remove-labels", "Keys of labels to remove.", params.Items(), metavar="[KEY,...]"),
            options.not_exportable(),
            options.allowed_access_reasons(),
            options.switch(
                "remove-key-access-justifications-policy",
                "Remove the Key Access Justifications policy: every reason will do.",
            ),
        ],
        about="""
            Changes what is named of a key, and nothing else. At least one change must be asked
            for.

            --allowed-access-reasons gives the key a Key Access Justifications policy: it may be
            used only for the reasons in it (--access-reason). Without one every reason will do.
        """,
        examples=[
            (
                "To change one label and remove another:",
                """
                keys update db --keyring=prod --location=us-east1 --update-labels=env=prod
                --remove-labels=team
                """,
            )
        ],
    )
    command.exclusive = [("clear-labels", "remove-labels")]
    return command


def run(session: Session, args: Args) -> None:
    reasons = args["allowed_access_reasons"]
    changing = (*_CHANGING, "not-exportable")
    if reasons is None and not any(_is_given(args[flag.replace("-", "_")]) for flag in changing):
        choices = " or ".join(f"--{flag}" for flag in _CHANGING)
        raise CommandError(f"At least one of {choices} must be specified.")
    if args["remove_rotation_schedule"] and any(args[field] is not None for field in SCHEDULE):
        raise CommandError("You cannot set and remove rotation schedule at the same time.")
    if reasons is not None and args["remove_key_access_justifications_policy"]:
        raise CommandError("You cannot set and remove a Key Access Justifications policy at the same time.")
    name = resources.key(session, args)
    primary = args["primary_version"] and resources.version_number(args["primary_version"])
    key = session.kms.get_crypto_key(session.context, name)
    changes = _changes(key, args)
    if primary:
        try:
            key = session.kms.update_crypto_key_primary_version(session.context, name, primary)
        except KmsError as error:
            raise _failed(error, done=[], left=["primaryVersion", *changes]) from None
    if changes:
        try:
            key = session.kms.update_crypto_key(session.context, name, changes)
        except KmsError as error:
            raise _failed(error, done=["primaryVersion"] if primary else [], left=list(changes)) from None
    output.show_silent(session, crypto_key_json(key))


def _is_given(value: object) -> bool:
    """An empty value asks for no change, except as a list of reasons; a time of 0 does."""
    return value is not None and value is not False and value not in ("", {}, [])


def _changes(key: CryptoKey, args: Args) -> dict[str, object]:
    """Returns what is to change, by field of the update mask."""
    changes: dict[str, object] = {}
    if args["remove_rotation_schedule"]:
        changes.update(dict.fromkeys(SCHEDULE))
    changes.update({field: args[field] for field in SCHEDULE if args[field] is not None})
    if args["not_exportable"]:
        changes["not_exportable"] = True
    labels = _labels(key.labels, args)
    if labels is not None:
        changes["labels"] = labels
    if args["default_algorithm"]:
        changes["version_template.algorithm"] = _algorithm(key, args["default_algorithm"])
    if args["allowed_access_reasons"] is not None or args["remove_key_access_justifications_policy"]:
        changes["key_access_justifications_policy"] = args["allowed_access_reasons"]
    return changes


def _labels(labels: Mapping[str, str], args: Args) -> dict[str, str] | None:
    """Clears, then removes, then updates; None if labels are not to change."""
    if not (args["clear_labels"] or args["remove_labels"] or args["update_labels"]):
        return None
    removed = args["remove_labels"] or ()
    kept = {} if args["clear_labels"] else {key: labels[key] for key in labels if key not in removed}
    return {**kept, **(args["update_labels"] or {})}


def _algorithm(key: CryptoKey, spelling: str) -> str:
    from kmsctl.cli.offers import algorithms

    fitting = {each.spelling: each.enum for each in algorithms() if each.purpose == key.purpose}
    if spelling not in fitting:
        raise CommandError(
            f"Update failed: Algorithm {spelling} is not valid. Here are the valid algorithm(s) for purpose "
            f"{key.purpose}: {', '.join(fitting)}"
        )
    return fitting[spelling]


def _failed(error: KmsError, *, done: list[str], left: list[str]) -> KmsError | CommandError:
    """Two requests may be needed: says which was carried out. gcloud keeps the reason to itself."""
    if len(done) + len(left) == 1:
        return error
    parts = [f"Field {_quoted(done)} was updated."] if done else []
    parts.append(f"Failed to update field(s) {_quoted(left)}.")
    hint = f"\n{error.hint}" if error.hint else ""
    return CommandError(f"An Error occurred: {' '.join(parts)}\n{error.status}: {error.message}{hint}")


def _quoted(fields: list[str]) -> str:
    return ", ".join(f"'{_FIELDS.get(field, field)}'" for field in fields)
