"""How a check says that a server does not do what it should, or does not have what the check is about."""


class NotKeptError(Exception):
    """The server did not do what is demanded of it; the text says what it did."""


class NotOfferedError(Exception):
    """The check is about something optional that this server, or this run, does not have; the text says what."""


def expect(condition: object, seen: str) -> None:
    """Go on if the condition holds; otherwise raise NotKeptError, and ``seen`` says what was seen instead."""
    if not condition:
        raise NotKeptError(seen)
