"""How long commands take from start to end, as multiples of ``python3 -c pass`` in the same run.

Run from the top of the project, on a quiet machine:

    python -m tests.bench.start_up [--rounds 21]

It measures the kmsctl that the running Python imports, on a store in a temporary directory, and beside
it whatever is installed of gcloud (talking to a stub on the loopback address) and other programs.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import google_crc32c

from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms
from tests.bench.timing import Program, compare

KEYS = 40
PLACE = ("--location=us-east1", "--keyring=prod")


def kmsctl(label: str, home: Path, *arguments: str) -> Program:
    environment = {"KMSCTL_HOME": str(home), "KMSCTL_CORE_ACCOUNT": "bench@host"}
    return Program(label, [sys.executable, "-m", "kmsctl", *arguments], environment)


def make_store(home: Path) -> None:
    kms = Kms(str(home / "data"), str(home / "config" / "store"))
    ctx = Context("bench@host")
    ring = KeyRingName(LocationName("local", "us-east1"), "prod")
    kms.create_key_ring(ctx, ring)
    spec = CryptoKeySpec(purpose="ENCRYPT_DECRYPT", algorithm="GOOGLE_SYMMETRIC_ENCRYPTION")
    for number in range(KEYS):
        kms.create_crypto_key(ctx, CryptoKeyName(ring, f"key-{number:02}"), spec)
    kms.close()


def own_programs(home: Path) -> list[Program]:
    plain, sealed, opened = (str(home / name) for name in ("plain", "sealed", "opened"))
    Path(plain).write_bytes(b"a secret of a usual size")
    key = ("--key=key-01", *PLACE)
    encrypt = ("encrypt", *key, f"--plaintext-file={plain}", f"--ciphertext-file={sealed}")
    programs = [
        kmsctl("kmsctl version", home, "version"),
        kmsctl("kmsctl --help", home, "--help"),
        kmsctl("kmsctl encrypt", home, *encrypt),
        kmsctl(
            "kmsctl decrypt",
            home,
            "decrypt",
            *key,
            f"--ciphertext-file={sealed}",
            f"--plaintext-file={opened}",
        ),
        kmsctl(f"kmsctl keys list ({KEYS} keys)", home, "keys", "list", *PLACE),
        kmsctl("kmsctl keys list --format=value(name)", home, "keys", "list", *PLACE, "--format=value(name)"),
        kmsctl("kmsctl keys list --format=json", home, "keys", "list", *PLACE, "--format=json"),
        kmsctl("kmsctl keys describe", home, "keys", "describe", "key-01", *PLACE),
        kmsctl("kmsctl keys versions list", home, "keys", "versions", "list", *key),
        kmsctl("kmsctl --complete-names key (a Tab)", home, "--complete-names", "key", "key", *PLACE),
        kmsctl("kmsctl keyrings list", home, "keyrings", "list", "--location=us-east1"),
    ]
    return [
        *programs,
        Program("read 40 key names through the service", [sys.executable, "-c", READ, str(home)]),
    ]


#: What a Tab on a key's name has to do, without a command line in between.
READ = """
import sys
from kmsctl.model.names import KeyRingName, LocationName
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms
home = sys.argv[1]
kms = Kms(home + "/data", home + "/config/store")
ring = KeyRingName(LocationName("local", "us-east1"), "prod")
print(len(list(kms.list_crypto_keys(Context("bench@host"), ring, prefix="key", limit=40))))
"""


def installed_programs(home: Path) -> list[Program]:
    candidates = [
        Program("import click", [sys.executable, "-c", "import click"]),
        Program(
            "import AESGCM",
            [sys.executable, "-c", "from cryptography.hazmat.primitives.ciphers.aead import AESGCM"],
        ),
        Program("import sqlite3", [sys.executable, "-c", "import sqlite3"]),
        Program("openssl version", ["openssl", "version"]),
        Program("gpg --version", ["gpg", "--version"]),
        Program("age --version", ["age", "--version"]),
        Program("bao version", ["bao", "version"]),
    ]
    return [each for each in candidates if shutil.which(each.command[0])]


class Stub(BaseHTTPRequestHandler):
    """Answers Encrypt as Cloud KMS would, with the plaintext as ciphertext."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        ciphertext = base64.b64decode(request["plaintext"])
        key = self.path.partition("?")[0].removeprefix("/v1/").removesuffix(":encrypt")
        answer = {
            "name": key + "/cryptoKeyVersions/1",
            "ciphertext": request["plaintext"],
            "ciphertextCrc32c": str(google_crc32c.value(ciphertext)),
            "verifiedPlaintextCrc32c": True,
            "verifiedAdditionalAuthenticatedDataCrc32c": True,
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


def gcloud(home: Path, port: int) -> Program:
    token = home / "token"
    token.write_text("none")
    environment = {
        "CLOUDSDK_CONFIG": str(home / "gcloud"),
        "CLOUDSDK_CORE_PROJECT": "local",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS": f"http://127.0.0.1:{port}/",
    }
    files = [f"--plaintext-file={home / 'plain'}", f"--ciphertext-file={home / 'cloud'}"]
    return Program(
        "gcloud kms encrypt (loopback stub)",
        ["gcloud", "kms", "encrypt", "--key=key-01", *PLACE, *files],
        environment,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures how long commands take from start to end.")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--without-gcloud", action="store_true", help="it takes most of the time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kmsctl-bench-") as place:
        home = Path(place)
        make_store(home)
        programs = [*own_programs(home), *installed_programs(home)]
        server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        if shutil.which("gcloud") and not options.without_gcloud:
            programs.append(gcloud(home, server.server_port))
        compare(programs, rounds=options.rounds)
        server.shutdown()


if __name__ == "__main__":
    main()
