"""The catalogue: the models of Intel's Open Model Zoo that can be fetched, with the size and SHA-384 of every file.

Sizes and checksums are those of the zoo's own `model.yml`
(https://github.com/openvinotoolkit/open_model_zoo/tree/master/models/intel).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["DEFAULT_VARIANT", "HUB", "MULTILINGUAL", "ZOO", "ZooFile", "ZooModel"]

DEFAULT_VARIANT = "FP32-INT8"
MULTILINGUAL = "multilingual"
"""The model that is built from the weights in a package (embed/models/multilingual.py)."""
HUB = "hub:"
"""How the name of a model on the Hugging Face Hub begins (embed/models/hub.py)."""


@dataclass(frozen=True)
class ZooFile:
    """A file of a model: its path relative to the model's URL, its size in bytes and its SHA-384 in hex."""

    path: str
    bytes: int
    sha384: str


@dataclass(frozen=True)
class ZooModel:
    """A model as the catalogue knows it. Lengths are in tokens; a variant needs all of its files.

    `kind` is `embedding`, or `reader` for an answer model, which has no `dimension` (0) and no `metric` ("").
    """

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
    kind: str = "embedding"

    def download_bytes(self, variant: str = DEFAULT_VARIANT) -> int:
        """Return the total size of a variant's files in bytes."""
        return sum(file.bytes for file in self.variants[variant])


_SMALL = "bert-small-uncased-whole-word-masking-squad-emb-int8-0001"
_ANSWER_MODEL = "bert-small-uncased-whole-word-masking-squad-int8-0002"
# BERT's uncased vocabulary, the same for both models and all their variants.
_VOCABULARY = ZooFile(
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
        # The published accuracy and the zoo's demo rank by distance, and the vectors are not of unit length.
        metric="l2",
        context_tokens=384,
        question_tokens=32,
        licence="Apache-2.0",
        training_data="BERT-large fine-tuned on SQuAD v1.1 train, distilled on it and quantized to INT8 (model card).",
        accuracy={"squad-v1.1-dev": {"published": {"top_5": 87.6}}},
        variants={
            "FP32-INT8": (
                _VOCABULARY,
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
                _VOCABULARY,
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
    ),
    _ANSWER_MODEL: ZooModel(
        name=_ANSWER_MODEL,
        version="2022.1",
        url=f"https://storage.openvinotoolkit.org/repositories/open_model_zoo/2022.1/models_bin/3/{_ANSWER_MODEL}/",
        dimension=0,
        metric="",
        context_tokens=384,
        question_tokens=64,
        licence="Apache-2.0",
        training_data="BERT fine-tuned on SQuAD v1.1 train and quantized to INT8 (model card).",
        accuracy={"squad-v1.1-dev": {"published": {"exact_match": 84.4, "f1": 91.4}}},
        kind="reader",
        variants={
            "FP32-INT8": (
                _VOCABULARY,
                ZooFile(
                    f"FP32-INT8/{_ANSWER_MODEL}.xml",
                    1015468,
                    "0d90834524ba2db63de8ad8e53cd533428adad62454e4f8f42bdebbf2dca33e509ed44a9d7026cc38fde48e85c494b0a",
                ),
                ZooFile(
                    f"FP32-INT8/{_ANSWER_MODEL}.bin",
                    41357676,
                    "dfa6b742f6d755dacc0effcd121de2ecb105b2c422cc402a38c9bcf7f17b085e1f2dd5111ca6204f355674998c37400f",
                ),
            ),
            "FP16-INT8": (
                _VOCABULARY,
                ZooFile(
                    f"FP16-INT8/{_ANSWER_MODEL}.xml",
                    1356725,
                    "a7e4d7fb2d9fc5a40488e803aff96121f66575c86a80ed4e678088dcd2ae4eb758941e64c0b00ff2bcf25de56887a5ff",
                ),
                ZooFile(
                    f"FP16-INT8/{_ANSWER_MODEL}.bin",
                    41207566,
                    "a50e0542d4f8af5fa089f60d55cc643e67281eeab35104b51ac9edfd1aaf3c3a501b07510f44dec7b032f068b9cf8c39",
                ),
            ),
        },
    ),
}
