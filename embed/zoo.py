"""The catalogue: models of Intel's Open Model Zoo that can be fetched, with the size and SHA-384 of every file.

Sizes and checksums are those of the zoo's own `model.yml`
(https://github.com/openvinotoolkit/open_model_zoo/tree/master/models/intel).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["DEFAULT_VARIANT", "ZOO", "ZooFile", "ZooModel"]

DEFAULT_VARIANT = "FP32-INT8"


@dataclass(frozen=True)
class ZooFile:
    """A file of a model: its path below the model's url, its size in bytes and its SHA-384 in hex."""

    path: str
    bytes: int
    sha384: str


@dataclass(frozen=True)
class ZooModel:
    """What is known of a model before it is fetched. Lengths in tokens; each variant needs all of its files."""

    name: str
    version: str
    url: str
    dimension: int
    metric: str
    context_tokens: int
    question_tokens: int
    licence: str
    variants: Mapping[str, tuple[ZooFile, ...]]
    training_data: str = ""
    accuracy: Mapping[str, Any] = field(default_factory=dict)

    def bytes(self, variant: str = DEFAULT_VARIANT) -> int:
        """Return how much there is to download."""
        return sum(file.bytes for file in self.variants[variant])


_SMALL = "bert-small-uncased-whole-word-masking-squad-emb-int8-0001"
_SMALL_VOCABULARY = ZooFile(
    "vocab.txt",
    231508,
    "ef26234c552cb23207a4bed2376a06eecf1d09ed00018519755df0e57551c2e55bc97e1877b0029e08b0cebdc65b0c82",
)

ZOO = {
    _SMALL: ZooModel(
        name=_SMALL,
        version="2023.0",
        url=f"https://storage.openvinotoolkit.org/repositories/open_model_zoo/2023.0/models_bin/1/{_SMALL}/",
        dimension=1024,
        # The published accuracy and the public demo rank by distance, and the vectors have no unit length.
        metric="l2",
        context_tokens=384,
        question_tokens=32,
        licence="Apache-2.0",
        training_data="BERT-large fine-tuned on SQuAD v1.1 train, distilled on it and quantized to INT8 (model card).",
        accuracy={"squad-v1.1-dev": {"published": {"top_5": 87.6}}},
        variants={
            "FP32-INT8": (
                _SMALL_VOCABULARY,
                ZooFile(
                    f"FP32-INT8/{_SMALL}.xml",
                    815096,
                    "d213c91e42c1849691af521e1c0ac48b4573cb9e2d06d31faf0a515122fe5c88ebbde89906e52242b13fea4beba84830",
                ),
                ZooFile(
                    f"FP32-INT8/{_SMALL}.bin",
                    41884996,
                    "11bf37741535bb657220b2026d8126d76e8170f0c69b80944f5de03cdea2c54ddfe725641ebb8e203f44f5d0a01dfa5d",
                ),
            ),
            "FP16-INT8": (
                _SMALL_VOCABULARY,
                ZooFile(
                    f"FP16-INT8/{_SMALL}.xml",
                    1158059,
                    "2b418e46bc481220f609397ae0245fc0d9ed5516bbeb36cabe7bf5b5f55f4e47042dcf8672a66f5d9642a49f530420d2",
                ),
                ZooFile(
                    f"FP16-INT8/{_SMALL}.bin",
                    41732846,
                    "1cf3a608e91ac494a5a606463f713fefe69f26f2991e84bd3fbc1334575a67d1a3fd020c0c0bde2fa69d5531b75e116e",
                ),
            ),
        },
    )
}
