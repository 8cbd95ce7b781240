"""Patterns: the regular expressions that a product sets for its fields, matched in linear time (abuse 71)."""

import functools

from pydantic_core import SchemaError, SchemaValidator, core_schema


def matches(pattern: str, value: str) -> bool:
    """Whether the whole value matches; whatever the pattern, the time is linear in the length of the value."""
    return _validator(rf"\A(?:{pattern})\z").isinstance_python(value)


def is_pattern(text: str) -> bool:
    """Whether it is a regular expression that can be used: without look-around and back-references."""
    try:
        _validator(text)
    except SchemaError:
        return False
    return True


@functools.lru_cache(maxsize=256)
def _validator(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
