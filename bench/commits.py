"""Compare the time of an ingest by this tree and by an earlier commit, in alternating runs, each its own process.

    python bench/commits.py COMMIT DOCUMENTS... [--rounds 5] [--precision w8a32]

Each run creates a new library from the same documents with a warm model cache. Prints the median seconds of both and
their ratio; the commit is checked out into a temporary folder.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def ingest(tree: Path, library: Path, cache: Path, precision: str, documents: list[str]) -> float:
    command = [
        sys.executable,
        "-m",
        "wherein",
        "--library",
        str(library),
        "--precision",
        precision,
        "ingest",
        *documents,
    ]
    environment = {**os.environ, "PYTHONPATH": str(tree / ".typed"), "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run([*command, "--json"], env=environment, cwd=cache, stdout=subprocess.PIPE, check=False)
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit")
    parser.add_argument("documents", nargs="+")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", default="w8a32")
    chosen = parser.parse_args()
    documents = [str(Path(name).absolute()) for name in chosen.documents]
    with tempfile.TemporaryDirectory() as work:
        earlier = Path(work) / "earlier"
        subprocess.run(["git", "-C", ROOT, "worktree", "add", "-q", "--detach", earlier, chosen.commit], check=True)
        seconds: dict[Path, list[float]] = {earlier: [], ROOT: []}
        try:
            if not (earlier / ".typed").exists():  # Python would import this tree's `wherein` in both runs
                parser.error(f"{chosen.commit} is from before the repository became the package wherein")
            for number in range(chosen.rounds + 1):  # the first fills the cache
                for tree, taken in seconds.items():
                    cache = Path(work) / f"cache-{tree.name}"
                    cache.mkdir(exist_ok=True)
                    library = Path(work) / f"library-{tree.name}-{number}"
                    taken.append(ingest(tree, library, cache, chosen.precision, documents))
        finally:
            subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force", earlier], check=True)
    before, now = (statistics.median(taken[1:]) for taken in seconds.values())
    print(f"{chosen.commit} {before:.2f} s, this tree {now:.2f} s, ratio {now / before:.3f}")


if __name__ == "__main__":
    main()
