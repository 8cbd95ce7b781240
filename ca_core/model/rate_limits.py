"""Rate limits: what is counted, how much of it is allowed, and for whom nothing is (rule 53)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Final

_MAX_DIGITS: Final = 6
_UNITS: Final = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}


class Limit(StrEnum):
    """What is counted; the values are the settings' names in the section ``limits``."""

    ACCOUNTS_PER_ADDRESS = "accounts_per_address"
    ORDERS_PER_ACCOUNT = "orders_per_account"
    ORDERS_PER_CLIENT = "orders_per_client"
    FAILED_VALIDATIONS = "failed_validations"
    CERTIFICATES_PER_NAMES = "certificates_per_names"
    REFUSALS_PER_ADDRESS = "refusals_per_address"
    FAILED_SIGN_INS_PER_ADDRESS = "failed_sign_ins_per_address"
    REQUESTS_PER_USER = "requests_per_user"
    REQUESTS_PER_ADDRESS = "requests_per_address"


@dataclass(frozen=True)
class Rate:
    """``count`` at once, and in every ``period`` as many again, evenly spread. A count of 0 is no limit."""

    count: int
    period: timedelta

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Read ``1000/1h``, ``5/30s`` (s, m, h, d), ``off`` or ``0``; raises ValueError with a sentence."""
        if text in {"off", "0"}:
            return OFF
        count, _, period = text.partition("/")
        unit = _UNITS.get(period[-1:])
        if not (unit and _is_number(count) and _is_number(period[:-1])):
            raise ValueError(f"write a number and a time, such as 1000/1h or 5/30s, or off, not {text!r}")
        return cls(int(count), int(period[:-1]) * unit)

    @property
    def interval(self) -> timedelta:
        """The time between two that are allowed for ever."""
        return self.period / self.count

    def __str__(self) -> str:
        if not self.count:
            return "off"
        letter, unit = next((letter, unit) for letter, unit in _UNITS.items() if not self.period % unit)
        return f"{self.count}/{self.period // unit}{letter}"


OFF: Final = Rate(0, timedelta(seconds=1))


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What is left of a limit: how many are allowed at once now, and in how many seconds all of them are again."""

    limit: Limit
    rate: Rate
    remaining: int
    full_in: int


@dataclass(frozen=True, kw_only=True)
class RateLimits:
    """The limits of an installation; one that is missing is off. Nothing is refused to those who are exempt.

    ``exempt_accounts`` are ids (``acc-``), ``exempt_clients`` names.
    """

    rates: Mapping[Limit, Rate] = field(default_factory=dict)
    exempt_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    exempt_accounts: frozenset[str] = frozenset()
    exempt_clients: frozenset[str] = frozenset()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and int(text) > 0
