"""Approximate indexes over a million vectors: recall beside exact search, milliseconds, size, opening, building.

python bench/ann.py corpus FOLDER FILE…              embed the texts of SQuAD and BEIR files, once
python bench/ann.py measure FOLDER LIBRARY [--vectors 1000000] [--index ivf]

The corpus: sentences of SQuAD contexts and of BEIR's corpus, in a seeded order, 50,000 of them, and 2,000 questions of
the SQuAD files, embedded by the model that ships. Each sentence is spread to as many vectors as are wanted by Gaussian
noise of 0.3 of the vector's length, so that a copy has a cosine of 0.96 with its sentence, and made of length 1 again.
Held-out vectors are made in the same way, of the same sentences, with other noise.
"""

import argparse
import json
import random
import re
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from embed.encoder import Encoder
from embed.model import load_model
from embed.precision import resolve_precision
from search.collection import read_squad

SENTENCES, QUESTIONS, NOISE = 50_000, 2_000, 0.3
_END = re.compile(r"(?<=[.!?])\s+")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    corpus = commands.add_parser("corpus")
    corpus.add_argument("folder", type=Path)
    corpus.add_argument("files", type=Path, nargs="+")
    corpus.set_defaults(run=embed)
    chosen = vars(parser.parse_args())
    return int(chosen.pop("run")(**chosen))


def embed(folder: Path, files: list[Path]) -> int:
    """Write `sentences.npy` and `questions.npy`, float32 `[n, width]`."""
    sentences, questions = texts(files)
    encoder = Encoder(load_model(), resolve_precision("auto"))
    folder.mkdir(parents=True, exist_ok=True)
    for name, encode, part in (
        ("sentences", encoder.encode_contexts, sentences),
        ("questions", encoder.encode_questions, questions),
    ):
        began = time.monotonic()
        vectors = np.concatenate([encode(part[first : first + 1_000]) for first in range(0, len(part), 1_000)])
        np.save(folder / f"{name}.npy", vectors)
        print(f"{len(vectors):,} {name}, {time.monotonic() - began:.0f} s", flush=True)
    return 0


def texts(files: list[Path]) -> tuple[list[str], list[str]]:
    """Return sentences of at least 20 characters, and questions, each once."""
    sentences, questions = dict[str, None](), dict[str, None]()
    for path in files:
        if path.suffix == ".jsonl":
            passages = [json.loads(line)["text"] for line in path.read_text().splitlines()]
        else:
            collection = read_squad(path)
            passages = list(collection.contexts)
            questions |= dict.fromkeys(collection.questions)
        for passage in passages:
            sentences |= dict.fromkeys(part for part in _END.split(passage) if len(part) >= 20)
    chance = random.Random(1)
    return (
        chance.sample(sorted(sentences), min(SENTENCES, len(sentences))),
        chance.sample(sorted(questions), min(QUESTIONS, len(questions))),
    )


if __name__ == "__main__":
    sys.exit(main())
