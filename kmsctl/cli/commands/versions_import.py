"""``kmsctl keys versions import``."""

from __future__ import annotations

from kmsctl.cli import key_files, output, resources
from kmsctl.cli.commands.import_jobs_wrap import MAX_PUBLIC_KEY
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import Inputs
from kmsctl.errors import InvalidArgument
from kmsctl.model.import_methods import MAX_WRAPPED_KEY
from kmsctl.model.import_requests import ImportCryptoKeyVersionRequest
from kmsctl.model.rest import crypto_key_version_json
from kmsctl.model.states import ACTIVE, IMPORT_FAILED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.model.resources import ImportJob

_OLD_FLAG = "--rsa-aes-wrapped-key-file"


def import_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    command = Command(
        "keys versions import",
        run,
        [
            *options.plain_flags("key", "keyring", "location", "version"),
            options.import_algorithm(),
            options.flag("import-job", "Import job: its ID or full resource name.", required=True),
            options.input_file("target-key-file", "key, which is wrapped here,"),
            options.input_file("wrapped-key-file", "wrapped key"),
            options.input_file("rsa-aes-wrapped-key-file", "wrapped key (older name of --wrapped-key-file)"),
            options.input_file("public-key-file", "public key of the import job, instead of asking for it,"),
            *key_files.passphrase_flags(),
        ],
        about="""
            Imports a key of one's own as a new version of a key, or with --version into a version
            that was imported before and is destroyed or failed: the same key only.

            --target-key-file holds the bytes of a symmetric or MAC key, or a private key as PKCS#8 in PEM
            or DER, which may be encrypted. It is wrapped before it is sent. --wrapped-key-file
            holds one that was wrapped elsewhere: see kmsctl import-jobs wrap.

            An imported version does not become the primary version by itself.

            If the key cannot be unwrapped, or is no key of the --algorithm, the version is there
            with state IMPORT_FAILED and the reason, and the exit status is 1.
        """,
        examples=[
            (
                "To import a key:",
                """
                keys versions import --key=db --keyring=prod --location=us-east1 --import-job=bring
                --algorithm=google-symmetric-encryption --target-key-file=db.key
                """,
            ),
            (
                "To import what was wrapped on another machine:",
                """
                keys versions import --key=release --keyring=prod --location=us-east1 --import-job=bring
                --algorithm=ec-sign-p256-sha256 --wrapped-key-file=key.wrapped
                """,
            ),
        ],
    )
    command.exclusive = [key_files.EXCLUSIVE]
    return command


def run(session: Session, args: Args) -> None:
    from kmsctl.model import algorithms
    from kmsctl.model.import_methods import by_enum

    algorithm = algorithms.by_spelling(args["algorithm"])
    version = resources.plain_version(session, args) if args["version"] else None
    parent = version.parent if version is not None else resources.plain_key(session, args)
    name = resources.import_job_beside(parent, args["import_job"])
    inputs = Inputs()
    given = _wrapped(session, args, inputs)
    material = b"" if given is not None else key_files.read(session, args, inputs, algorithm)
    job = session.kms.get_import_job(session.context, name)
    if job.state != ACTIVE:
        raise CommandError(
            f"Invalid value for [import-job]: Import job [{name}] is not active (state is {job.state})."
        )
    _check_public_key(args, inputs, job)
    by_enum(job.import_method).check_takes(algorithm)
    request = ImportCryptoKeyVersionRequest(
        parent,
        algorithm=algorithm.enum,
        import_job=name,
        wrapped_key=_wrap(job, material) if given is None else given,
        crypto_key_version=version,
    )
    imported = session.kms.import_crypto_key_version(session.context, request)
    output.show(session, crypto_key_version_json(imported))
    if imported.state == IMPORT_FAILED:
        raise CommandError(
            f"The import failed: {imported.import_failure_reason}.\n"
            f"To import into the same version again, add --version={imported.name.number}."
        )
    if version is None and algorithm.purpose == algorithms.ENCRYPT_DECRYPT:
        session.status(
            f"Version [{imported.name.number}] does not become the primary version by itself: see kmsctl "
            "keys set-primary-version."
        )


def _wrapped(session: Session, args: Args, inputs: Inputs) -> bytes | None:
    """Returns the wrapped key that was given, or None if there is one to be wrapped."""
    new, old = args["wrapped_key_file"], args["rsa_aes_wrapped_key_file"]
    if old:
        session.log(
            "warning",
            f"The {_OLD_FLAG} flag is deprecated but will continue to be supported. Prefer to use the "
            "--wrapped-key-file flag instead.",
        )
    if new and old:
        raise CommandError(
            f"One of arguments [--wrapped-key-file, {_OLD_FLAG}] is required: Either wrapped-key-file or "
            "rsa-aes-wrapped-key-file should be provided."
        )
    if bool(new or old) == bool(args["target_key_file"]):
        raise CommandError(
            f"One of arguments [--target-key-file, --wrapped-key-file/{_OLD_FLAG}] is required: Either a "
            "pre-wrapped key or a key to be wrapped must be provided."
        )
    if not (new or old):
        return None
    return inputs.read("--wrapped-key-file" if new else _OLD_FLAG, new or old, "wrapped key", MAX_WRAPPED_KEY)


def _check_public_key(args: Args, inputs: Inputs, job: ImportJob) -> None:
    """Refuses a public key that is not the import job's: nothing that it wraps could be imported."""
    if not args["public_key_file"]:
        return
    from kmsctl.crypto.import_wrapping import read_public_key

    given = inputs.read("--public-key-file", args["public_key_file"], "public key", MAX_PUBLIC_KEY)
    if read_public_key(given) != read_public_key((job.public_key or "").encode()):
        raise InvalidArgument(
            f"The public key in [{args['public_key_file']}] is not that of ImportJob {job.name}.",
            hint="Leave --public-key-file out to have the import job's.",
        )


def _wrap(job: ImportJob, material: bytes) -> bytes:
    from kmsctl.crypto.import_wrapping import wrap
    from kmsctl.model.import_methods import by_enum

    return wrap(by_enum(job.import_method), (job.public_key or "").encode(), material)
