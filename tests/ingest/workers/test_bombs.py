"""A file that would take all memory or time is refused with a reason, and the files beside it are read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bombs import BOMBS
from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.workers.parse import Job
from wherein.ingest.workers.pool import Pool

TOO_MUCH = "needs more than 2 GB of memory to read"
BOMB = "unpacks to far more than such a document holds (a ZIP bomb?)"
RATIO = "unpacks to more than 200 times its size (a bomb?); the rest was not read"
DAMAGED = "damaged or truncated"
ENTITIES = "declares entities, as XML bombs do; no document needs them"
REFUSED = {
    "far-cell.xlsb": TOO_MUCH,
    "claims-all.xls": TOO_MUCH,
    "farthest-cell.xls": TOO_MUCH,
    "huge.png": "PNG image of more than 178 million pixels",
    "claims.tiff": "TIFF image of more than 178 million pixels",
    "pages.tiff": "TIFF image of more than 2,000 pages; split it to read it",
    "groups.rtf": "groups are nested more than 10,000 deep",
    "packed.docx": BOMB,
    "packed.odt": BOMB,
    "packed.ods": BOMB,
    "packed.xlsx": BOMB,
    "packed.xlsb": BOMB,
    "packed.pptx": BOMB,
    "packed.mhtml.gz": RATIO,
    "packed.emlx": RATIO,
    "packed-docx.emlx": BOMB,
    "nested.eml": "the parts of the message are nested too deeply",
    "nested-messages.eml": "the parts of the message are nested too deeply",
    "laughs.fb2": f"the book {ENTITIES}",
    "laughs.fodt": f"content.xml {ENTITIES}",
    "deep.fb2": f"{DAMAGED}: the book is not well-formed XML (line 4)",
    "loop.xls": DAMAGED,
    "claims-sectors.xls": DAMAGED,
    "claims-sectors.doc": DAMAGED,
    "claims-sectors.msg": DAMAGED,
}
READ = {
    "claims-a-sheet.xlsx": "word",
    "far-cell.xlsx": "word",
    "claims-a-sheet.xlsb": "word",
    "claims-a-sheet.xls": "word",
    "far-cell.xls": "word",
    "loop.doc": "word word",
    "loop.ppt": "The plan",
    "loop.msg": "Cold boiler",
    "bin.rtf": "One word.",
    "bins.rtf": "One word.",
    "packed.epub": "It was a house.",
    "nested.mhtml": "Kalt",
    "deep-whole.fb2": "Жил-был кот.",
    "deep-whole.json": '[{"text": [[[',
}
"""What is found in files that only look as if they were large."""


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(1)
    yield pool
    pool.close()


def outcome(pool: Pool, folder: Path, name: str) -> tuple[str, str]:
    """Return the text and the reasons of a file, which is read between two others."""
    for each, data in (("before.txt", b"Before."), (name, BOMBS[name]()), ("after.txt", b"After.")):
        (folder / each).write_bytes(data)
    before, bomb, after = [pool.submit(Job(str(folder / each))) for each in ("before.txt", name, "after.txt")]
    assert items(before) == ["Before."]
    found = items(bomb)
    assert items(after) == ["After."]
    texts = [each for each in found if isinstance(each, str)]
    return "\n".join(texts), "; ".join(each.reason for each in found if isinstance(each, Problem))


def items(task) -> list[str | Problem]:  # type: ignore[no-untyped-def]
    opened = task.opened()
    if opened.trouble:
        return [Problem("", opened.trouble.reason)]
    found: list[str | Problem] = []
    try:
        found += [item.text if isinstance(item, Document) else item for item in task.documents()]
    except Unreadable as problem:
        found.append(Problem("", str(problem)))
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_a_bomb_costs_itself(pool: Pool, tmp_path: Path, name: str) -> None:
    assert outcome(pool, tmp_path, name)[1] == REFUSED[name]


@pytest.mark.parametrize("name", READ)
def test_a_file_that_only_looks_large_is_read(pool: Pool, tmp_path: Path, name: str) -> None:
    text, reasons = outcome(pool, tmp_path, name)
    assert READ[name] in text
    assert reasons == ""
