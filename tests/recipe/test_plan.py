"""The hyperparameters are those that the shipped model was trained with."""

import dataclasses
import json

from wherein.embed.model import DEFAULT_MODEL
from wherein.recipe.plan import Plan, Stage


def test_epochs_are_those_of_all_stages():
    assert Plan().epochs == 3
    assert Plan(()).epochs == 0
    assert Plan((Stage(2), Stage(5), Stage(1))).epochs == 8


def test_the_plan_is_that_of_the_shipped_model():
    described = json.loads((DEFAULT_MODEL / "model.json").read_text("utf-8"))
    assert json.loads(json.dumps(dataclasses.asdict(Plan()))) == described["tuning"]["plan"]
