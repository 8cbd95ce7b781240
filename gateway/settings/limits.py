"""How often what may happen."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

from ca_core.model.rate_limits import OFF, Rate
from gateway.settings.values import Section, Texts, listed


def _rate(value: object) -> Rate:
    return value if isinstance(value, Rate) else Rate.parse(str(value))


Limit = Annotated[Rate, BeforeValidator(_rate), PlainSerializer(str)]


class Limits(Section):
    """How often what may happen: ``1000/1h`` is 1000 at once and as many again in an hour, ``off`` is no limit.

    The defaults stop what runs wild (a loop, a restart every second); no internal CA should meet them otherwise.
    """

    accounts_per_address: Limit = Field(
        default=Rate(1000, timedelta(hours=1)),
        description="New ACME accounts from one IPv4 address or IPv6 /48. Every machine of a site may stand behind one "
        "address; whoever floods the account table does so faster.",
    )
    orders_per_account: Limit = Field(
        default=Rate(10_000, timedelta(hours=1)),
        description="New orders of one ACME account. A fleet may share an account and renew at once; a client that "
        "orders in a loop meets this within hours, and the database grows no further.",
    )
    orders_per_client: Limit = Field(
        default=OFF,
        description="New orders of one Client, over every road. Off, since its accounts have a limit each, and since "
        "on PostgreSQL all workers take turns at a Client's one row; set it where Clients must not starve each other.",
    )
    failed_validations: Limit = Field(
        default=Rate(60, timedelta(hours=1)),
        description="Failed validations of one name by one account; then the next is not begun. The gateway must not "
        "be made to ask somebody's servers again and again, and a wrong configuration does not mend itself.",
    )
    certificates_per_names: Limit = Field(
        default=Rate(500, timedelta(days=1)),
        description="Certificates of one Client for exactly the same names. Enough for one every three minutes; a "
        "container that forgets its certificate and restarts needs more.",
    )
    refusals_per_address: Limit = Field(
        default=Rate(1000, timedelta(hours=1)),
        description="Refused requests from one IPv4 address or IPv6 /48. Each leaves an audit record; those beyond get "
        "429 and leave none, so that nobody fills the log. Good requests from the address are served as before.",
    )
    failed_sign_ins_per_address: Limit = Field(
        default=Rate(30, timedelta(minutes=15)),
        description="Failed sign-ins at the admin page from one IPv4 address or IPv6 /48; then nobody signs in from "
        "there for a while. Nothing can be guessed at it, but what runs wild shall not fill the audit log.",
    )
    requests_per_user: Limit = Field(
        default=Rate(36_000, timedelta(hours=1)),
        description="Requests of one user, over the API and of pages, of every kind: ten a second for ever, and an "
        "hour's worth at once. A script that polls without a pause meets it. The API's answers say in RateLimit how "
        "many are left.",
    )
    requests_per_address: Limit = Field(
        default=Rate(100_000, timedelta(hours=1)),
        description="Requests of users from one IPv4 address or IPv6 /48, where many users may sit, and sign-ins that "
        "begin there.",
    )
    exempt_addresses: Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(listed)] = Field(
        default=(),
        description='Networks that no limit holds for, such as ["10.1.0.0/16"] or 10.1.0.0/16,10.2.0.0/16: a reverse '
        "proxy, whose address all requests then have, or the machines of your monitoring.",
    )
    exempt_accounts: Texts = Field(default=(), description="ACME accounts (acc-...) that no limit holds for.")
    exempt_clients: Texts = Field(default=(), description="Names of Clients that no limit holds for.")
