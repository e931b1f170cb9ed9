"""docs/algorithms.md is what it is generated from, and that is what the backend does."""

from __future__ import annotations

from kmsctl.crypto.software import SoftwareBackend
from kmsctl.model.algorithms import ALGORITHMS, SOFTWARE
from tests.meta import algorithms


def test_the_document_is_fresh() -> None:
    assert algorithms.DOCUMENT.read_text("utf-8") == algorithms.document(), (
        "run: python -m tests.meta.algorithms"
    )


def test_every_algorithm_has_one_row() -> None:
    rows = [line.split(" | ")[1] for line in algorithms.document().splitlines() if line.startswith("| `")]
    assert [row for row in rows if row != "API"] == [each.enum for each in ALGORITHMS], (
        "in the order of the table"
    )


def test_nothing_is_claimed_that_no_library_has() -> None:
    backend = SoftwareBackend()
    needs = algorithms.needs()
    for algorithm in ALGORITHMS:
        missing = backend.unavailable_reason(algorithm)
        if needs[algorithm.enum] == "—":
            assert missing is None, algorithm
        if missing is not None and SOFTWARE in algorithm.protection_levels:
            assert needs[algorithm.enum].startswith(("**not available**", "`pqcrypto")), algorithm


def test_hiding_libraries_leaves_them_as_they_were() -> None:
    backend = SoftwareBackend()
    before = [backend.unavailable_reason(each) for each in ALGORITHMS]
    with algorithms.bare_libraries():
        assert [backend.unavailable_reason(each) for each in ALGORITHMS] != before
    assert [backend.unavailable_reason(each) for each in ALGORITHMS] == before
