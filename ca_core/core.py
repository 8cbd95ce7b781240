"""Core: everything a command needs, built once per process and passed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ca_core.access.identity_provider import IdentityProvider, NoIdentityProvider
from ca_core.certificates.lint import Linters
from ca_core.keys.sealing import Sealer
from ca_core.keys.signer import KeyRing
from ca_core.model.authorizations import ValidationMethod
from ca_core.model.products import Policy
from ca_core.model.rate_limits import RateLimits
from ca_core.model.sources import Sources
from ca_core.model.store import Store
from ca_core.model.tokens import TokenRules
from ca_core.notify.mailer import Mailer, NoMail
from ca_core.notify.webhook_sender import NoWebhooks, WebhookSender
from ca_core.publish.directory import Directory, NoDirectory
from ca_core.validation.validator import CaaCheck, NoCaaCheck, Validator


@dataclass(frozen=True, kw_only=True)
class Core:
    """The certification authority as one process holds it.

    ``worker`` names the process on the leases it takes. A core without a resolver has no validators, and its check of
    CAA allows nothing; one without a directory publishes nothing yet. One that is ``for_tests`` of clients
    takes no public product.
    """

    store: Store
    sources: Sources
    keys: KeyRing
    sealer: Sealer
    linters: Linters
    validators: Mapping[ValidationMethod, Validator]
    worker: str
    caa: CaaCheck = field(default_factory=NoCaaCheck)
    reuses_authorizations: Callable[[Policy], bool] = lambda policy: policy.reuse_authorizations
    limits: RateLimits = field(default_factory=RateLimits)
    tokens: TokenRules = field(default_factory=TokenRules)
    directory: Directory = field(default_factory=NoDirectory)
    webhooks: WebhookSender = field(default_factory=NoWebhooks)
    mailer: Mailer = field(default_factory=NoMail)
    for_tests: bool = False
    identity_provider: IdentityProvider = field(default_factory=NoIdentityProvider)
