"""The sample of the files that are still to be read."""

from wherein.ingest.progress.sampler import FileSampler, PendingFile
from wherein.storage.catalog.sources import Source


def ahead(kind: str, size: int, number: int) -> PendingFile:
    return PendingFile(Source(1, "file:///docs", "path", (), None, ""), f"/docs/{number}{kind}", kind, size)


def test_few_files_are_sampled_and_each_once() -> None:
    outlook = FileSampler()
    for n in range(1_000):
        outlook.add(ahead(".txt", 1_000, n))
    outlook.add(ahead(".bin", 1 << 30, 1_000))
    for n in range(5):
        outlook.add(ahead(".md", 1_000, 2_000 + n))
    drawn = list(iter(outlook.draw, None))
    assert len({file.path for file in drawn}) == len(drawn) == 37
    outlook.sampled(drawn[0], {b"a": 10, b"b": 20})
    outlook.sampled(drawn[1], {b"a": 10})
    assert [sum(part) for part in zip(*outlook.by_kind().values(), strict=True)] == [2, 2_000, 40]
    outlook.embedded([b"a", b"c"])
    outlook.reached(drawn[1].path)
    assert [sum(part) for part in zip(*outlook.by_kind().values(), strict=True)] == [1, 1_000, 20]


def test_files_whose_turn_has_come_are_not_sampled() -> None:
    outlook = FileSampler()
    for n in range(12):
        outlook.add(ahead(".txt", 1, n))
    outlook.add(ahead(".big", 1_000, 12))
    drawn = outlook.draw()
    assert drawn is not None
    for n in range(12):
        outlook.reached(f"/docs/{n}.txt")
    assert outlook.draw() is None


def test_samples_are_a_tenth_of_all_bytes() -> None:
    sampler = FileSampler()
    for n in range(25):
        sampler.add(ahead(".txt", 1_000, n))
    assert sum(file.size for file in iter(sampler.draw, None)) == 2_000
