class OpsError(Exception):
    """Something the person at the terminal can act on: the message says what is wrong and what to do."""
