"""Check that the recipe is reproducible: run it twice with the same seed and compare figures and files.

    python bench/recipe_twice.py SQUAD_TRAIN_FOLDER SQUAD_DEV [--part 12]

Runs two processes, each in its own folder, that do all that `python -m wherein.recipe` does, from the data to the
evaluated INT8 model, but with one in --part of the contexts, because a full run takes 40 minutes. Prints the figures
of both, and which files are identical. Needs the extra `recipe`.
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
    origin = Origin("wherein-minilm-squad-int8", "", data / pairs.SQUAD, "articles that were held out", record)
    build((tensors, texts, origin), words, dev, output / "model")


def compare(given: argparse.Namespace) -> None:
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for number in (1, 2):
            output = Path(folder) / str(number)
            output.mkdir()
            command = [sys.executable, __file__, str(given.data), str(given.dev), "--part", str(given.part)]
            subprocess.run([*command, "--output", str(output)], check=True, stdout=subprocess.DEVNULL)
            manifest = json.loads((output / "model" / "model.json").read_text("utf-8"))
            steps = manifest["tuning"]["runs"] * manifest["tuning"]["steps"]
            results.append((manifest["accuracy"], {name: digest(output / "model" / name) for name in FILES}))
            print(f"run {number}: {steps} steps; {json.dumps(manifest['accuracy'])}", flush=True)
    (first_figures, first_files), (second_figures, second_files) = results
    same = [name for name in FILES if first_files[name] == second_files[name]]
    figures = "are equal" if first_figures == second_figures else "differ"
    print(f"figures {figures}; identical files: {', '.join(same) or 'none'}")


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
