"""`taskmesh dead-letters`. What a command needs is imported by the command, so that `--help` is quick."""

# ruff: noqa: PLC0415  # said above

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ops.dead_letters import Decision, Filter

app = typer.Typer(no_args_is_help=True, help="See, replay or discard the messages that could not be handled.")

Ids = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="These alone.")]
Queue = Annotated[str | None, typer.Option(help="The queue whose consumer could not handle it.")]
Type = Annotated[str | None, typer.Option(help="Such as tasks.create_task.v1.")]
Reason = Annotated[str | None, typer.Option(help="Such as decode, version, validation, bug, delivery_limit.")]
Since = Annotated[datetime | None, typer.Option(help="Parked at or after this moment, UTC.")]
Limit = Annotated[int, typer.Option(min=1, help="At most this many, the oldest first.")]
Why = Annotated[str, typer.Option(help="Kept beside the dead letter.")]
By = Annotated[str | None, typer.Option(help="Who decides; the user of this machine by default.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable, on stdout.")]


def _filter(**given: Any) -> "Filter":
    from ops.dead_letters import Filter

    if since := given["since"]:
        given["since"] = since.replace(tzinfo=since.tzinfo or UTC)
    return Filter(**{**given, "ids": tuple(given.get("ids") or ())})


def _chosen(**given: Any) -> "Filter":
    from ops.errors import OpsError

    chosen = _filter(**given)
    if not chosen.chooses:
        raise OpsError("Say which: ids, or a filter such as --queue or --type.")
    return chosen


def _decision(why: str, by: str | None) -> "Decision":
    from ops.dead_letters import Decision, who

    return Decision(by or who(), why)


@app.command("list")
def list_letters(
    *,
    queue: Queue = None,
    type: Type = None,  # noqa: A002  the option is called so
    reason: Reason = None,
    since: Since = None,
    every: Annotated[bool, typer.Option("--all", help="Those that were replayed or discarded as well.")] = False,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """List what is parked, without what users wrote."""
    from ops import dead_letters, screen
    from ops.servers import operator_urls

    states = ("parked", "replayed", "discarded") if every else ("parked",)
    chosen = _filter(queue=queue, type=type, reason=reason, since=since, states=states, limit=limit)

    async def search() -> list[dict[str, Any]]:
        async with dead_letters.open_letters(operator_urls()) as connection:
            return await dead_letters.search(connection, chosen)

    letters = [
        {name: str(value) if name == "parked_at" else value for name, value in letter.items() if name in _LISTED}
        for letter in asyncio.run(search())
    ]
    if json:
        screen.show_json(letters)
    elif letters:
        screen.show_rows(letters)
    else:
        screen.say("No dead letters.")


_LISTED = ("id", "state", "source_queue", "type", "reason", "error", "error_class", "attempts", "awaited", "parked_at")


@app.command()
def show(
    letter_id: Annotated[int, typer.Argument(metavar="ID")],
    *,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show what the user wrote; needs --why.")] = False,
    why: Why = "",
    by: By = None,
) -> None:
    """Show one, and what was decided about it."""
    from ops import dead_letters, screen
    from ops.servers import operator_urls

    decision = _decision(why, by) if reveal else None

    async def look() -> dict[str, Any]:
        async with dead_letters.open_letters(operator_urls()) as connection:
            return await dead_letters.show(connection, letter_id, decision)

    screen.show_json(asyncio.run(look()))


@app.command()
def replay(
    ids: Ids = None,
    *,
    queue: Queue = None,
    type: Type = None,  # noqa: A002
    reason: Reason = None,
    since: Since = None,
    again: Annotated[bool, typer.Option("--again", help="Those that were replayed before as well.")] = False,
    limit: Limit = 10_000,
    rate: Annotated[float, typer.Option(min=0.1, help="A second.")] = 50.0,
    force: Annotated[bool, typer.Option("--force", help="Also commands that somebody waited for.")] = False,
    why: Annotated[str, typer.Option(help="Kept beside the dead letter.")],
    by: By = None,
) -> None:
    """Send them again, each to the queue that failed, under its own id; ends with 1 when one was not sent."""
    from ops import dead_letters, screen
    from ops.servers import operator_urls

    states = ("parked", "replayed") if again else ("parked",)
    chosen = _chosen(ids=ids, queue=queue, type=type, reason=reason, since=since, states=states, limit=limit)
    decision, urls = _decision(why, by), operator_urls()
    screen.quiet_logs()

    async def send() -> dead_letters.Replay:
        async with dead_letters.open_letters(urls) as connection:
            return await dead_letters.replay(connection, urls, chosen, decision, force=force, rate=rate)

    result = asyncio.run(send())
    for letter_id, objection in result.kept.items():
        screen.say(f"{letter_id} was not replayed: {objection}.")
    screen.say(f"{len(result.replayed)} replayed.")
    raise typer.Exit(1 if result.kept else 0)


@app.command()
def discard(
    ids: Ids = None,
    *,
    queue: Queue = None,
    type: Type = None,  # noqa: A002
    reason: Reason = None,
    since: Since = None,
    limit: Limit = 10_000,
    why: Annotated[str, typer.Option(help="Kept beside the dead letter.")],
    by: By = None,
) -> None:
    """Give them up; they can still be shown."""
    from ops import dead_letters, screen
    from ops.servers import operator_urls

    chosen = _chosen(ids=ids, queue=queue, type=type, reason=reason, since=since, limit=limit)
    decision = _decision(why, by)

    async def give_up() -> list[int]:
        async with dead_letters.open_letters(operator_urls()) as connection:
            return await dead_letters.discard(connection, chosen, decision)

    screen.say(f"{len(asyncio.run(give_up()))} discarded.")
