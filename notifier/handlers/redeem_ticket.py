from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.feed import RedeemTicket
from contracts.problems import INVALID_TOKEN
from notifier.store import feed


async def redeem_ticket(command: RedeemTicket, delivery: Delivery) -> Answer:
    if not await feed.redeem_ticket(delivery.connection, command.ticket_id):
        raise Refusal(INVALID_TOKEN, "the ticket was used before")
    return Answer(command.actor)
