"""The command line: one function per command, and one place where errors become exit codes.

Exit codes: 0 done, 1 internal error, 2 wrong usage, 3 invalid scenario or data, 4 no feasible plan,
130 interrupted.
Nothing heavy is imported before a command needs it, so that ``bloodsim --help`` is instant.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

import bloodsim
from bloodsim.cli import checking, comparing, creating, doctor, planning, reporting, running, tuning
from bloodsim.cli.output import speak_any_language

app = typer.Typer(
    name="bloodsim",
    help="Simulate regional blood supply: stocks, seasonal dips and transfers between regions.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"bloodsim {bloodsim.__version__}")
        raise typer.Exit


@app.callback()
def _global_options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Simulate regional blood supply: stocks, seasonal dips and transfers between regions."""


app.command("new")(creating.new)
app.command("scenarios")(creating.scenarios)
app.command("validate")(checking.validate)
app.command("show")(checking.show)
app.command("run")(running.run)
app.command("plan")(planning.plan)
app.command("tune")(tuning.tune)
app.command("compare")(comparing.compare)
app.command("rerun")(comparing.rerun)
app.command("report")(reporting.report)
app.command("schema")(creating.schema)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command that was typed, and leave with its exit code."""
    sys.exit(execute(sys.argv[1:]))


def execute(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code; errors are printed, never raised."""
    # A global flag, but people add it to the end of the line that failed.
    debug = "--debug" in arguments
    rest = [argument for argument in arguments if argument != "--debug"]
    try:
        speak_any_language()
        code = app(args=rest, prog_name="bloodsim", standalone_mode=False)
        sys.stdout.flush()
    except (typer.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
        _say_no_more()
        return 0
    except Exception as error:
        if _is_closed_pipe(error):
            _say_no_more()
            return 0
        if debug:
            raise
        return _explained(error, as_json="--json" in rest)
    return code if isinstance(code, int) else 0


def _is_closed_pipe(error: Exception) -> bool:
    return (
        isinstance(error, OSError)
        and error.errno in (errno.EPIPE, errno.EINVAL)
        and (error.filename is None)
    )


def _say_no_more() -> None:
    """Send the rest of the output nowhere: its reader has gone."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # no real file, as under test
        return


def _explained(error: Exception, *, as_json: bool) -> int:
    """Print what went wrong; return the exit code."""
    from bloodsim.cli.output import print_problems
    from bloodsim.scenario.problems import Problem, ScenarioError

    usage = getattr(error, "show", None)  # of the errors of wrong usage, which typer words
    if usage is not None:
        usage()
        return int(getattr(error, "exit_code", 2))
    if isinstance(error, ScenarioError):
        print_problems(error.problems, as_json=as_json)
        return 3
    about = {"ResultsError": "results", "PlanError": "plan"}.get(type(error).__name__)
    if isinstance(error, ValueError) and about:
        print_problems([Problem((), str(error), place=about)], as_json=as_json)
        return 3
    if isinstance(error, RuntimeError) and (code := _no_plan(error, as_json=as_json)):
        return code
    if isinstance(error, OSError) and error.filename is not None:
        message = f"{error.strerror or 'cannot be used'}: {error.filename}"
        missing = isinstance(error, FileNotFoundError)
        hint = "check the name" if missing else "choose a place that can be read or written to"
        print_problems([Problem((), message, hint)], as_json=as_json)
        return 3
    print(f"internal error: {type(error).__name__}: {error}", file=sys.stderr)
    print("    -> run with --debug to see where; this is a fault of bloodsim", file=sys.stderr)
    return 1


def _no_plan(error: RuntimeError, *, as_json: bool) -> int:
    """Print why there is no plan; return the exit code, 0 if the error is another one."""
    from bloodsim.cli.output import print_json
    from bloodsim.optimize.solver import SolverError, SolverMissingError

    if not isinstance(error, SolverError):
        return 0
    clashes = list(getattr(error, "clashes", ()))
    status = "no_solution" if isinstance(error, SolverMissingError) else str(error.status)
    if as_json:
        print_json({"status": status, "message": str(error), "clashes": clashes})
    else:
        print(f"no plan ({status}): {error}", file=sys.stderr)
        for said in clashes:
            print(f"    -> {said}", file=sys.stderr)
    return 1 if isinstance(error, SolverMissingError) else 4
