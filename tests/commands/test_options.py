"""Options that several commands share."""

import click

from wherein import cli
from wherein.embed.metric import METRICS
from wherein.evaluation import modes
from wherein.storage.index.choices import CHOICES


def test_the_choices_of_the_options_are_those_of_the_library() -> None:
    def choices(command: str, option: str) -> tuple[str, ...]:
        found: click.Command | None = cli.main
        for name in command.split():
            assert isinstance(found, click.Group)
            found = found.get_command(click.Context(found), name)
        assert found
        kind = next(parameter.type for parameter in found.params if parameter.name == option)
        assert isinstance(kind, click.Choice)
        return tuple(kind.choices)

    assert choices("query", "mode") == choices("evaluate squad", "mode") == tuple(modes.MODES)
    assert choices("reindex", "index") == CHOICES
    assert choices("model add", "metric") == METRICS
