"""Mail about what others do: to addresses that are verified, and never to who did it himself."""

import re
from typing import Any

import asyncpg

from tests.eventually import eventually
from tests.running import Running


async def call(running: Running, method: str, path: str, token: str | None, /, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with running.http.request(method, path, json=body, headers=headers) as response:
        assert response.ok, await response.text()
        return await response.json() if response.status != 204 else None


async def mails(running: Running, address: str, subject: str) -> list[dict[str, Any]]:
    async with running.http.get(f"{running.mail_url}/api/v1/messages") as response:
        messages = (await response.json())["messages"]
    return [each for each in messages if each["To"][0]["Address"] == address and subject in each["Subject"]]


async def verify(running: Running, address: str) -> None:
    [mail] = await eventually(lambda: mails(running, address, ""))
    async with running.http.get(f"{running.mail_url}/api/v1/message/{mail['ID']}") as response:
        text = (await response.json())["Text"]
    [token] = re.findall(r'"token": "([^"]+)"', text)
    await call(running, "POST", "/v1/notifications/verify", None, token=token)


async def test_a_comment_is_mailed_to_its_owner_and_not_to_its_author(
    running: Running, superuser: asyncpg.Connection
) -> None:
    ada, grace = await running.register("ada"), await running.register("grace")
    await verify(running, "ada@example.org")
    task = await call(running, "POST", "/v1/tasks", ada, title="Water the plants")
    path = f"/v1/tasks/{task['id']}"
    await call(running, "POST", f"{path}/share", ada, shared_with_username="grace", permission="edit")
    await call(running, "POST", f"{path}/comments", grace, content="Done by noon.")
    await call(running, "POST", f"{path}/comments", ada, content="Thank you.")

    async def settled() -> list[tuple[Any, ...]] | None:
        rows = await superuser.fetch("SELECT kind, state, last_error FROM notifier.mails WHERE kind IS NOT NULL")
        found = sorted((tuple(row) for row in rows), key=str)
        return found if len(found) == 3 and all(state != "due" for _, state, _ in found) else None

    unverified = "no verified address"
    assert await eventually(settled, within=20) == [
        ("comment_on_my_task", "failed", unverified),
        ("comment_on_my_task", "sent", None),
        ("task_shared_with_me", "failed", unverified),
    ]
    assert len(await mails(running, "ada@example.org", "plants")) == 1
    assert await mails(running, "grace@example.org", "plants") == []
