"""How many operations a context of 384 tokens costs, counted from the graph: two for each multiply-add.

python bench/gops.py [MODEL_FOLDER…]

Counted are MatMul, attention and convolution nodes, all but a per cent or so of the work. The shipped model and the IR
of the card's architecture (tests/card.py) are counted beside the folders named, and the architecture with more and
narrower layers, which the zoo's files do not tell from it. The card says 23.9 of its model and 246.9 of the large one;
what its tool counts is not known, but a BERT-large has 246.4 by the count used here.
"""

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
SAID = {NAME: 23.9, "bert-large-uncased-whole-word-masking-squad-emb-0001": 246.9}


def operations(graph: Any, tokens: int = TOKENS) -> dict[str, int]:
    """Return the operations of a graph for one context, by kind of node."""
    graph.reshape({value.get_any_name(): [1, tokens] for value in graph.inputs})
    found: dict[str, int] = {}
    for node in graph.get_ops():
        count = _of_node(node)
        if count:
            found[node.get_type_name()] = found.get(node.get_type_name(), 0) + count
    return found


def _of_node(node: Any) -> int:
    kind = node.get_type_name()
    if kind == "MatMul":
        shape = list(node.input_value(0).get_shape())
        inner = shape[-2] if node.get_attributes()["transpose_a"] and len(shape) > 1 else shape[-1]
        return 2 * inner * math.prod(node.output(0).get_shape())
    if kind == "ScaledDotProductAttention":  # softmax(query x key) x value
        query, key, value = (list(node.input_value(place).get_shape()) for place in range(3))
        return 2 * math.prod(query[:-1]) * key[-2] * (query[-1] + value[-1])
    if kind in ("Convolution", "GroupConvolution"):
        weights = list(node.input_value(1).get_shape())
        return 2 * math.prod(weights[2 if kind == "GroupConvolution" else 1 :]) * math.prod(node.output(0).get_shape())
    return 0


def main(folders: list[str]) -> int:
    core = openvino_core()
    shipped = 0.0
    print(f"{'GOps a context':>14}  model")
    for folder in [DEFAULT_MODEL, *map(Path, folders)]:
        total = _total(core.read_model(str(folder / IR)))
        shipped = shipped or total
        print(f"{total:>14.2f}  {load_model(folder).name}")
    print(f"{_total(card_graph()):>14.2f}  an IR of the architecture of {NAME}")
    print(f"{_total(card_graph(replace(CARD, layers=12, inner=1024))):>14.2f}  the same with 12 layers and inner 1024")
    for name, said in SAID.items():
        print(f"{said:>14.1f}  {name}, as its card says")
    print(f"the shipped model takes {shipped:.2f}, at most {TARGET} are wanted")
    return 0 if shipped <= TARGET else 1


def _total(graph: Any) -> float:
    return sum(operations(graph).values()) / 1e9


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
