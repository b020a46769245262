"""A library moved to Milvus and back, and the exports compared.

    python bench/moving.py [--count 100000] [--to milvus://HOST:PORT/NAME]

Without --to a server of the package `milvus` 2.3.5 is started (tests/milvus_server.py says from where). The library is
that of bench/far_out.py: records of 40 words, vectors of 384 numbers. Prints the time of each step, the sizes, the peak
memory, and whether the three exports are the same byte for byte.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from far_out import RECORDS, FarEncoder, Texts, directions, peak

from milvus_server import MilvusServer
from wherein.library import Library

_T = TypeVar("_T")


def timed(what: str, run: Callable[[], _T]) -> _T:
    began = time.perf_counter()
    result = run()
    print(f"{what}: {time.perf_counter() - began:,.1f} s, peak memory so far {peak():,.0f} MB; {result}", flush=True)
    return result


def same(folders: list[Path]) -> bool:
    names = ("documents", "passages", "records")
    contents = [[(folder / f"{name}.parquet").read_bytes() for name in names] for folder in folders]
    return all(content == contents[0] for content in contents)


def measure(folder: Path, count: int, address: str) -> None:
    texts, docs, encoder = Texts(), folder / "docs", FarEncoder(directions(None))
    texts.write(docs, range(-(-count // RECORDS)), version=1)
    local = Library(folder / "library", encoder=encoder)
    timed("ingest", lambda: local.ingest([str(docs)]))
    first = timed("export", lambda: local.export(folder / "first"))
    timed("migrate there", lambda: local.migrate(address))
    with Library(address, encoder=encoder) as remote:
        timed("export of it", lambda: remote.export(folder / "second"))
        timed("migrate back", lambda: remote.migrate(folder / "back"))
    third = timed("export again", lambda: Library(folder / "back", encoder=encoder).export(folder / "third"))
    print(f"the exports are {'the same' if first.identity == third.identity else 'DIFFERENT'}; byte for byte:"
          f" {same([folder / 'first', folder / 'second', folder / 'third'])}", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--to")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        address = given.to or f"milvus://{stack.enter_context(MilvusServer()).host}/moved"
        measure(Path(folder), given.count, address)


if __name__ == "__main__":
    main()
