"""The reports of verify and repair."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.storage.repair.findings import Finding, Verification, printable

DAMAGE = Finding("index", "000001.faiss", "it is short", "run: wherein repair")
NOTE = Finding("log", "catalog.db-wal", "2 commits in it", "nothing to do", harmless=True)


@pytest.mark.parametrize(
    ("findings", "damaged"), [((), False), ((NOTE,), False), ((DAMAGE,), True), ((NOTE, DAMAGE, NOTE), True)]
)
def test_only_what_is_not_harmless_is_damage(findings: tuple[Finding, ...], damaged: bool) -> None:
    assert Verification(findings, {}).damaged is damaged


def test_a_finding_is_damage_unless_it_is_called_harmless() -> None:
    assert not DAMAGE.harmless


def test_a_byte_that_is_no_utf8_is_written_as_an_escape() -> None:
    assert printable(b"f\xe9.txt".decode("utf-8", "surrogateescape")) == r"f\udce9.txt"


@given(st.text())
def test_sound_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@given(st.binary())
def test_any_bytes_can_be_printed_and_put_into_json(raw: bytes) -> None:
    text = printable(raw.decode("utf-8", "surrogateescape"))
    assert json.loads(json.dumps(text, ensure_ascii=False).encode()) == text
