"""A query from a cold shell beside the least that any such program must do: import the parts and load the model.

    python bench/cold_query.py LIBRARY [--rounds 9]

Both are processes of their own and alternate; the model's cache is warm. Prints the medians and their ratio.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent

LEAST = """
import openvino, faiss, numpy, tokenizers, sys
core = openvino.Core()
core.compile_model(sys.argv[1], "CPU", {"CACHE_DIR": sys.argv[2], "INFERENCE_PRECISION_HINT": "f32"})
"""


def timed(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    chosen = parser.parse_args()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "wherein-bench"
    least = [sys.executable, "-c", LEAST, str(ROOT / "embed/default/model.xml"), str(cache)]
    query = [sys.executable, "-m", "cli", "--library", str(chosen.library), "query", "who may sign the lease?"]
    for command in (least, query):
        timed(command, environment)
    pairs = [(timed(least, environment), timed(query, environment)) for _ in range(chosen.rounds)]
    floor, asked = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"least {floor:.3f} s, query {asked:.3f} s, ratio {asked / floor:.2f}")


if __name__ == "__main__":
    main()
