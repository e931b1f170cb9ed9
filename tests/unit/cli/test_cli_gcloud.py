"""The same command lines for gcloud and for kmsctl: usage, errors of the parser, exit statuses.

gcloud refuses these before it needs an account or a network.
"""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kmsctl.cli import hints, usage
from kmsctl.cli.failures import UsageError
from kmsctl.cli.group import load
from kmsctl.cli.main import run
from kmsctl.cli.session import Session
from kmsctl.cli.tree import COMMANDS

pytestmark = [
    pytest.mark.gcloud,
    pytest.mark.skipif(shutil.which("gcloud") is None, reason="there is no gcloud here"),
]

OTHERS = frozenset(("config", "info", "quickstart", "store", "version"))
REFUSED = (
    "keys create",
    "keys create k --foo --rotation-period=1h",
    "keys create k --import-only=true",
    "keys create k --purpose=encryption --destroy-scheduled-duration=121d",
    "keys create k --purpose=encryption --labels=A=b",
    "keys create k --purpose=encryption --next-rotation-time=abc",
    "keys list",
    "keys list --keyring",
    "keys list --keyring=r --limit -1",
    "keys list --location=l",
    "keys list --keyring=r --quiet=1",
    "keys set-primary-version --version=1",
    "keys update --clear-labels --remove-labels=a",
    "keys versions describe",
    "keys --keyring=r list",
    "keyrings list",
    "encrypt keys",
    "keys create k --purpose=mac --default-algorithm=HMAC-SHA256",
    "keys create k --purpose=signing",
    "keys versions get-public-key",
    "keys versions get-certificate-chain 1 --certificate-chain-type=none",
    "asymmetric-sign",
    "asymmetric-sign --input-file=a --signature-file=b --digest-algorithm=md5",
    "asymmetric-decrypt --plaintext-file=a",
    "mac-sign --input-file=a",
    "mac-verify --signature-file=a",
    "raw-encrypt --plaintext-file=a --ciphertext-file=b",
    "raw-decrypt --version=1",
)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "TERM": "dumb"}


def gcloud(arguments: list[list[str]], environment: dict[str, str]) -> list[subprocess.CompletedProcess[str]]:
    def one(args: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["gcloud", "kms", *args], env=environment, capture_output=True, text=True, check=False
        )

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, arguments))


def as_ours(text: str) -> str:
    return text.replace("gcloud kms", "kmsctl").replace("gcloud.kms", "kmsctl")


def test_usage_and_flags_are_gcloud_s(environment: dict[str, str]) -> None:
    commands = [words for words in sorted(COMMANDS) if words[0] not in OTHERS]
    told = gcloud([[*words, "-h"] for words in commands], environment)
    compared = 0
    for words, theirs in zip(commands, told, strict=True):
        if theirs.returncode == 2 and ") Invalid choice: " in theirs.stderr:
            # This gcloud does not have the command.
            continue
        compared += 1
        command = load(words)
        assert usage.of_command(command).partition("\n")[0] == as_ours(theirs.stdout).partition("\n")[0]
        flags = {word for word in theirs.stdout.split() if word.startswith("--") and "=" not in word}
        known = {spelling for flag in command.flags for spelling in flag.opts}
        assert flags <= known | {"--help"}, words
    assert compared > 20


def test_what_does_not_parse_is_told_in_the_same_words(environment: dict[str, str], tmp_path: Path) -> None:
    told = gcloud([line.split() for line in REFUSED], environment)
    for line, theirs in zip(REFUSED, told, strict=True):
        assert theirs.returncode == 2
        with pytest.raises(UsageError) as caught:
            run(line.split(), Session({"KMSCTL_HOME": str(tmp_path)}))
        ours = f"ERROR: {hints.misused(caught.value)}"
        assert ours.partition("\n")[0] == as_ours(theirs.stderr).partition("\n")[0]
