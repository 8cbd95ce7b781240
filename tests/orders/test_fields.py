"""Fields: what comes into a certificate beyond its names: the product's, the requester's, the CSR's (abuse 23, 24)."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import count

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ca_core.model.certificates import Certificate
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.fields import FieldName, FieldPolicy, FieldValue
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.orders import Order, OrderRequest, OrderState
from ca_core.model.products import KeyPolicy, KeyType, LintSet, Product, Road
from ca_core.model.store import Transaction
from ca_core.model.users import User, UserKind
from ca_core.orders.enrol import enrol
from ca_core.orders.validate import validate
from tests.orders.workshop import Workshop

Subject = Iterable[tuple[x509.ObjectIdentifier, str]]
_versions = count(1)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def new_csr(
    *names: x509.GeneralName, subject: Subject = (), key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = EC_KEY
) -> bytes:
    """Return a CSR (DER)."""
    attributes = [x509.NameAttribute(oid, value) for oid, value in subject]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(attributes))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


async def product_with(workshop: Workshop, name: str, *fields: FieldPolicy, **policy: object) -> Product:
    """Return a product of init with other fields, and let somebody order it; nobody's control of names is asked for."""
    products = await workshop.core.store.read(lambda tx: tx.products.all(None))
    product = next(one for one in products if one.name == name)
    changed = replace(product.policy, fields=fields, dns_owner_rule=False, **policy)  # type: ignore[arg-type]
    product = replace(product, version=f"fields-{next(_versions)}", policy=changed)
    alice = User(id="usr-1", name="alice", kind=UserKind.OPERATOR, created_at=workshop.clock.now())

    def put(tx: Transaction) -> None:
        tx.products.put(product)
        if tx.users.get(alice.id) is None:
            tx.users.add(alice)

    await workshop.core.store.write(put)
    return product


def values(**named: str) -> tuple[FieldValue, ...]:
    """Return field values."""
    return tuple(FieldValue(name=FieldName(name), value=value) for name, value in named.items())


async def issue(workshop: Workshop, product: Product, csr: bytes, **asked: object) -> tuple[Order, x509.Certificate]:
    """Order over REST; return the order and its certificate."""
    request = OrderRequest(product_id=product.id, road=Road.REST, csr=csr, **{"identifiers": (), **asked})  # type: ignore[arg-type]
    order = await enrol(workshop.core, request, await workshop.user(product.client_id, "ann"))
    assert order.state is OrderState.ISSUED, order.error
    certificate = await workshop.core.store.read(lambda tx: tx.certificates.get(order.certificate_id or ""))
    assert isinstance(certificate, Certificate)
    return order, x509.load_der_x509_certificate(certificate.der or b"")


async def refused(workshop: Workshop, product: Product, csr: bytes, **asked: object) -> TriviumError:
    """Return how an order over REST is refused."""
    with pytest.raises(TriviumError) as error:
        await issue(workshop, product, csr, **asked)
    return error.value


MAIL = x509.RFC822Name("Alice@Example.COM")


async def test_a_mail_certificate(workshop: Workshop) -> None:
    """Mail programs look for the address, emailProtection and a key that signs and decrypts (S/MIME BR 7.1.2.3)."""
    product = await product_with(workshop, "smime")
    order, certificate = await issue(workshop, product, new_csr(MAIL, subject=[(NameOID.COMMON_NAME, "alice")]))
    assert order.identifiers == (Identifier(type=IdentifierType.EMAIL, value="Alice@example.com"),)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.RFC822Name("Alice@example.com")]
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]
    key_usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (key_usage.digital_signature, key_usage.key_agreement, key_usage.key_encipherment) == (True, True, False)
    assert not list(certificate.subject)


async def test_a_mail_certificate_names_no_hosts(workshop: Workshop) -> None:
    """A certificate for mail that a web server can use too has a name nobody has shown control of (rule 49)."""
    product = await product_with(workshop, "smime")
    error = await refused(workshop, product, new_csr(MAIL, x509.DNSName("a.test")))
    assert error.kind is ErrorKind.IDENTIFIER_UNSUPPORTED


async def test_fixed_and_hidden_values_win(workshop: Workshop) -> None:
    """A requester sets what the CA has fixed, or a hidden field does not reach the certificate."""
    product = await product_with(
        workshop,
        "tls",
        FieldPolicy(name=FieldName.ORGANIZATION_NAME, visible=False, editable=False, default="Example AG"),
        FieldPolicy(name=FieldName.COUNTRY_NAME, editable=False, default="CH"),
        FieldPolicy(name=FieldName.LOCALITY_NAME),
        lint=replace(workshop.product.policy.lint, lint_set=LintSet.CABF_OV),
        profile=replace(workshop.product.policy.profile, policy_oids=("2.23.140.1.2.2",)),
    )
    csr = new_csr(
        x509.DNSName("a.test"),
        subject=[
            (NameOID.ORGANIZATION_NAME, "Evil Corp"),
            (NameOID.LOCALITY_NAME, "Bern"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, "Root"),
        ],
    )
    _, certificate = await issue(workshop, product, csr, fields=values(organizationName="Evil Corp", countryName="XX"))
    assert certificate.subject.rfc4514_string() == "O=Example AG,L=Bern,C=CH"


