"""`taskmesh load` against the whole system."""

import asyncio
import os
import signal
import sys

import asyncpg

from load.account import Account
from load.audit import audit, count
from load.client import Client
from load.pace import Rate
from load.report import Report
from load.run import Plan, Run
from load.scenarios import creation
from load.stack import Stack
from ops.state import ROOT
from tests.running import Running


def stack_of(running: Running) -> Stack:
    parts = {name: [service.pid] for name, service in running.services.items() if service.pid}
    database = running.addresses.database_url("operator")
    return Stack(running.url, None, database, None, running.addresses.superuser_url, parts)


async def test_what_was_accepted_is_there_and_every_figure_has_its_yardstick(running: Running) -> None:
    plan = Plan("create", (Rate(20),), seconds=2, against_direct=True)
    report = await Run(plan, stack_of(running), asyncio.Event()).run()
    text = report.as_text()
    assert report.code == 0, text
    assert report.audit
    assert report.audit.equal
    ours, direct = report.results[:2]
    assert (ours.target, direct.target) == ("taskmesh", "direct")
    assert [each.accepted + each.refused for each in (ours, direct)] == [40, 40], text
    assert report.audit.there.versions >= ours.accepted > 0, text
    assert {"gateway", "task_worker", "generator"} <= ours.cpu.keys() or "CPU per request" in text
    assert "20/s: taskmesh / direct = " in text
    async with asyncpg.create_pool(running.addresses.superuser_url, min_size=1, max_size=1) as pool:
        assert not await pool.fetchval("SELECT to_regnamespace('load_direct')")


async def test_a_row_that_went_missing_is_found(running: Running) -> None:
    client, connection = Client(running.url), await asyncpg.connect(running.addresses.superuser_url)
    try:
        account = await Account.open(client, None)
        before = await count(connection, account.id)
        for number in range(3):
            assert (await account.send(creation(number))).status == 201
        whole = await audit(connection, account.id, before, accepted=account.accepted, uncertain=account.uncertain)
        assert whole.equal, str(whole)
        await connection.execute(
            "DELETE FROM tasks.tasks WHERE id = (SELECT id FROM tasks.tasks WHERE owner_id = $1 LIMIT 1)", account.id
        )
        holed = await audit(connection, account.id, before, accepted=account.accepted, uncertain=account.uncertain)
    finally:
        client.close()
        await connection.close()
    assert (holed.accepted, holed.there.versions, holed.there.events) == (3, 2, 3)
    assert Report("create", "", audit=holed).code == 1


async def test_ctrl_c_gives_the_report_so_far(running: Running) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "load", "create", "--url", running.url, "--rate", "20", "--seconds", "3600"),
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OPERATOR_DATABASE_URL": running.addresses.database_url("operator"),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr
    while not (line := await process.stderr.readline()).startswith(b"taskmesh 20/s"):
        assert line, "it ended before it began"
    process.send_signal(signal.SIGINT)
    output, errors = await process.communicate()
    text = output.decode()
    assert process.returncode == 130, text + errors.decode()
    assert "Interrupted: this is what was measured until then." in text
    assert "loss audit: equal" in text
    assert "taskmesh  20/s" in text
