"""The command that builds the model, as far as it goes without the heavy extra."""

import sys
from pathlib import Path

import pytest

from wherein.errors import UsageError
from wherein.recipe import __main__ as command
from wherein.recipe import tokenizer, weights


@pytest.fixture
def call(monkeypatch):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["recipe", *map(str, arguments)])
        return command.main()

    return run


def test_arguments(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["recipe", "--data", "squad", "--output", "model"])
    options = command.arguments()
    assert (options.data, options.output, options.evaluate, options.work) == (Path("squad"), Path("model"), None, None)
    assert not options.untrained


@pytest.mark.parametrize("arguments", [[], ["--data", "squad"], ["--output", "model"]])
def test_data_and_output_are_needed(call, arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        call(*arguments)
    assert ended.value.code == 2
    assert "required" in capsys.readouterr().err


def test_an_error_is_a_sentence_and_an_exit_code(call, tmp_path, monkeypatch, capsys, words):
    monkeypatch.setattr(weights, "folder", lambda: tmp_path)
    monkeypatch.setattr(tokenizer, "load", lambda path: words)
    code = call("--data", tmp_path, "--output", tmp_path / "model")
    assert code == UsageError.exit_code
    assert "squad-train-v1.1-partial.json is missing" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


def test_checkpoints_go_beside_the_output_unless_a_folder_is_named(call, tmp_path, monkeypatch, words):
    folders = []
    monkeypatch.setattr(weights, "folder", lambda: tmp_path)
    monkeypatch.setattr(tokenizer, "load", lambda path: words)
    monkeypatch.setattr(command, "tuned_model", lambda data, words, plan, work: folders.append(work))
    monkeypatch.setattr(command, "build", lambda *arguments: None)
    assert call("--data", "squad", "--output", tmp_path / "model") == 0
    assert call("--data", "squad", "--output", tmp_path / "model", "--work", tmp_path / "runs") == 0
    assert folders == [tmp_path / "model.work", tmp_path / "runs"]


def test_without_training_the_base_weights_are_built(call, tmp_path, monkeypatch, words):
    built = []
    monkeypatch.setattr(weights, "folder", lambda: tmp_path)
    monkeypatch.setattr(tokenizer, "load", lambda path: words)
    monkeypatch.setattr(weights, "tensors", dict)
    monkeypatch.setattr(command.samples, "texts", lambda path: ([path.name], []))
    monkeypatch.setattr(command, "build", lambda *arguments: built.append(arguments))
    assert call("--data", tmp_path, "--output", tmp_path / "model", "--untrained", "--evaluate", "dev.json") == 0
    ((tensors, texts, origin), _, dev, output) = built[0]
    assert (tensors, texts, origin.name) == ({}, (["squad-train-v1.1-partial.json"], []), "all-minilm-l6-v2-int8")
    assert (dev, output) == (Path("dev.json"), tmp_path / "model")
