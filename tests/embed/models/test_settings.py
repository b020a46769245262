"""What sentence-transformers and transformers write about a model is understood, or refused with a sentence."""

import json
import re
from pathlib import Path

import pytest

from exported import write_settings
from wherein.embed.model import Prompts
from wherein.embed.models.settings import Settings, read_settings
from wherein.errors import Damaged, UsageError


def change(path: Path, **fields: object) -> None:
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**known, **fields}), "utf-8")


def test_a_folder_without_settings_says_nothing(tmp_path: Path) -> None:
    assert read_settings(tmp_path) == Settings()


@pytest.mark.parametrize(("pooling", "known"), [("mean", "mean_tokens"), ("cls", "cls_token"), ("last", "last_token")])
def test_pooling_normalization_and_prompts(tmp_path: Path, pooling: str, known: str) -> None:
    write_settings(tmp_path, pooling=pooling, normalizes=pooling != "cls", prompts={"query": "q: ", "document": "d: "})
    assert read_settings(tmp_path) == Settings(known, pooling != "cls", None, Prompts("q: ", "d: "), 128)


@pytest.mark.parametrize(
    ("prompts", "default", "expected"),
    [
        ({"query": "q: ", "passage": "p: "}, None, Prompts("q: ", "p: ")),
        ({"query": "q: ", "corpus": "c: "}, None, Prompts("q: ", "c: ")),
        ({"document": "d", "passage": "p"}, None, Prompts("", "d")),
        ({"query": "Instruct: find\nQuery:", "other": "o: "}, "other", Prompts("Instruct: find\nQuery:", "o: ")),
        ({"clustering": "c: "}, None, Prompts()),
        ({}, "query", Prompts()),
    ],
)
def test_prompts_have_the_names_of_sentence_transformers(
    tmp_path: Path, prompts: dict[str, str], default: str | None, expected: Prompts
) -> None:
    change(tmp_path / "config_sentence_transformers.json", prompts=prompts, default_prompt_name=default)
    assert read_settings(tmp_path).prompts == expected


@pytest.mark.parametrize(
    ("config", "own", "tokens"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512, "pad_token_id": 0}, 256, 256),
        ({"model_type": "bert", "max_position_embeddings": 512, "pad_token_id": 0}, None, 512),
        ({"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1}, None, 512),
        ({"model_type": "mpnet", "max_position_embeddings": 514, "pad_token_id": 1}, 514, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514}, None, 512),
        ({"model_type": "t5"}, None, None),
        ({"model_type": "xlm-roberta", "max_position_embeddings": 8194, "pad_token_id": 1}, 8192, 8192),
    ],
)
def test_the_longest_text(tmp_path: Path, config: dict[str, object], own: int | None, tokens: int | None) -> None:
    change(tmp_path / "config.json", **config)
    change(tmp_path / "sentence_bert_config.json", max_seq_length=own)
    assert read_settings(tmp_path).tokens == tokens


def test_a_truth_value_is_not_a_length(tmp_path: Path) -> None:
    change(tmp_path / "tokenizer_config.json", model_max_length=True)
    assert read_settings(tmp_path).tokens is None


def test_a_tokenizer_may_limit_the_length(tmp_path: Path) -> None:
    change(tmp_path / "tokenizer_config.json", model_max_length=200)
    assert read_settings(tmp_path).tokens == 200


@pytest.mark.parametrize(("name", "metric"), [("cosine", "cosine"), ("dot", "dot"), ("euclidean", "l2"), (None, None)])
def test_the_metric(tmp_path: Path, name: str | None, metric: str | None) -> None:
    change(tmp_path / "config_sentence_transformers.json", similarity_fn_name=name)
    assert read_settings(tmp_path).metric == metric


@pytest.mark.parametrize("mode", ["lasttoken", ["lasttoken"]])
def test_newer_versions_name_the_pooling(tmp_path: Path, mode: object) -> None:
    (tmp_path / "1_Pooling").mkdir()
    change(tmp_path / "1_Pooling" / "config.json", pooling_mode=mode)
    assert read_settings(tmp_path).pooling == "last_token"


@pytest.mark.parametrize(
    ("pooling", "problem"),
    [
        ({"pooling_mode_max_tokens": True}, "pools by max_tokens; it must be one of mean, cls, last"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}, "pools by cls_token and mean_tokens"),
        ({"pooling_mode_weightedmean_tokens": True}, "pools by weightedmean_tokens"),
        ({"pooling_mode": "max"}, "pools by max;"),
        ({"pooling_mode": ["cls", "mean"]}, "pools by cls and mean;"),
        ({"pooling_mode_mean_tokens": True, "include_prompt": False}, "leaves the prompt out of the pooling"),
    ],
)
def test_other_poolings_are_refused(tmp_path: Path, pooling: dict[str, bool], problem: str) -> None:
    (tmp_path / "1_Pooling").mkdir()
    change(tmp_path / "1_Pooling" / "config.json", **pooling)
    with pytest.raises(UsageError, match=problem):
        read_settings(tmp_path)


def test_modules_that_are_not_applied_are_refused(tmp_path: Path) -> None:
    modules = [{"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]
    (tmp_path / "modules.json").write_text(json.dumps(modules), "utf-8")
    with pytest.raises(UsageError, match=r"has the module Dense \(2_Dense\), which Wherein cannot apply"):
        read_settings(tmp_path)


@pytest.mark.parametrize("name", ["manhattan", ["manhattan"]])
def test_another_similarity_is_refused(tmp_path: Path, name: object) -> None:
    change(tmp_path / "config_sentence_transformers.json", similarity_fn_name=name)
    with pytest.raises(UsageError, match=rf"compares vectors by {re.escape(str(name))}, which is not one of cosine"):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("modules.json", '{"type": "x"}'),
        ("modules.json", "[1]"),
        ("config.json", "[]"),
        ("config_sentence_transformers.json", '{"prompts": {"query": 1}}'),
        ("sentence_bert_config.json", "{"),
        ("modules.json", "[" * 100_000),
    ],
)
def test_damaged_settings(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(Damaged, match=rf"{name} cannot be read \(.*; copy or fetch the model again"):
        read_settings(tmp_path)
