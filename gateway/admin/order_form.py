"""The form of an order: what somebody typed, as the core is asked with, and what the form shows after it was looked at.

What a CSR or the product filled in is not typed: another CSR replaces it. So the form carries along what each input
held before anybody typed, and only what differs from that counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import UploadFile

from ca_core.core import Core
from ca_core.model.annotations import AdditionalRecipient, OfferedDocument, RecipientLanguage, RecipientType
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.fields import IDENTIFIER_FIELDS, FieldName, FieldPolicy, FieldValue
from ca_core.model.identifiers import Identifier
from ca_core.model.orders import OrderRequest
from ca_core.model.principals import Principal
from ca_core.model.products import Product, Road
from ca_core.notify.texts import FIELDS
from ca_core.orders.validate import Finding, FormField, validate
from ca_core.orders.validate import Form as Checked
from gateway.admin.forms import Form
from gateway.pem_text import der_of

PREFILLED: Final = "prefilled-"
"""What the names of the hidden inputs begin with that say what an input held before anybody typed."""
_APPROVALS: Final = frozenset(
    {
        RecipientType.AUTHORIZATION,
        RecipientType.AUTHORIZATION_ACCEPTED,
        RecipientType.AUTHORIZATION_REJECTED,
    }
)
_TYPES: Final = {field: kind for kind, field in IDENTIFIER_FIELDS.items()}
_UNITS: Final = ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))


@dataclass(frozen=True, kw_only=True)
class Input:
    """An input for a field of the product. ``text`` is what it shows, ``prefilled`` what it held before typing."""

    policy: FieldPolicy
    text: str = ""
    prefilled: str = ""
    faults: tuple[str, ...] = ()

    @property
    def several(self) -> bool:
        """Whether it takes several values, one a line."""
        return self.policy.name.identifies or self.policy.name is FieldName.USER_PRINCIPAL_NAME


@dataclass(frozen=True, kw_only=True)
class OrderForm:
    """The form as it is shown: ``checked`` says what the CSR contains, ``findings`` what is wrong beyond the inputs."""

    product: Product
    inputs: tuple[Input, ...]
    checked: Checked | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether the order could be placed as it stands."""
        return self.checked is not None and not self.checked.findings


def unit_of(product: Product) -> tuple[int, str]:
    """Return the unit that the product's validity is a whole number of: its seconds and its name."""
    return next(unit for unit in _UNITS if product.policy.profile.validity % unit[0] == 0)


def mails_of(product: Product) -> list[RecipientType]:
    """Return the mail that is sent about an order of the product; none of approvals where it needs none."""
    approval = product.policy.approval
    return [mail for mail in FIELDS if mail not in _APPROVALS or approval.issuance or approval.revocation]


async def empty(core: Core, product_id: str, principal: Principal) -> OrderForm:
    """Return the form before anybody has filled it in; raises NOT_FOUND and FORBIDDEN for who cannot order."""
    request = OrderRequest(product_id=product_id, road=Road.PAGE, identifiers=())
    form = await validate(core, request, principal)
    inputs = [Input(policy=one.policy, text=_lines(one), prefilled=_lines(one)) for one in form.fields]
    return OrderForm(product=form.product, inputs=_shown(inputs))


async def checked(core: Core, blank: OrderForm, form: Form, principal: Principal) -> OrderForm:
    """Return the form with what was typed, filled in from its CSR, and all that keeps the order from being placed."""
    typed = [_typed(one, form) for one in blank.inputs]
    try:
        request = await _request(blank.product, form, [one for one in typed if one.text != one.prefilled])
    except TriviumError as error:
        finding = Finding(kind=error.kind, detail=error.detail)
        return OrderForm(product=blank.product, inputs=tuple(typed), findings=(finding,))
    result = await validate(core, request, principal)
    values = {one.policy.name: _lines(one) for one in result.fields}
    faults = {one: tuple(f.detail for f in result.findings if f.field is one) for one in values}
    inputs = [
        Input(
            policy=one.policy,
            text=one.text if one.text != one.prefilled else values[one.policy.name],
            prefilled=one.prefilled if one.text != one.prefilled else values[one.policy.name],
            faults=faults[one.policy.name],
        )
        for one in typed
    ]
    shown = {one.policy.name for one in inputs}
    findings = tuple(one for one in result.findings if one.field not in shown)
    return OrderForm(product=blank.product, inputs=tuple(inputs), checked=result, findings=findings)


async def ordered(blank: OrderForm, form: Form) -> OrderRequest:
    """Return what the form orders: every value that it shows; raises MALFORMED and BAD_CSR for what is none."""
    typed = [_typed(one, form) for one in blank.inputs]
    return await _request(blank.product, form, [one for one in typed if one.text or one.prefilled])


async def _request(product: Product, form: Form, said: Sequence[Input]) -> OrderRequest:
    """Return the order in which these inputs are said; a CSR fills in the others."""
    csr = form.text("csr")
    return OrderRequest(
        product_id=product.id,
        road=Road.PAGE,
        identifiers=_identifiers(said),
        csr=der_of(csr) if csr else None,
        validity=_validity(product, form),
        comment=form.text("comment"),
        tags=tuple(_split(form.text("tags"))),
        publish=form.ticked("publish") if product.policy.publish_ldap else None,
        fields=tuple(
            FieldValue(name=one.policy.name, value=value)
            for one in said
            if not one.policy.name.identifies
            for value in (_split(one.text) if one.several else [one.text]) or [""]
        ),
        recipients=_recipients(form),
        documents=tuple([await _document(one) for one in form.files("documents")]),
    )


async def _document(file: UploadFile) -> OfferedDocument:
    await file.seek(0)  # a form that is refused is read again, to say what is wrong with it
    return OfferedDocument(name=file.filename or "", content=await file.read())


def _typed(blank: Input, form: Form) -> Input:
    name = blank.policy.name
    if not blank.policy.editable:
        return blank
    return Input(policy=blank.policy, text=form.text(name), prefilled=form.text(PREFILLED + name))


def _identifiers(said: Sequence[Input]) -> tuple[Identifier, ...]:
    return tuple(
        Identifier(type=_TYPES[one.policy.name], value=value)
        for one in said
        if one.policy.name.identifies
        for value in _split(one.text)
    )


def _validity(product: Product, form: Form) -> int | None:
    """Return the validity that is asked for in seconds; None leaves it to the product."""
    text = form.text("validity")
    if not text or not product.policy.requested_validity:
        return None
    seconds, name = unit_of(product)
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004 - more is beyond every calendar
        raise TriviumError(ErrorKind.MALFORMED, f"The validity is a whole number of {name}; write it in digits alone.")
    return int(text) * seconds


def _recipients(form: Form) -> tuple[AdditionalRecipient, ...]:
    language = form.text("language", RecipientLanguage.NEUTRAL)
    if language not in set(RecipientLanguage):
        raise TriviumError(ErrorKind.MALFORMED, "The language of the mail is none of the list; choose one of it.")
    return tuple(
        AdditionalRecipient(email=email, recipient_type=mail, language=RecipientLanguage(language))
        for email in _split(form.text("recipients"))
        for mail in FIELDS
        if mail in form.texts("mails")
    )


def _split(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _lines(field: FormField) -> str:
    return "\n".join(field.values)


def _shown(inputs: Sequence[Input]) -> tuple[Input, ...]:
    return tuple(one for one in inputs if one.policy.visible)
