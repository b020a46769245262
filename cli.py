"""The command line: the group of all commands. The only place that turns errors into exit codes."""

import atexit
import gc
import os
import signal
import sys
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

from wherein.commands.completing import COMPLETION_VARIABLE
from wherein.commands.options import GlobalOptions, global_options
from wherein.commands.output import warn
from wherein.commands.pandas_filter import keep_pandas_out
from wherein.errors import EXIT_INTERRUPTED, WhereinError, explain
from wherein.streams import ReaderGoneError, prepare_streams

__all__ = ["main"]

_MODULES = {
    "backup": "maintain",
    "completion": "completion",
    "doctor": "doctor",
    "documents": "documents",
    "evaluate": "evaluate",
    "export": "move",
    "golden": "golden",
    "import": "move",
    "ingest": "ingest",
    "mcp": "mcp",
    "migrate": "move",
    "model": "models",
    "query": "query",
    "reindex": "reindex",
    "repair": "maintain",
    "restore": "maintain",
    "serve": "serve",
    "sources": "sources",
    "status": "status",
    "verify": "maintain",
    "watch": "watch",
}
"""Each command's module in `wherein.commands`, which has a function of the command's name, or of that and `_`."""


# Objects that are created before Python looks for cycles among them; 700 by default.
_OBJECTS = 50_000
# What these commands have done when Ctrl-C ends them is kept; `status_line` says what others leave behind.
_RESUMABLE = ("ingest", "reindex", "repair")
_KEPT = "; what was done is kept; run the same command again to resume"


class _Group(click.Group):
    """Imports a command when it is run: a question does not wait for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command = getattr(import_module(f"wherein.commands.{_MODULES[cmd_name]}"), name)
        assert isinstance(command, click.Command)
        return command

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command and print what is left of its output: what fails then has a sentence and an exit code, too."""
        _collect_rarely()
        keep_pandas_out()
        if COMPLETION_VARIABLE not in os.environ:  # click writes bytes to a shell that asks what it may complete
            prepare_streams()
        try:
            try:
                return super().main(*args, **{"complete_var": COMPLETION_VARIABLE, **extra})
            finally:
                sys.stdout.flush()
        except ReaderGoneError as error:
            sys.exit(getattr(error.__context__, "code", 0))
        except WhereinError as error:
            sys.exit(_reported(error))

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (BrokenPipeError, ReaderGoneError):
            ctx.exit(0)  # `wherein query ... | head` is no failure
        except (WhereinError, OSError) as error:
            ctx.exit(_reported(error))
        # Caught here, because click would print "Aborted!" and exit with 1.
        except KeyboardInterrupt:
            warn(f"interrupted{_KEPT if ctx.invoked_subcommand in _RESUMABLE else ''}")
            ctx.exit(EXIT_INTERRUPTED)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wherein", prog_name="wherein")
@global_options
@click.pass_context
def main(context: click.Context, options: GlobalOptions) -> None:
    """Wherein lies the answer? Ingest documents, then ask them questions."""
    # A service manager stops a run with SIGTERM: it then ends as with Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    context.obj = options


def _collect_rarely() -> None:
    """Look for unreachable cycles of objects rarely, and not at the end, where Python frees them one by one.

    Otherwise that takes 0.3 s of a short command's 1.6 s of CPU time.
    """
    gc.set_threshold(_OBJECTS)
    atexit.register(gc.freeze)


def _reported(error: WhereinError | OSError) -> int:
    """Print an error's sentence and return its exit code."""
    explained = explain(error)
    warn(str(explained))
    return explained.exit_code


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
