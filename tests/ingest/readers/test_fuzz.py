"""Whatever is done to a file, it is read or refused with a reason. `bench/fuzz.py` does this at length."""

import os
import random

import pytest

import mutations

# Every text is read; only one without any letter is refused.
NEVER_REFUSED = {"plain", "markdown", "restructured", "json", "subtitles", "ass", "notebook"}
ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "120"))


KINDS = sorted({**mutations.OFFICE, **mutations.OTHERS})
ALWAYS = {"csv", "html", "mail", "markdown", "pdf", "plain", "zip"}


@pytest.mark.parametrize(
    "kind", [kind if kind in ALWAYS else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
)
def test_damaged_files_are_read_or_refused(kind: str) -> None:
    name, data, mutated = {**mutations.OFFICE, **mutations.OTHERS}[kind]
    assert mutations.check(name, data)[0] > 0
    read = refused = 0
    for number in range(ROUNDS):
        documents, problems, _ = mutations.check(name, mutated(data, random.Random(f"{kind} {number}")))
        read += documents > 0
        refused += problems > 0
    assert read > 0
    assert refused > 0 or kind in NEVER_REFUSED
