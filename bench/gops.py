"""Count the operations for a context of 384 tokens from the graph; a multiply-add counts as two.

python bench/gops.py [MODEL_FOLDER…]

MatMul, attention and convolution nodes are counted, which are about 99 % of the work. Besides the given folders, the
script counts the shipped model, an IR of the card's architecture (tests/card.py), and a variant of it with more and
narrower layers, which would fit the sizes of the zoo's files equally well. The card says 23.9 for its model and 246.9
for the large one; its way of counting is unknown, but a BERT-large has 246.4 by the count used here. The exit code is
1 if the shipped model needs over 9.6.
"""

import argparse
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from card import CARD, NAME, card_graph
from wherein.embed.model import DEFAULT_MODEL, IR, load_model
from wherein.embed.runtime import openvino_core

TOKENS = 384
TARGET = 9.6
ON_CARD = {NAME: 23.9, "bert-large-uncased-whole-word-masking-squad-emb-0001": 246.9}


def operations(graph: Any, tokens: int = TOKENS) -> dict[str, int]:
    """Return the number of operations of a graph for one context, by type of node."""
    graph.reshape({value.get_any_name(): [1, tokens] for value in graph.inputs})
    counts: dict[str, int] = {}
    for node in graph.get_ops():
        count = _of_node(node)
        if count:
            counts[node.get_type_name()] = counts.get(node.get_type_name(), 0) + count
    return counts


def _of_node(node: Any) -> int:
    kind = node.get_type_name()
    if kind == "MatMul":
        shape = list(node.input_value(0).get_shape())
        inner = shape[-2] if node.get_attributes()["transpose_a"] and len(shape) > 1 else shape[-1]
        return 2 * inner * math.prod(node.output(0).get_shape())
    if kind == "ScaledDotProductAttention":  # softmax(query x key) x value
        query, key, value = (list(node.input_value(port).get_shape()) for port in range(3))
        return 2 * math.prod(query[:-1]) * key[-2] * (query[-1] + value[-1])
    if kind in ("Convolution", "GroupConvolution"):
        weights = list(node.input_value(1).get_shape())
        return 2 * math.prod(weights[2 if kind == "GroupConvolution" else 1 :]) * math.prod(node.output(0).get_shape())
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", metavar="MODEL_FOLDER")
    folders = parser.parse_args().folders
    core = openvino_core()
    shipped = 0.0
    print(f"{'GOps/context':>14}  model")
    for folder in [DEFAULT_MODEL, *folders]:
        total = _total(core.read_model(str(folder / IR)))
        shipped = shipped or total
        print(f"{total:>14.2f}  {load_model(folder).name}")
    print(f"{_total(card_graph()):>14.2f}  an IR of the architecture of {NAME}")
    print(f"{_total(card_graph(replace(CARD, layers=12, inner=1024))):>14.2f}  the same with 12 layers and inner 1024")
    for name, count in ON_CARD.items():
        print(f"{count:>14.1f}  {name}, according to its card")
    print(f"the shipped model needs {shipped:.2f}; the target is at most {TARGET}")
    return 0 if shipped <= TARGET else 1


def _total(graph: Any) -> float:
    return sum(operations(graph).values()) / 1e9


if __name__ == "__main__":
    sys.exit(main())
