"""A sample of the recorded vectors against the gcloud that is installed, if one is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.gcloud,
    pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed"),
]

ANSWER = b'{"name": "projects/p-test/locations/global/keyRings/r/cryptoKeys/k"}'
VECTORS = Path(__file__).parents[2] / "vectors" / "model"
SAMPLES = [
    ("durations.json", "--rotation-period", "rotationPeriod", ("30d", "999999d", "1h")),
    ("datetimes.json", "--next-rotation-time", "nextRotationTime", ("2030-01-02T03:04:05.9996Z", "now")),
    ("labels.json", "--labels", "labels", ("^:^a=b:c=d", "key=Value")),
]


@pytest.fixture(scope="module")
def create_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], dict[str, Any]]]:
    """Runs ``gcloud kms keys create`` with one more flag; returns what it sends, or its error."""
    home = tmp_path_factory.mktemp("gcloud")
    (home / "token").write_text("none")
    bodies: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {
            **os.environ,
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS": f"http://127.0.0.1:{server.server_port}/",
            "CLOUDSDK_CONFIG": str(home),
            "CLOUDSDK_CORE_PROJECT": "p-test",
            "TERM": "dumb",
            "TZ": "UTC",
        }
        words = ["gcloud", "kms", "keys", "create", "k", "--keyring=r", "--location=global"]
        words += ["--purpose=encryption", f"--access-token-file={home / 'token'}"]

        def create(flag: str) -> dict[str, Any]:
            done = subprocess.run(
                [*words, flag],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0:
                return {"sent": bodies.pop()}
            _, _, error = done.stderr.partition(f" argument {flag.partition('=')[0]}: ")
            return {"error": error.partition("\nUsage:")[0]}

        yield create
        server.shutdown()


@pytest.mark.parametrize(
    ("vectors", "flag", "field", "text"),
    [(vectors, flag, field, text) for vectors, flag, field, texts in SAMPLES for text in texts],
)
def test_the_installed_gcloud_still_does_what_was_recorded(
    create_key: Callable[[str], dict[str, Any]], vectors: str, flag: str, field: str, text: str
) -> None:
    rows = json.loads((VECTORS / vectors).read_text("utf-8"))["rows"]
    row = next(row for row in rows if row["text"] == text)
    row = row.get("rotation_period", row)
    answer = create_key(f"{flag}={text}")
    if "sent" in row:
        assert answer["sent"][field] == row["sent"]
    else:
        assert answer["error"].strip() == row["error"]
