"""An IssueRequest as an order request of the core."""

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Final

from ca_core.certificates.distinguished_names import parse_name
from ca_core.model.annotations import OfferedDocument
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.fields import FieldName, FieldValue
from ca_core.model.identifiers import Identifier, IdentifierType, RequestedIdentifier
from ca_core.model.orders import OrderRequest
from ca_core.model.products import Road
from ca_core.orders import product_queries
from gateway.rest.front_end import Asked
from gateway.rest.v2.clients import validity_in_seconds
from gateway.rest.v2.csr import csr_der
from gateway.rest.v2.recipients import read
from gateway.rest.v2.schemas.requests import DNS, IssueRequest, RegistrationDocument, RequestExtensions

_ATTRIBUTES: Final = {
    "2.5.4.3": FieldName.COMMON_NAME,
    "2.5.4.4": FieldName.SURNAME,
    "2.5.4.5": FieldName.SERIAL_NUMBER,
    "2.5.4.6": FieldName.COUNTRY_NAME,
    "2.5.4.7": FieldName.LOCALITY_NAME,
    "2.5.4.8": FieldName.STATE_OR_PROVINCE_NAME,
    "2.5.4.9": FieldName.STREET_ADDRESS,
    "2.5.4.10": FieldName.ORGANIZATION_NAME,
    "2.5.4.11": FieldName.ORGANIZATIONAL_UNIT_NAME,
    "2.5.4.12": FieldName.TITLE,
    "2.5.4.17": FieldName.POSTAL_CODE,
    "2.5.4.42": FieldName.GIVEN_NAME,
    "2.5.4.65": FieldName.PSEUDONYM,
    "2.5.4.97": FieldName.ORGANIZATION_IDENTIFIER,
    "1.2.840.113549.1.9.1": FieldName.EMAIL_ADDRESS,
}


async def order_request(asked: Asked, body: IssueRequest) -> OrderRequest:
    """Return what the body orders; raises NOT_FOUND for the product, MALFORMED, TERMS_NOT_AGREED."""
    product = await product_queries.get(asked.core, body.product_reference, asked.principal)
    if not body.accept_tand_c:
        raise TriviumError(ErrorKind.TERMS_NOT_AGREED, "Set `acceptTandC` to true: whoever orders agrees to the terms.")
    overrides = body.overrides
    extensions = overrides.request_extensions
    return OrderRequest(
        product_id=product.id,
        road=Road.REST,
        identifiers=tuple(dict.fromkeys(_identifiers(extensions))),
        csr=csr_der(body.csr) if body.csr else None,
        validity=None if overrides.validity is None else validity_in_seconds(product, overrides.validity),
        comment=body.note or "",
        tags=tuple(body.tags),
        publish=body.publish_certificate,
        fields=(*_subject(overrides.subject_dn or ""), *_values(extensions)),
        recipients=read(body.additional_recipients),
        documents=tuple(_document(one) for one in body.registration_documents),
    )


def _identifiers(extensions: RequestExtensions) -> Iterator[RequestedIdentifier]:
    yield from (Identifier(type=IdentifierType.DNS, value=name) for name in _dns_names(extensions.request_dns.values))
    yield from (Identifier(type=IdentifierType.IP, value=value) for value in extensions.request_ip.values)
    yield from (Identifier(type=IdentifierType.EMAIL, value=value) for value in extensions.request_rfc822.values)


def _dns_names(wanted: Iterable[DNS]) -> Iterator[str]:
    for one in wanted:
        yield one.dns
        base = one.dns.removeprefix("*.")
        if one.include_base_domain_for_wildcard and base != one.dns:
            yield base
        if one.include_www_domain and base == one.dns and not base.startswith("www."):
            yield f"www.{base}"


def _subject(name: str) -> Iterator[FieldValue]:
    """Return what a subject name says of the fields of a product."""
    for rdn in parse_name(name):
        for attribute in sorted(rdn, key=lambda one: one.type):
            field = _ATTRIBUTES.get(attribute.type)
            if field is None:
                raise TriviumError(
                    ErrorKind.MALFORMED,
                    f"No certificate issued here has the attribute {attribute.type} in its subject; leave it out.",
                )
            if attribute.value:
                yield FieldValue(name=field, value=attribute.value)


def _values(extensions: RequestExtensions) -> Iterator[FieldValue]:
    for value, name in (
        (extensions.request_role.value, "requestRole"),
        (extensions.request_scope.value, "requestScope"),
    ):
        if value:
            raise TriviumError(
                ErrorKind.UNSUPPORTED_EXTENSION, f"No certificate issued here has what `{name}` is for; leave it out."
            )
    single = (
        (FieldName.MICROSOFT_SECURITY_IDENTIFIER, extensions.microsoft_security_identifier),
        (FieldName.MICROSOFT_POLICY_TEMPLATE_OID, extensions.microsoft_policy_template_oid),
        (FieldName.SERIAL_NUMBER, extensions.request_device_serial_number.value),
        *((FieldName.USER_PRINCIPAL_NAME, value) for value in extensions.request_upn.values),
    )
    yield from (FieldValue(name=name, value=value) for name, value in single if value)


def _document(document: RegistrationDocument) -> OfferedDocument:
    """Return a document; what is no base64 stays as it is, and is refused for its content."""
    try:
        content = base64.b64decode("".join(document.document.split()), validate=True)
    except (binascii.Error, ValueError):
        content = document.document.encode("utf-8", "replace")
    return OfferedDocument(name=document.document_name, content=content)
