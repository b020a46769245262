"""Does the recipe give the same figures when it is run again with the same seed?

    python bench/recipe_twice.py SQUAD_TRAIN_FOLDER SQUAD_DEV [--part 12]

Two processes, each with a folder of its own: everything that `python -m wherein.recipe` does, from the data to
the measured INT8 model, but with one in --part of the contexts, because the whole takes 40 minutes each time. Prints
the figures of both, and whether weights and files are the same to the last bit. Needs the extra `recipe`.
"""

import argparse
import dataclasses
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from wherein.recipe import pairs, tokenizer, tuning, weights
from wherein.recipe.__main__ import build
from wherein.recipe.manifest import Origin
from wherein.recipe.plan import Plan

FILES = ("model.xml", "model.bin")


def once(data: Path, dev: Path, part: int, output: Path) -> None:
    corpus = pairs.read_corpus(pairs.verify(data))
    corpus = dataclasses.replace(corpus, contexts=corpus.contexts[::part], sentences=corpus.sentences[::part])
    words = tokenizer.load(weights.folder() / "tokenizer.json")
    tensors, record = tuning.tune(corpus, words, weights.tensors(), Plan(), output / "work")
    texts = [held.text for held in corpus.held], [text for held in corpus.held for text in held.questions]
    made = Origin("wherein-minilm-squad-int8", "", data / pairs.SQUAD, "articles that were held out", record)
    build((tensors, texts, made), words, dev, output / "model")


def compare(given: argparse.Namespace) -> None:
    told = []
    with tempfile.TemporaryDirectory() as folder:
        for number in (1, 2):
            output = Path(folder) / str(number)
            output.mkdir()
            command = [sys.executable, __file__, str(given.data), str(given.dev), "--part", str(given.part)]
            subprocess.run([*command, "--output", str(output)], check=True, stdout=subprocess.DEVNULL)
            manifest = json.loads((output / "model" / "model.json").read_text("utf-8"))
            steps = manifest["tuning"]["runs"] * manifest["tuning"]["steps"]
            told.append((manifest["accuracy"], {name: digest(output / "model" / name) for name in FILES}))
            print(f"run {number}: {steps} steps; {json.dumps(manifest['accuracy'])}", flush=True)
    same = [name for name in FILES if told[0][1][name] == told[1][1][name]]
    figures = "are the same" if told[0][0] == told[1][0] else "differ"
    print(f"figures {figures}; the same to the last bit: {', '.join(same) or 'nothing'}")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("dev", type=Path)
    parser.add_argument("--part", type=int, default=12)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.output:
        once(given.data, given.dev, given.part, given.output)
    else:
        compare(given)


if __name__ == "__main__":
    main()
