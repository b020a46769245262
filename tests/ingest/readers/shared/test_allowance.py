"""How much may be unpacked of one file."""

import gzip

import pytest

import office
from archives import refused, tar
from wherein.ingest.readers.shared import allowance


def test_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "GRACE", 100_000)
    words = b"word " * 40_000
    reason = "unpacks to more than 200 times its size (a bomb?); the rest was not read"
    assert refused(office.packed({"a.txt": "one", "b.txt": words, "c.txt": "three"})) == (["a.txt"], reason)
    assert refused(gzip.compress(tar({"a.txt": b"one", "b.txt": words})))[1] == reason
    inner = office.packed({f"{n}.txt": words[:80_000] for n in range(20)})
    keys, why = refused(office.packed({"a.txt": "one", "b.zip": inner, "c.txt": "three"}))
    assert (keys, why) == (["a.txt", "b.zip/0.txt"], reason)


def test_a_bomb_of_lines_is_read_as_far_as_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "GRACE", 100_000)
    lines = b'{"text": "again"}\n' * 20_000
    keys, reason = refused(gzip.compress(lines), "a.jsonl.gz")
    assert reason == "unpacks to more than 200 times its size (a bomb?); the rest was not read"
    assert 3_000 < len(keys) < 20_000


def test_the_total_and_the_number_of_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "TOTAL_LIMIT", 10_000)
    noise = bytes(range(33, 127)) * 80
    two = office.packed({"a.txt": noise, "b.txt": noise})
    assert refused(two) == (["a.txt"], "unpacks to more than 0 GB; the rest was not read")
    monkeypatch.undo()
    monkeypatch.setattr(allowance, "MEMBERS_LIMIT", 3)
    many = {f"{n}.txt": b"x" for n in range(5)}
    for data in (office.packed(many), tar(many)):
        assert refused(data) == (
            ["0.txt", "1.txt", "2.txt"],
            "more than 3 members; the rest were not read",
        )


def test_a_small_file_may_unpack_to_the_grace() -> None:
    left = allowance.Allowance(10)
    left.take(allowance.GRACE)
    with pytest.raises(allowance.LimitExceeded, match="unpacks to more than 200 times its size"):
        left.take(1)


def test_a_large_file_may_unpack_to_its_ratio_and_a_huge_one_to_the_total() -> None:
    left = allowance.Allowance(1 << 20)
    left.take(200 << 20)
    with pytest.raises(allowance.LimitExceeded, match="200 times its size"):
        left.take(1)
    left = allowance.Allowance(1 << 40)
    left.take(4 << 30)
    with pytest.raises(allowance.LimitExceeded, match="unpacks to more than 4 GB"):
        left.take(1)


def test_members_are_counted() -> None:
    left = allowance.Allowance(10)
    for _ in range(allowance.MEMBERS_LIMIT):
        left.take_member()
    with pytest.raises(allowance.LimitExceeded, match="more than 100,000 members; the rest were not read"):
        left.take_member()
