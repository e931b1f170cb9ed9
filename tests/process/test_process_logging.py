"""Several processes write to one log, while others export and verify it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kmsctl.model.names import ProjectName
from kmsctl.model.policies import AuditConfig, Policy
from kmsctl.model.requests import EncryptRequest
from kmsctl.service import log_proof
from tests.process.expected import CTX
from tests.process.forked import run_all
from tests.process.test_process_races import KEY, open_kms, with_key

if TYPE_CHECKING:
    from pathlib import Path

    from tests.process.forked import Send, Task

WRITERS = 8
CALLS = 12


def test_exports_while_eight_processes_write_are_verified(tmp_path: Path) -> None:
    kms = with_key(tmp_path)
    config = AuditConfig("allServices", {"DATA_READ": ()})
    project = ProjectName(KEY.parent.parent.project)
    kms.set_iam_policy(CTX, project, Policy([], [config]), ["auditConfigs"])
    pem = "".join(each.public_key for each in kms.describe_logs(CTX)).encode()
    kms.close()

    def write(send: Send) -> None:
        own = open_kms(tmp_path)
        for _ in range(CALLS):
            own.encrypt(CTX, EncryptRequest(KEY, b"text"))
        send(CALLS)

    def export(send: Send) -> None:
        own = open_kms(tmp_path)
        sizes = []
        for _ in range(6):
            made = own.export_logs(CTX, KEY.parent.parent.location)
            lines = [line.encode() for line in made]
            checkpoint = "\n".join(made.checkpoints)
            assert [each.message for each in log_proof.verify(checkpoint, pem, lines)] == []
            assert [each.message for each in own.verify_logs(CTX, checkpoint=checkpoint)] == []
            sizes.append(len(lines))
        assert sizes == sorted(sizes)
        send(sizes[-1])

    tasks: list[Task] = [*[write] * WRITERS, export, export]
    run_all(tasks)
    kms = open_kms(tmp_path)
    assert [each.message for each in kms.verify_logs(CTX)] == []
    found = list(kms.list_log_entries(CTX, [project.project], "protoPayload.methodName=Encrypt"))
    assert len(found) == WRITERS * CALLS
    assert len({entry["insertId"] for entry in found}) == WRITERS * CALLS
    kms.close()
