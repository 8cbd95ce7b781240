"""Hostile switches: a gateway that is hard on clients on purpose, for those who write them; never in production.

They show what a client does when a good nonce is refused, when an authorization is valid already, and when a validation
takes its time. An installation with a public product refuses to run with them.
"""

import asyncio
from collections.abc import Iterable

from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier
from ca_core.model.products import Policy
from ca_core.model.sources import Entropy
from ca_core.model.values import replace
from ca_core.validation.validator import NO_REQUIREMENTS, Requirements, Validated, Validator
from gateway.acme.nonces import Nonce, Nonces, bad_nonce
from gateway.settings.installation import Hostile


def refuse_public(hostile: Hostile, policies: Iterable[Policy]) -> None:
    """Raise FORBIDDEN when a switch is on and a product is public."""
    if hostile.on and any(policy.public for policy in policies):
        raise TriviumError(
            ErrorKind.FORBIDDEN,
            "`hostile.*` is for testing clients and never for an installation with a public product: set it to 0 in "
            "trivium.toml, or make another installation for the tests.",
        )


def warning(hostile: Hostile) -> str:
    """Return the sentence that says loudly what is on."""
    return (
        f"HOSTILE to clients on purpose: refuses {hostile.reject_nonces} % of good nonces, reuses "
        f"{hostile.reuse_authorizations} % of valid authorizations, delays validations by up to "
        f"{hostile.delay_validations} s. For tests of clients only: set `hostile.*` to 0 for anything else."
    )


def hostile_core(core: Core, hostile: Hostile) -> Core:
    """Return the core with slow validators, which reuses authorizations by chance and takes no public product."""
    entropy = core.sources.entropy
    validators: dict[object, Validator] = {
        method: SlowValidator(validator, hostile.delay_validations, entropy)
        for method, validator in core.validators.items()
    }
    return replace(
        core,
        for_tests=True,
        validators=validators,
        reuses_authorizations=lambda policy: (
            policy.reuse_authorizations or by_chance(entropy, hostile.reuse_authorizations)
        ),
    )


def by_chance(entropy: Entropy, percent: int) -> bool:
    """Return True so many times in a hundred."""
    return int.from_bytes(entropy.token(4)) % 100 < percent


class HostileNonces(Nonces):
    """Nonces of which a share is refused although they are good; the client is to try again with another one.

    Never two in a row: a client that tries again once gets by, as it would at a server that has reason to refuse.
    """

    def __init__(self, nonces: Nonces, percent: int, entropy: Entropy) -> None:
        self._nonces = nonces
        self._percent = percent
        self._entropy = entropy
        self._has_refused = False

    def issue(self) -> str:
        """Return a fresh nonce."""
        return self._nonces.issue()

    def open(self, value: str | None) -> Nonce:
        """Check a nonce; raises REPLAYED also by chance."""
        nonce = self._nonces.open(value)
        self._has_refused = not self._has_refused and by_chance(self._entropy, self._percent)
        if self._has_refused:
            raise bad_nonce("this gateway is set to refuse good ones (hostile.reject_nonces)")
        return nonce


class SlowValidator:
    """A validator that waits up to ``seconds`` before it looks."""

    def __init__(self, validator: Validator, seconds: int, entropy: Entropy) -> None:
        self._validator = validator
        self._seconds = seconds
        self._entropy = entropy

    async def validate(
        self, identifier: Identifier, token: str, key_authorization: str, requirements: Requirements = NO_REQUIREMENTS
    ) -> Validated:
        """Wait, then validate."""
        await asyncio.sleep(self._seconds * int.from_bytes(self._entropy.token(2)) / 65535)
        return await self._validator.validate(identifier, token, key_authorization, requirements)
