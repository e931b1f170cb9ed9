"""``kmsctl import-jobs wrap``: needs the public key of an import job, and no store."""

from __future__ import annotations

from kmsctl.cli import key_files, output, terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import Inputs, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.model.algorithms import Algorithm

MAX_PUBLIC_KEY = 65536


def wrap() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    command = Command(
        "import-jobs wrap",
        run,
        [
            options.import_method(),
            options.import_algorithm(),
            options.input_file("public-key-file", "public key of the import job", required=True),
            options.input_file("target-key-file", "key to wrap"),
            options.switch("generate", "Make a new key instead of reading one; only its wrapping is kept."),
            *key_files.passphrase_flags(),
            options.output_file("wrapped-key-file", "wrapped key"),
        ],
        about="""
            Wraps a key with the public key of an import job, for keys versions import. It reads no
            store and calls nobody, so it can run on a machine without a network that the key never
            leaves. The key is checked: it must be a sound key of the --algorithm.

            The key file holds the bytes of a symmetric or MAC key, or a private key as PKCS#8 in PEM or
            DER. If that is encrypted, its passphrase is asked for.

            The wrapped key is no secret: only the import job can open it.
        """,
        examples=[
            (
                "To wrap a private key:",
                """
                import-jobs wrap --import-method=rsa-oaep-3072-sha256-aes-256 --public-key-file=bring.pem
                --algorithm=ec-sign-p256-sha256 --target-key-file=key.pem --wrapped-key-file=key.wrapped
                """,
            ),
            (
                "To make a key that nobody has seen:",
                """
                import-jobs wrap --import-method=rsa-oaep-3072-sha256-aes-256 --public-key-file=bring.pem
                --algorithm=google-symmetric-encryption --generate --wrapped-key-file=key.wrapped
                """,
            ),
        ],
    )
    command.exclusive = [("target-key-file", "generate"), key_files.EXCLUSIVE]
    return command


def run(session: Session, args: Args) -> None:
    from kmsctl.crypto import import_wrapping
    from kmsctl.model import algorithms, import_methods

    if not args["target_key_file"] and not args["generate"]:
        raise CommandError("One of arguments [--target-key-file, --generate] is required.")
    algorithm = algorithms.by_spelling(args["algorithm"])
    method = import_methods.by_spelling(args["import_method"])
    method.check_takes(algorithm)
    inputs = Inputs()
    public = inputs.read("--public-key-file", args["public_key_file"], "public key", MAX_PUBLIC_KEY)
    key = None if args["generate"] else key_files.read(session, args, inputs, algorithm)
    target = Output("--wrapped-key-file", args["wrapped_key_file"], private=False, inputs=inputs)
    import_wrapping.read_public_key(public)
    material = _generated(session, algorithm) if key is None else _sound(algorithm, key)
    target.write(import_wrapping.wrap(method, public, material))
    output.show_nothing(session, stdout_taken=target.is_stdout)


def _generated(session: Session, algorithm: Algorithm) -> bytes:
    from kmsctl.crypto.software import SoftwareBackend

    with terminal.Working(
        "Generating the key", visible=session.user_output and algorithm.secret_size is None
    ):
        return SoftwareBackend().generate(algorithm).secret


def _sound(algorithm: Algorithm, material: bytes) -> bytes:
    """Returns the material, unless it is of the right type and size but no key."""
    from kmsctl.crypto import foreign_keys
    from kmsctl.crypto.software import SoftwareBackend
    from kmsctl.errors import InvalidArgument

    try:
        SoftwareBackend().check_material(algorithm, material)
    except InvalidArgument:
        raise InvalidArgument(foreign_keys.unsound(algorithm)) from None
    return material