async def test_extension_values_reach_the_certificate(workshop: Workshop) -> None:
    """Windows lets nobody log on whose certificate lacks his principal name or SID, in Microsoft's own forms."""
    names = ("userPrincipalName", "microsoftSecurityIdentifier", "microsoftPolicyTemplateOID")
    product = await product_with(workshop, "smime", *(FieldPolicy(name=FieldName(name)) for name in names))
    asked = values(**dict(zip(names, ("alice@corp.test", "S-1-5-21-1-2-3-500", "1.3.6.1.4.1.311.21.8.1"), strict=True)))
    _, certificate = await issue(workshop, product, new_csr(MAIL), fields=asked)
    alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    [upn] = alternative.get_values_for_type(x509.OtherName)
    assert (upn.type_id.dotted_string, upn.value) == ("1.3.6.1.4.1.311.20.2.3", b"\x0c\x0falice@corp.test")
    template = certificate.extensions.get_extension_for_class(x509.MSCertificateTemplate).value
    assert template.template_id.dotted_string == "1.3.6.1.4.1.311.21.8.1"
    sid = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.4.1.311.25.2")).value
    assert sid.public_bytes().endswith(b"\x04\x12S-1-5-21-1-2-3-500")
    wrong = await refused(workshop, product, new_csr(MAIL), fields=values(microsoftSecurityIdentifier="root"))
    assert "is a SID" in wrong.detail


async def test_the_requester_overrides_the_csr(workshop: Workshop) -> None:
    """What an operator typed is replaced by what a device put into its CSR."""
    product = await product_with(workshop, "smime", FieldPolicy(name=FieldName.COMMON_NAME))
    csr = new_csr(x509.RFC822Name("old@example.com"), subject=[(NameOID.COMMON_NAME, "old@example.com")])
    own = Identifier(type=IdentifierType.EMAIL, value="new@example.com")
    asked = {"identifiers": (own,), "fields": values(commonName="new@example.com")}
    order, certificate = await issue(workshop, product, csr, **asked)
    assert order.identifiers == (own,)
    assert certificate.subject.rfc4514_string() == "CN=new@example.com"


REFUSED = [
    ({"organizationName": "Other"}, "has no field organizationName"),
    ({"localityName": "bern"}, "must match"),
    ({"localityName": ""}, "localityName is missing"),
    ({"localityName": "Ber\u202en"}, "control or format characters"),
    ({"localityName": "Be\x00rn"}, "control or format characters"),
    ({"localityName": "B\u0435rn"}, "mixes no Latin, Cyrillic"),
    ({"localityName": "B" + "e" * 128}, "1 to 128 characters"),
    ({"localityName": "Bern", "commonName": "other.test"}, "one of the order's domain names"),
]


@pytest.mark.parametrize(("asked", "sentence"), REFUSED)
async def test_values_that_are_none_are_refused(workshop: Workshop, asked: dict[str, str], sentence: str) -> None:
    """Abuse 23, 24: what nobody allowed, or what deceives its reader, stands in a certificate."""
    field = FieldPolicy(name=FieldName.LOCALITY_NAME, mandatory=True, pattern="[A-Z].*")
    product = await product_with(workshop, "tls", field)
    error = await refused(workshop, product, new_csr(x509.DNSName("a.test")), fields=values(**asked))
    assert error.kind is ErrorKind.MALFORMED
    assert any(sentence in text for text in (error.detail, *(one.detail for one in error.problem.subproblems)))


async def test_the_key_is_of_the_products_type_or_larger(workshop: Workshop) -> None:
    """An integrator's RSA-4096 key is refused where RSA-3072 is asked for, or an EC key taken."""
    product = await product_with(workshop, "tls", keys=KeyPolicy(key_type=KeyType.RSA_3072))
    name = x509.DNSName("a.test")
    for key in (EC_KEY, rsa.generate_private_key(65537, 2048)):
        error = await refused(workshop, product, new_csr(name, key=key))
        assert error.kind is ErrorKind.BAD_KEY
        assert "RSA_3072" in error.detail
    order, _ = await issue(workshop, product, new_csr(name, key=rsa.generate_private_key(65537, 4096)))
    assert order.state is OrderState.ISSUED


async def test_a_form_is_filled_in_and_nothing_stored(workshop: Workshop) -> None:
    """Who pastes a CSR sees what it would become and everything that is wrong, and has ordered nothing."""
    product = await product_with(
        workshop,
        "smime",
        FieldPolicy(name=FieldName.COMMON_NAME, mandatory=True),
        FieldPolicy(name=FieldName.ORGANIZATION_NAME, visible=False, editable=False, default="Example AG"),
        FieldPolicy(name=FieldName.COUNTRY_NAME, mandatory=True),
    )
    csr = new_csr(MAIL, subject=[(NameOID.COMMON_NAME, "Alice"), (NameOID.TITLE, "Queen")])
    before = await workshop.core.store.read(lambda tx: tx.audit.of_object(product.id, 10))
    request = OrderRequest(product_id=product.id, road=Road.REST, identifiers=(), csr=csr, publish=True)
    form = await validate(workshop.core, request, await workshop.user(product.client_id, "ann"))
    assert {field.policy.name: field.values for field in form.fields} == {
        FieldName.RFC822_NAME: ("Alice@example.com",),
        FieldName.COMMON_NAME: ("Alice",),
        FieldName.ORGANIZATION_NAME: ("Example AG",),
        FieldName.COUNTRY_NAME: (),
    }
    assert [(finding.field, finding.kind) for finding in form.findings] == [
        (FieldName.COUNTRY_NAME, ErrorKind.MALFORMED)
    ]
    assert await workshop.core.store.read(lambda tx: tx.audit.of_object(product.id, 10)) == before
    several = replace(request, csr=b"nonsense", identifiers=(Identifier(type=IdentifierType.DNS, value="a.test"),))
    kinds = [
        finding.kind
        for finding in (await validate(workshop.core, several, await workshop.user(product.client_id, "ann"))).findings
    ]
    assert kinds[:2] == [ErrorKind.MALFORMED, ErrorKind.IDENTIFIER_UNSUPPORTED]
    with pytest.raises(TriviumError):
        form.require_valid()
