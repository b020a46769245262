"""Time a query from a cold shell, compared with the minimum for any such program: imports and loading the model.

    python bench/cold_query.py LIBRARY [--rounds 9]

Each run is a process of its own, and they alternate; the model's cache is warm. Prints the medians and their ratios.
bench/run.py compares with other systems.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent

QUESTION = "who may sign the lease?"
MINIMUM = """
import openvino, faiss, numpy, tokenizers, sys
core = openvino.Core()
core.compile_model(sys.argv[1], "CPU", {"CACHE_DIR": sys.argv[2], "INFERENCE_PRECISION_HINT": "f32"})
"""


def timed(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    chosen = parser.parse_args()
    environment = {**os.environ}
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "wherein-bench"
    minimum = [sys.executable, "-c", MINIMUM, str(ROOT / "embed/default/model.xml"), str(cache)]
    query = [sys.executable, "-m", "wherein", "--library", str(chosen.library), "query", QUESTION]
    commands = {"minimum": minimum, "query": query}
    for command in commands.values():
        timed(command, environment)
    rounds = [[timed(command, environment) for command in commands.values()] for _ in range(chosen.rounds)]
    medians = dict(zip(commands, map(statistics.median, zip(*rounds, strict=True)), strict=True))
    for name, seconds in medians.items():
        print(f"{name} {seconds:.3f} s; the query takes {medians['query'] / seconds:.2f} times as long")


if __name__ == "__main__":
    main()
