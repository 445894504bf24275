from chassis.amqp.properties import Properties


class Partial:
    """A message of which not every frame has come."""

    __slots__ = ("consumer_tag", "delivery_tag", "missing", "parts", "properties", "redelivered")

    def __init__(self, consumer_tag: str | None, delivery_tag: int, *, redelivered: bool) -> None:
        self.consumer_tag = consumer_tag
        """None for one that is returned."""
        self.delivery_tag = delivery_tag
        self.redelivered = redelivered
        self.properties = Properties()
        self.missing = 0
        self.parts: list[bytes] = []
