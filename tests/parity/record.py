"""Runs the command lines on gcloud and records what it prints: ``python -m tests.parity.record [SUBSTRING]``.

gcloud talks to a stub of the API on the loopback address, which answers from the same store that kmsctl is then
tested on. With a substring only the lines that have it are run again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from tests.parity import scene
from tests.parity.commands import RECORDED, lines, masked, recorded, words
from tests.parity.rest_stub import Server

WORKERS = 2


def run_line(line: str, made: Path, config: Path) -> dict[str, object]:
    """Runs a line on a copy of the scene and returns what came out of it."""
    with tempfile.TemporaryDirectory(prefix="kmsctl-parity-") as place:
        shutil.copytree(made, place, dirs_exist_ok=True)
        kms = scene.open_kms(Path(place) / "home")
        server = Server(kms)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": place,
            "TERM": "dumb",
            "CLOUDSDK_CONFIG": str(config),
            "CLOUDSDK_CORE_PROJECT": scene.PROJECT,
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(config / "token"),
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS": f"http://127.0.0.1:{server.server_port}/",
        }
        done = subprocess.run(
            ["gcloud", "kms", *words(line)],
            cwd=Path(place) / "files",
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        server.shutdown()
        kms.close()
        sys.stderr.write(".")
        return {"exit": done.returncode, "stdout": masked(done.stdout.decode())}


def main(arguments: list[str]) -> None:
    wanted = [line for line in lines() if not arguments or arguments[0] in line]
    with tempfile.TemporaryDirectory(prefix="kmsctl-parity-") as place:
        made = Path(place) / "made"
        (made / "files").mkdir(parents=True)
        scene.build(made / "home", made / "files")
        configs: Queue[Path] = Queue()
        for number in range(WORKERS):
            config = Path(place) / f"gcloud-{number}"
            config.mkdir()
            (config / "token").write_text("none")
            configs.put(config)

        def one(line: str) -> dict[str, object]:
            config = configs.get()
            try:
                return run_line(line, made, config)
            finally:
                configs.put(config)

        with ThreadPoolExecutor(WORKERS) as pool:
            found = dict(zip(wanted, pool.map(one, wanted), strict=True))
    known = recorded() if arguments and RECORDED.exists() else {}
    known.update(found)
    kept = {line: known[line] for line in lines() if line in known}
    RECORDED.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    os.write(2, f"\n{len(found)} lines were run.\n".encode())


if __name__ == "__main__":
    main(sys.argv[1:])
