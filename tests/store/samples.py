"""Sample domain objects with every field set, and the rows they refer to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from ca_core.model.accounts import Account, AccountStatus
from ca_core.model.authorizations import (
    Authorization,
    AuthorizationStatus,
    Challenge,
    ChallengeStatus,
    ValidationMethod,
)
from ca_core.model.certificates import Certificate, CertificateStatus
from ca_core.model.clients import Client, ClientSettings
from ca_core.model.errors import ErrorKind, Problem, SubProblem
from ca_core.model.fields import FieldName, FieldPolicy, FieldValue
from ca_core.model.identifiers import Identifier, IdentifierType, UnknownIdentifier
from ca_core.model.issuers import Issuer, IssuerKind
from ca_core.model.jobs import Job, JobState, JobType
from ca_core.model.orders import Order, OrderState
from ca_core.model.products import (
    AcceptedFinding,
    ApprovalPolicy,
    KeyPolicy,
    KeyType,
    LintPolicy,
    NamePolicy,
    Policy,
    Product,
    Profile,
    ProfileKind,
    Road,
)
from ca_core.model.store import Transaction

NOW = datetime(2026, 2, 28, 12, 30, 45, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
EXAMPLE = Identifier(type=IdentifierType.DNS, value="www.example.com")
ADDRESS = Identifier(type=IdentifierType.IP, value="192.0.2.7")
PROBLEM = Problem(
    kind=ErrorKind.IDENTIFIER_REJECTED,
    detail="the name \u201cé\u201d is not taken",
    subproblems=(
        SubProblem(kind=ErrorKind.DNS, detail="no answer", identifier=EXAMPLE),
        SubProblem(kind=ErrorKind.CAA, detail="forbidden"),
        SubProblem(
            kind=ErrorKind.IDENTIFIER_UNSUPPORTED,
            detail="unknown",
            identifier=UnknownIdentifier(type="tn", value="a@b.test"),
        ),
    ),
    retry_after=30,
    id="err-1",
)
_numbers = count(1)


def new_id(prefix: str) -> str:
    """An id that sorts behind the ones before, as UUIDv7 does."""
    return f"{prefix}-{next(_numbers):012d}"


CLIENT = Client(
    id="cli-1", name="example", description="a tenant", settings=ClientSettings(plain_get=True), created_at=NOW
)
ISSUER = Issuer(
    id="iss-1",
    name="Issuing CA",
    kind=IssuerKind.ISSUING,
    certificate=b"\x30\x01",
    chain=(b"\x30\x02", b"\x30\x03"),
    alternate_chains=((b"\x30\x04",), (b"\x30\x05", b"\x30\x06")),
    key_reference="software:key-1",
    crl_url="http://127.0.0.1/crl",
    ocsp_url="http://127.0.0.1/ocsp",
    certificate_url="http://127.0.0.1/issuer",
    created_at=NOW,
)
PRODUCT = Product(
    id="pma-1",
    client_id=CLIENT.id,
    issuer_id=ISSUER.id,
    name="tls",
    description="servers",
    version="a" * 64,
    roads=frozenset({Road.ACME, Road.REST}),
    policy=Policy(
        public=False,
        profile=Profile(kind=ProfileKind.TLS_SERVER, validity=90 * 86400, policy_oids=("1.2.3", "1.2.4")),
        names=NamePolicy(wildcards=True, single_labels=True),
        lint=LintPolicy(accepted=(AcceptedFinding(code="a.b", reason="private"),)),
        caa_identities=("ca.example",),
        require_dnssec=True,
        reuse_authorizations=True,
        requested_validity=True,
        publish_ldap=True,
        renewal_notice=14 * 86400,
        keys=KeyPolicy(key_type=KeyType.RSA_3072),
        fields=(
            FieldPolicy(name=FieldName.ORGANIZATION_NAME, editable=False, visible=False, default="Example"),
            FieldPolicy(name=FieldName.LOCALITY_NAME, mandatory=True, pattern="[A-Z][a-z]+"),
        ),
        dns_owner_rule=False,
        approval=ApprovalPolicy(issuance=2, revocation=1),
    ),
)
ACCOUNT = Account(
    id="acc-1",
    client_id=CLIENT.id,
    product_id=PRODUCT.id,
    status=AccountStatus.VALID,
    jwk='{"kty":"EC"}',
    thumbprint="thumb",
    contacts=("mailto:a@example.com",),
    terms_agreed=True,
    created_at=NOW,
)


def add_basics(tx: Transaction) -> None:
    """Store the rows that orders refer to."""
    tx.clients.add(CLIENT)
    tx.issuers.add(ISSUER)
    tx.products.put(PRODUCT)
    tx.accounts.add(ACCOUNT)


def authorization(identifier: Identifier = EXAMPLE, **changes: object) -> Authorization:
    """A pending authorization with two challenges."""
    own = new_id("azn")
    challenges = tuple(
        Challenge(
            id=new_id("chl"),
            authorization_id=own,
            method=method,
            token=f"token-{method}",
            status=ChallengeStatus.PENDING,
        )
        for method in (ValidationMethod.HTTP_01, ValidationMethod.DNS_01)
    )
    pending = Authorization(
        id=own,
        client_id=CLIENT.id,
        account_id=ACCOUNT.id,
        identifier=identifier.base,
        wildcard=identifier.wildcard,
        status=AuthorizationStatus.PENDING,
        created_at=NOW,
        expires_at=NOW + HOUR,
        challenges=challenges,
    )
    return replace(pending, **changes)  # type: ignore[arg-type]


def order(**changes: object) -> Order:
    """A new order without authorizations."""
    new = Order(
        id=new_id("ord"),
        client_id=CLIENT.id,
        product_id=PRODUCT.id,
        product_version=PRODUCT.version,
        product_name=PRODUCT.name,
        account_id=ACCOUNT.id,
        road=Road.ACME,
        placed_by="acme-account:acc-1",
        identifiers=(EXAMPLE, ADDRESS),
        authorization_ids=(),
        state=OrderState.NEW,
        created_at=NOW,
        expires_at=NOW + HOUR,
        not_before=NOW,
        tags=("a", "b"),
        publish=True,
        fields=(FieldValue(name=FieldName.ORGANIZATION_NAME, value="Example"),),
        comment="hello",
    )
    return replace(new, **changes)  # type: ignore[arg-type]


def certificate(order_id: str, serial: int, **changes: object) -> Certificate:
    """An intent."""
    intent = Certificate(
        id=new_id("crt"),
        order_id=order_id,
        client_id=CLIENT.id,
        issuer_id=ISSUER.id,
        serial=serial,
        status=CertificateStatus.INTENDED,
        identifiers=(EXAMPLE,),
        subject="",
        not_before=NOW,
        not_after=NOW + HOUR,
        spki_sha256=b"\x01" * 32,
        tbs=b"\x30\x03tbs",
        created_at=NOW,
    )
    return replace(intent, **changes)  # type: ignore[arg-type]


def job(**changes: object) -> Job:
    """A pending job that is due now."""
    due = Job(
        id=new_id("job"),
        type=JobType.ISSUE_PRE_LINTING_JOB,
        state=JobState.PENDING,
        created_at=NOW,
        client_id=CLIENT.id,
        due_at=NOW,
        request={"b": 1, "a": [True, None]},
    )
    return replace(due, **changes)  # type: ignore[arg-type]
