"""A library for the page, with documents that mean well and some that do not; served once for all tests of a module."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdfs import pdf
from served import Served, serving
from toy import ToyEncoder
from wherein.library import Library
from wherein.server.settings import Settings

HOSTILE = "<img src=x onerror='window.hacked=1'>.txt"
FILES = {
    "house/lease.md": (
        "---\nauthor: Anna Miller\ntags: [house, contracts]\n---\n# Lease\n\n## Signing\n"
        "The lease may be signed by Anna Miller only. A deputy needs a power of attorney.\n\n"
        "## Rent\nThe rent is due on the third working day.\n"
    ),
    "house/garden.md": "---\nauthor: Tom Baker\ntags: [house]\n---\n# Garden\n\nWater the tomatoes every evening.\n",
    "house/heating.md": "---\nauthor: Anna Miller\n---\n# Heating\n\nThe boiler is serviced every May.\n",
    "pets/cats.txt": "Cats sleep all day. They hunt at night.\n",
    "pets/dogs.txt": "Dogs bark at strangers. They guard the house.\n",
    f"odd/{HOSTILE}": (
        "A zebra says <script>window.hacked=1</script> \"'><svg onload=window.hacked=1> {{ 7*7 }} \u202e.\n"
    ),
    "odd/title.md": "---\nauthor: '<b id=bold>Eve</b>'\n---\n# <i id=slant>Quagga</i>\n\nA quagga is no zebra.\n",
    "odd/words.txt": f"番茄每天晚上浇水。 طماطم تحتاج إلى الماء كل مساء. {'Donaudampfschiff' * 30} okapi.\n",
}  # fmt: skip

# So long that passages begin on the second page.
_FIRST_PAGE = ["Read this manual from its beginning to its end, and keep it near the boiler."] * 10
_SECOND_PAGE = ["The valve is behind the sink."] + ["Turn it to the right, and slowly, until no water runs."] * 10


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shelf").resolve()
    for name, text in FILES.items():
        path = folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (folder / "docs" / "house" / "manual.pdf").write_bytes(pdf(_FIRST_PAGE, _SECOND_PAGE))
    (folder / "docs" / "house" / "empty.txt").touch()
    os.utime(folder / "docs" / "pets" / "cats.txt", (1_000_000_000, 1_000_000_000))
    return folder


@pytest.fixture(scope="module")
def shelved(shelf: Path) -> Iterator[Library]:
    with Library(shelf / "library", encoder=ToyEncoder()) as library:  # type: ignore[arg-type]
        library.ingest([shelf / "docs"])
        yield library


@pytest.fixture(scope="module")
def page(shelved: Library, shelf: Path) -> Iterator[Served]:
    with serving(shelved, Settings(roots=(str(shelf / "docs"),))) as served:
        yield served
