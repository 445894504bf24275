"""The commands about events: who subscribes, what is documented, and whether the log is as it was written."""

# ruff: noqa: PLC0415  what a command needs is imported by the command, so that `--help` is quick

import asyncio
import os
import subprocess
import sys
from typing import Annotated

import typer

subscribers = typer.Typer(help="Give others a queue of events, or the stream of all.", no_args_is_help=True)
audit = typer.Typer(help="Check the activity log.", no_args_is_help=True)


@subscribers.command()
def add(
    name: Annotated[str, typer.Argument(help="Such as `billing`.")],
    *,
    types: Annotated[
        list[str] | None, typer.Option("--types", metavar="PATTERN", help="Such as `tasks.*`; all by default.")
    ] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Read events.log from any offset instead.")] = False,
) -> None:
    """Make a broker user and its queue, and print the URI. Its password is shown this once."""
    from ops import screen, subscribers
    from ops.servers import amqp_address, broker_target

    wanted = [part for each in types or ["*"] for part in each.split(",")]
    made = asyncio.run(subscribers.add(broker_target(), amqp_address(), name, types=wanted, stream=stream))
    screen.show_text(f"{made.uri}\n")
    screen.say(f"Reads the queue {made.queue}.")


@subscribers.command()
def remove(name: str) -> None:
    """Take away the user and its queue, with what is in it."""
    from ops import screen, subscribers
    from ops.servers import broker_target

    asyncio.run(subscribers.remove(broker_target(), name))
    screen.say("Removed.")


@subscribers.command(name="list")
def list_subscribers() -> None:
    """Print the name of each."""
    from ops import screen, subscribers
    from ops.servers import broker_target

    screen.show_text("".join(f"{name}\n" for name in asyncio.run(subscribers.names(broker_target()))))


@audit.command()
def verify() -> None:
    """Compare the activity log with its seals; ends with 1 and names the segment where they differ."""
    from ops.servers import operator_database_url
    from ops.state import ROOT

    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": operator_database_url()}
    raise typer.Exit(subprocess.run([sys.executable, "-m", "notifier.audit"], env=environment, check=False).returncode)


def openapi() -> None:
    """Print the OpenAPI document."""
    raise typer.Exit(_print_document("openapi"))


def asyncapi() -> None:
    """Print the AsyncAPI document."""
    raise typer.Exit(_print_document("asyncapi"))


def _print_document(name: str) -> int:
    from ops.state import ROOT

    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-m", "gateway.documents", name], env=environment, check=False).returncode
