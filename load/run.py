"""One run: rounds of each pace and each target in turn, and the audit at its end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg

from load import cpu, profile, yardstick
from load.account import Account
from load.audit import Count, audit, count
from load.client import Client
from load.events import measure_events
from load.measurement import Result
from load.pace import Connections, Pace
from load.report import Report
from load.requests import Requests
from load.scenarios import SCENARIOS, Scenario
from load.stack import Stack
from load.target import Target, measure

EVENTS = "events"
_WARM_UP = 1.0  # seconds, measured and not reported


@dataclass(frozen=True)
class Plan:
    scenario: str
    paces: tuple[Pace, ...]
    seconds: float
    rounds: int = 1
    against_direct: bool = False
    profiled: bool = False


class Run:
    def __init__(self, plan: Plan, stack: Stack, stopping: asyncio.Event) -> None:
        self._plan = plan
        self._stack = stack
        self._stopping = stopping
        scenario = SCENARIOS.get(plan.scenario)
        self.report = Report(plan.scenario, scenario.says if scenario else "changes, and their events at subscribers")

    async def run(self) -> Report:
        client = Client(self._stack.url, at_most=max(pace.connections for pace in self._plan.paces))
        try:
            async with self._audited(client) as account:
                if self._plan.scenario == EVENTS:
                    await self._measure_events(account)
                else:
                    await self._measure(account, SCENARIOS[self._plan.scenario])
        finally:
            client.close()
        self.report.interrupted = self._stopping.is_set()
        return self.report

    @asynccontextmanager
    async def _audited(self, client: Client) -> AsyncIterator[Account]:
        account = await Account.open(client, self._stack.token)
        if self._stack.database_url is None:
            self.report.skipped.append("the loss audit: OPERATOR_DATABASE_URL does not say where the database is")
            yield account
            return
        connection = await asyncpg.connect(self._stack.database_url, server_settings={"statement_timeout": "60s"})
        try:
            before: Count = await count(connection, account.id)
            yield account
            self.report.audit = await audit(
                connection, account.id, before, accepted=account.accepted, uncertain=account.uncertain
            )
        finally:
            await connection.close()

    @asynccontextmanager
    async def _profiled(self) -> AsyncIterator[None]:
        if not self._plan.profiled:
            yield
        elif reason := profile.missing(self._stack.parts):
            self.report.skipped.append(f"the profile: {reason}")
            yield
        else:
            async with profile.sampled(self._stack.parts, self.report.profiles):
                yield

    async def _measure_events(self, account: Account) -> None:
        if self._stack.amqp_url is None:
            self.report.skipped.append("events over AMQP: OPERATOR_AMQP_URL does not say where the broker is")
        async with self._profiled():
            for pace in self._paces():
                found = await measure_events(
                    self._stack, account, pace, seconds=self._plan.seconds, stopping=self._stopping
                )
                self.report.results += found

    async def _measure(self, account: Account, scenario: Scenario) -> None:
        if reason := cpu.missing(self._stack.parts):
            self.report.skipped.append(f"CPU per request: {reason}")
        requests = await scenario.prepare(account)
        ours = Target("taskmesh", account.send, self._stack.parts)
        compared = self._plan.against_direct and self._can_compare(scenario)
        async with AsyncExitStack() as stack:
            if compared and self._stack.superuser_url and scenario.yardstick == "direct":
                await stack.enter_async_context(yardstick.tables(self._stack.superuser_url))
            await self._once(ours, requests, Connections(4), _WARM_UP)
            await stack.enter_async_context(self._profiled())
            for pace in self._paces():
                self.report.results.append(await self._once(ours, requests, pace, self._plan.seconds))
                if compared and not self._stopping.is_set():
                    await self._compare(account, scenario, requests, pace)

    def _can_compare(self, scenario: Scenario) -> bool:
        if scenario.yardstick is None:
            self.report.skipped.append(f"--against direct: there is no yardstick for {self._plan.scenario}")
        elif scenario.yardstick == "direct" and self._stack.superuser_url is None:
            self.report.skipped.append("--against direct: MIGRATION_DATABASE_URL does not say where the database is")
        else:
            if self._plan.scenario == "create" and yardstick.pgbench_program(self._stack) is None:
                self.report.skipped.append("pgbench: it is not installed")
            return True
        return False

    async def _compare(self, account: Account, scenario: Scenario, requests: Requests, pace: Pace) -> None:
        """On the same database, right after ours, so that both meet the machine in the same mood."""
        if scenario.yardstick == "argon2":
            self.report.results.append(await asyncio.to_thread(yardstick.argon2, pace, self._plan.seconds))
            return
        async with yardstick.direct(self._stack, account.id, pace) as target:
            await self._once(target, requests, Connections(4), _WARM_UP)
            self.report.results.append(await self._once(target, requests, pace, self._plan.seconds))
        program = yardstick.pgbench_program(self._stack)
        if self._plan.scenario == "create" and program and self._stack.superuser_url and not self._stopping.is_set():
            found = await yardstick.pgbench(
                program,
                self._stack.superuser_url,
                account.id,
                pace,
                seconds=self._plan.seconds,
                stopping=self._stopping,
            )
            if self._stopping.is_set():
                self.report.skipped.append("pgbench: interrupted, and it had not written its log yet")
            else:
                self.report.results.append(found)

    async def _once(self, target: Target, requests: Requests, pace: Pace, seconds: float) -> Result:
        return await measure(target, requests, pace, seconds=seconds, stopping=self._stopping)

    def _paces(self) -> Iterator[Pace]:
        """Each pace in each round, until somebody says stop."""
        for _ in range(self._plan.rounds):
            for pace in self._plan.paces:
                if self._stopping.is_set():
                    return
                yield pace
