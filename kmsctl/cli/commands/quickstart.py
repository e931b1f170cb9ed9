"""``kmsctl quickstart``: the main job, on a real file, with every command line shown."""

from __future__ import annotations

import os

from kmsctl.cli import terminal
from kmsctl.cli.commands.encrypt import MAX_PLAINTEXT
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import STDIO, Inputs
from kmsctl.errors import AlreadyExists, NotFound
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

RING = "quickstart"
KEY = "demo"
LOCATION = "global"
_SAMPLE = b"user: app\npassword: correct horse battery staple\n"


def quickstart() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "quickstart",
        run,
        [
            options.Positional(
                "file",
                "File to encrypt, at most 64 KiB; a sample if not given.",
                metavar="FILE",
                required=False,
            ),
            *options.plain_flags("location"),
        ],
        about=f"""
            Makes a key ring and a key, encrypts a file, rotates the key, decrypts the ciphertext with
            the rotated key, and compares. Each command line is printed before it is run, and can be
            copied.

            The key ring is {RING}, in the location of --location, or of the property kms/location,
            or in {LOCATION}. Each run makes a key of its own. What it writes is in a new directory,
            which is named at the end.
        """,
        examples=[("To see it done with a file of yours:", "quickstart secret.txt")],
    )


def run(session: Session, args: Args) -> None:
    import tempfile

    location = args["location"] or session.properties.get("kms/location") or LOCATION
    ring = KeyRingName(LocationName(session.project, location), RING)
    if args["file"] == STDIO:
        raise CommandError("Invalid value for [FILE]: the file is read more than once; give it a name.")
    if args["file"]:
        # What cannot be encrypted is better known before a key is made for it.
        Inputs().read("FILE", args["file"], "plaintext", MAX_PLAINTEXT)
    directory = tempfile.mkdtemp(prefix="kmsctl-quickstart-")
    source = args["file"] or _write_sample(directory)
    encrypted, decrypted = (os.path.join(directory, name) for name in ("secret.enc", "secret.out"))
    steps = _Steps(session)

    steps.say(f"A key ring groups keys of one location, here {location}:")
    steps.run_unless_there("keyrings", "create", RING, f"--location={location}")
    key = _free_name(session, ring)
    steps.say("A key in it, with a first version that encrypts:")
    place = (f"--keyring={RING}", f"--location={location}")
    steps.run("keys", "create", key, *place, "--purpose=encryption")
    steps.say("Encrypt a file:")
    where = (f"--key={key}", *place)
    steps.run("encrypt", *where, f"--plaintext-file={source}", f"--ciphertext-file={encrypted}")
    steps.say("Rotate the key: a new version becomes the primary, which encrypts from now on:")
    steps.run("keys", "versions", "create", *where, "--primary")
    steps.run("keys", "versions", "list", *where)
    steps.say("Decrypt what the older version encrypted. The version is found in the ciphertext:")
    steps.run("decrypt", *where, f"--ciphertext-file={encrypted}", f"--plaintext-file={decrypted}")
    _compare(source, decrypted)
    steps.say(
        "The decrypted file is the same as the original, byte for byte.",
        f"files: {directory}",
        f"store: {session.paths.data}",
        "more:  kmsctl --help",
    )


class _Steps:
    """Runs command lines in the session, and shows each before."""

    def __init__(self, session: Session) -> None:
        self._session = session
        # Each step prints as it does by itself: --format is this command's.
        unused = ("format", "flatten")
        self._settings = {name: session.settings[name] for name in session.settings if name not in unused}
        self._prefix = ["kmsctl"]
        for name in ("project", "account"):
            if name in self._settings:
                self._prefix.append(f"--{name}={self._settings[name]}")

    def say(self, *lines: str) -> None:
        if self._session.user_output:
            terminal.write_text("".join(["\n", *(f"# {line}\n" for line in lines)]))

    def run(self, *words: str) -> None:
        import shlex

        from kmsctl.cli.main import run as run_line

        if self._session.user_output:
            terminal.write_text(f"$ {shlex.join([*self._prefix, *words])}\n")
        self._session.settings = dict(self._settings)
        run_line(list(words), self._session)

    def run_unless_there(self, *words: str) -> None:
        try:
            self.run(*words)
        except AlreadyExists:
            self.say("It is there already, from an earlier run.")


def _free_name(session: Session, ring: KeyRingName) -> str:
    """Returns the name of a key that is not there yet: demo, demo-2, demo-3, ..."""
    number, name = 1, KEY
    while True:
        try:
            session.kms.get_crypto_key(session.context, CryptoKeyName(ring, name))
        except NotFound:
            return name
        number += 1
        name = f"{KEY}-{number}"


def _write_sample(directory: str) -> str:
    from kmsctl.store.files import write_new

    path = os.path.join(directory, "secret.txt")
    write_new(path, _SAMPLE)
    return path


def _compare(original: str, copy: str) -> None:
    with open(original, "rb") as first, open(copy, "rb") as second:
        if first.read() != second.read():
            raise CommandError(
                f"{copy} differs from {original}. This is a defect of kmsctl; please report it."
            )
