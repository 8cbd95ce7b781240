"""Search texts of users: ``?`` stands for one character and ``*`` for any; without either, a text is found anywhere."""

from sqlalchemy import ColumnElement, func

ESCAPE = "\\"


def matches(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Return the condition that the column matches the text, whatever the case; all of it where it has wildcards."""
    return func.lower(column).like(like_pattern(text), escape=ESCAPE)


def like_pattern(text: str) -> str:
    """Return the text as SQL's LIKE has it, in lower case, special characters escaped by a backslash."""
    for special in (ESCAPE, "%", "_"):
        text = text.replace(special, ESCAPE + special)
    pattern = text.lower().replace("*", "%").replace("?", "_")
    return pattern if {"*", "?"} & {*text} else f"%{pattern}%"
