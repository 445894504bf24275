"""`taskmesh`. What a command needs is imported by the command, so that `--help` is quick."""

# ruff: noqa: PLC0415  # said above

import asyncio
import sys
from typing import Annotated

import typer

from ops import dead_letter_commands, event_commands
from ops.errors import OpsError

app = typer.Typer(
    name="taskmesh",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Runs, tests and operates Taskmesh.",
)

app.add_typer(event_commands.subscribers, name="subscribers")
app.add_typer(event_commands.audit, name="audit")
app.command()(event_commands.openapi)
app.command()(event_commands.asyncapi)
keys = typer.Typer(no_args_is_help=True, help="The keys that sign access tokens.")
app.add_typer(keys, name="keys")
app.add_typer(dead_letter_commands.app, name="dead-letters")

Json = Annotated[bool, typer.Option("--json", help="Machine-readable, on stdout.")]


@app.command()
def up(
    *,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when everything is ready.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the data of earlier runs.")] = False,
    replicas: Annotated[
        list[str] | None, typer.Option("--replicas", metavar="SERVICE=N", help="More than one of a service.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the log of every service.")] = False,
) -> None:
    """Start everything on this machine: Postgres, RabbitMQ, mail and the four services."""
    from ops import screen, stack
    from ops.wiring import parse_replicas

    wanted = parse_replicas(replicas or [])
    if detach:
        from ops import daemon

        stack.refuse_second()
        arguments = [*(["--fresh"] if fresh else []), *(f"--replicas={each}" for each in replicas or [])]
        screen.show_welcome(daemon.start(arguments, screen.say))
        return
    with stack.only_one():
        code = asyncio.run(stack.run(stack.Stack(wanted, screen.say), fresh=fresh, verbose=verbose))
    raise typer.Exit(code)


@app.command()
def down() -> None:
    """Stop what `up` started, and keep its data."""
    from ops import daemon, screen

    screen.say("Stopped." if asyncio.run(daemon.stop()) else "Taskmesh was not running.")


@app.command()
def status(*, json: Json = False) -> None:
    """Show what runs; ends with 1 when nothing does."""
    from ops import screen
    from ops.state import running_state

    state = running_state()
    if json:
        screen.show_json(
            {"state": state["state"], "services": state["services"], **state["urls"]}
            if state
            else {"state": "stopped", "services": {}}
        )
    elif state:
        screen.show_services(state)
    else:
        screen.say("Taskmesh is not running. Start it with `taskmesh up`.")
    raise typer.Exit(0 if state else 1)


@app.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="One service; all of them by default.")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
) -> None:
    """Print the logs of the services."""
    from ops import logs, screen

    files = logs.chosen(service)
    line = screen.named_line if service is None else screen.bare_line
    if follow:
        asyncio.run(logs.follow(lambda: logs.chosen(service), line))
    else:
        logs.show(files, line)


@app.command()
def doctor(*, json: Json = False) -> None:
    """Check this machine; ends with 1 when something must be mended."""
    from ops import doctor, screen

    findings = doctor.examine()
    (screen.show_json if json else screen.show_findings)(findings)
    raise typer.Exit(1 if any(each["state"] == "fail" for each in findings) else 0)


@app.command()
def migrate() -> None:
    """Create roles and schemas, and apply the migrations: of the local stack, or of MIGRATION_DATABASE_URL."""
    from ops import migrate, screen
    from ops.servers import migration_target

    url, passwords = migration_target()
    applied = asyncio.run(migrate.migrate(url, passwords))
    for name in applied:
        screen.show_text(name + "\n")
    screen.say(f"{len(applied)} migrations applied.")


@app.command()
def topology(
    *,
    json: Json = False,
    check: Annotated[bool, typer.Option("--check", help="Compare with the broker; 1 when it differs.")] = False,
    declare: Annotated[bool, typer.Option("--declare", help="Declare what is missing on the broker.")] = False,
) -> None:
    """Show, compare or declare exchanges, queues, bindings, policies and users."""
    from ops import screen, topology
    from ops.servers import broker_target

    if declare:
        broker = broker_target()
        asyncio.run(
            topology.declare(broker.management_url, broker.vhost, broker.credentials, passwords=broker.passwords)
        )
        screen.say("Declared.")
    if check:
        broker = broker_target()
        found = asyncio.run(topology.differences(broker.management_url, broker.vhost, broker.credentials))
        if json:
            screen.show_json([str(each) for each in found])
        for each in found:
            screen.say(str(each))
        raise typer.Exit(1 if found else 0)
    if not declare:
        (screen.show_json if json else screen.show_topology)(topology.as_json())


@keys.command()
def rotate(
    *,
    force: Annotated[bool, typer.Option("--force", help="Even where a gateway may not know the next key yet.")] = False,
) -> None:
    """Let the next key sign access tokens from now on; the one before is believed until its tokens have expired."""
    from ops import keys

    raise typer.Exit(keys.rotate(force=force))


@app.command()
def generate() -> None:
    """Write the documents that follow from the code: schemas, docs/messages.md, docs/configuration.md."""
    from ops import generate

    generate.main()


@app.command()
def secrets() -> None:
    """Print a fresh environment file with every secret, for compose or Kubernetes."""
    from ops import screen, secrets

    screen.show_text(secrets.as_environment_file(secrets.complete({})))


@app.command()
def lint() -> None:
    """Check format, style, types and imports."""
    from ops import checks, screen

    raise typer.Exit(checks.lint(screen.say))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Run the linters and all tests; with arguments, pytest with these alone."""
    from ops import checks, screen

    raise typer.Exit(checks.test(context.args, screen.say))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def chaos(context: typer.Context) -> None:
    """Break things under load and check the promise: `run`, `soak` or `overload`, each with --help."""
    from ops import checks, screen

    raise typer.Exit(checks.chaos(context.args, screen.say))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def load(context: typer.Context) -> None:
    """Measure the running stack under load, and check that nothing accepted is lost; see --help."""
    from ops import checks

    checks.load(context.args)


def main() -> None:
    try:
        app(prog_name="taskmesh")
    except OpsError as error:
        from ops import screen

        screen.complain(str(error))
        sys.exit(1)
