"""What can go wrong between us and a broker."""


class AmqpError(Exception):
    pass


class ConnectionLost(AmqpError):
    pass


class ChannelClosed(AmqpError):
    def __init__(self, code: int, text: str) -> None:
        self.code = code
        super().__init__(f"{code} {text}")


class Returned(AmqpError):
    """No queue takes it."""


class Refused(AmqpError):
    """The broker does not take it: a queue is full."""
