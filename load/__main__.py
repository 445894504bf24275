"""`taskmesh load`, in a process of its own: what it imports is no part of the tools of the operator."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from load import stack
from load.measurement import medians
from load.pace import Connections, Pace, Rate
from load.plot import plot
from load.report import Report
from load.run import EVENTS, Plan, Run
from load.scenarios import SCENARIOS
from ops.errors import OpsError

_NAMES = (*SCENARIOS, EVENTS)
_DEFAULT_CONNECTIONS = 32
_DEFAULT_RATE = 200.0


def load(
    scenario: Annotated[str, typer.Argument(help=", ".join(_NAMES))],
    *,
    rate: Annotated[float | None, typer.Option(min=0.1, help="Requests a second, whatever becomes of them.")] = None,
    rates: Annotated[str | None, typer.Option(metavar="R,R,...", help="Several rates, one after the other.")] = None,
    connections: Annotated[
        str | None, typer.Option(metavar="N[,N...]", help="So many at once, each as fast as it is answered.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.5, help="Of each measurement.")] = 10.0,
    rounds: Annotated[int, typer.Option(min=1, help="Of everything; medians are reported.")] = 1,
    against: Annotated[
        str | None, typer.Option(metavar="direct", help="Measure aiohttp with asyncpg and pgbench in turn.")
    ] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Say where the time goes, with py-spy.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every figure there.")] = None,
    plot_file: Annotated[Path | None, typer.Option("--plot", help="Draw latency over load, as HTML.")] = None,
    url: Annotated[str | None, typer.Option(help="Of another stack than the one that runs here.")] = None,
    token: Annotated[str | None, typer.Option(help="A bearer token, instead of a fresh account.")] = None,
) -> None:
    """Measure the running stack, and check that nothing accepted is lost; ends with 1 when something is."""
    if scenario not in _NAMES:
        raise typer.BadParameter(f"is one of {', '.join(_NAMES)}", param_hint="SCENARIO")
    if against not in {None, "direct"}:
        raise typer.BadParameter("is `direct`", param_hint="--against")
    paces = _paces(scenario, rate, rates, connections)
    plan = Plan(scenario, paces, seconds, rounds, against_direct=against is not None, profiled=profile)
    report = uvloop.run(_run(plan, stack.find(url, token)))
    sys.stdout.write(report.as_text() + "\n")
    if json_file:
        json_file.write_text(json.dumps(report.as_json(), indent=2) + "\n")
    if plot_file:
        plot_file.write_text(plot(f"{report.scenario}: {report.says}", medians(report.results)))
    raise typer.Exit(report.code)


def _paces(scenario: str, rate: float | None, rates: str | None, connections: str | None) -> tuple[Pace, ...]:
    try:
        open_loops = [*([rate] if rate else []), *map(float, rates.split(",") if rates else [])]
        closed_loops = [int(each) for each in (connections.split(",") if connections else [])]
    except ValueError as error:
        raise typer.BadParameter(f"{error}; write numbers with commas between them") from None
    if any(number <= 0 for number in (*open_loops, *closed_loops)):
        raise typer.BadParameter("a rate or a number of connections is more than 0")
    paces: list[Pace] = [*map(Rate, open_loops), *map(Connections, closed_loops)]
    default: Pace = Rate(_DEFAULT_RATE) if scenario == EVENTS else Connections(_DEFAULT_CONNECTIONS)
    return tuple(paces) or (default,)


async def _run(plan: Plan, found: stack.Stack) -> Report:
    """Ctrl-C ends the load and reports what there is; a second one ends everything."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, stop)
    return await Run(plan, found, stopping).run()


def main() -> None:
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(load)
    try:
        app(prog_name="taskmesh load")
    except OpsError as error:
        sys.stderr.write(f"taskmesh: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
