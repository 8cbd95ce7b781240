"""Text from outside, as a page shows it: what would change the text around it is made visible (abuse 55)."""

import re
from typing import Final

from markupsafe import Markup

_STEERING: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
    "|[\U000e0000-\U000e007f]"
)
"""Control characters but tab and line feed, those that turn the direction of text, and those that nobody sees."""


def harmless(value: object) -> object:
    """Return a value of a template as it may stand on a page; markup of our own stays as it is."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return visible(value)


def visible(text: str) -> str:
    """Return the text with every character that steers or hides written as ``[U+202E]``."""
    return _STEERING.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)
