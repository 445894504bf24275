"""Where a user's mail goes: asked of auth_worker when it is sent, and kept nowhere else."""

from datetime import timedelta
from uuid import UUID

import uuid_utils.compat as uuid

from chassis.errors import Refusal
from chassis.requests import Requests, Sender
from contracts.identity import GetAccount
from contracts.message import Actor
from contracts.problems import NOT_FOUND

_BUDGET = timedelta(seconds=5)


class Addresses:
    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def find_verified(self, user_id: UUID) -> str | None:
        """None where there is no such account, or its address is not verified.

        Raises Unavailable, or Refusal, while auth_worker cannot tell.
        """
        on_behalf = Actor(id=user_id, username="notifier")
        sender = Sender(message_id=uuid.uuid7(), actor=on_behalf, budget=_BUDGET)
        try:
            account = (await self._requests.ask(GetAccount(user_id=user_id), sender)).value
        except Refusal as refusal:
            if refusal.problem.type == NOT_FOUND:
                return None
            raise
        return account.email if account.email_verified else None
