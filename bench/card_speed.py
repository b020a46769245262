"""Contexts per second: the shipped model compared with an IR of the card's architecture, alternating in one run.

python bench/card_speed.py [--rounds 3] [--contexts 8] [--precision w8a32] [--tokens 384]

Contexts have the maximum of 384 tokens, or as many as --tokens says; SQuAD's have 160 on average. Measures each
precision, and prints which one `auto` chooses on this CPU. What counts is the ratio, because the machine may be busy;
the exit code is 1 if it is below 2.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from card import card_model_folder
from wherein.embed.encoder import Encoder
from wherein.embed.model import load_model
from wherein.embed.precision import resolve_precision

TARGET = 2.0


def speed(encoder: Encoder, texts: list[str]) -> float:
    began = time.perf_counter()
    encoder.encode_contexts(texts)
    return len(texts) / (time.perf_counter() - began)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contexts", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=384)
    parser.add_argument("--precision", choices=["w8a8", "w8a32"], action="append")
    chosen = parser.parse_args()
    print(f"auto is {resolve_precision('auto')} here")
    worst = float("inf")
    with tempfile.TemporaryDirectory() as scratch:
        models = load_model(), load_model(card_model_folder(Path(scratch) / "card"))
        for precision in chosen.precision or ("w8a32", "w8a8"):
            ours, theirs = (Encoder(model, precision) for model in models)
            # Texts of different words, each of exactly this many tokens including [CLS] and [SEP].
            words = "the price of bread in town {n} rises " * 60
            texts = [" ".join(words.format(n=n % 10).split()[: chosen.tokens - 2]) for n in range(chosen.contexts)]
            lengths = {len(ids) for encoder in (ours, theirs) for ids in encoder.tokenizer.contexts(texts)}
            assert lengths == {chosen.tokens}, lengths
            for encoder in (ours, theirs):
                encoder.encode_contexts(texts[:2])  # compiled and warm
            rounds = [(speed(ours, texts), speed(theirs, texts)) for _ in range(chosen.rounds)]
            ratios = [a / b for a, b in rounds]
            worst = min(worst, statistics.median(ratios))
            fast, slow = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(
                f"{precision:<6} {fast:6.2f} contexts/s, the card's architecture {slow:6.2f}:"
                f" {statistics.median(ratios):.2f} times ({min(ratios):.2f} to {max(ratios):.2f})"
            )
    return 0 if worst >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
