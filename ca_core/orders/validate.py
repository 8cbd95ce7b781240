"""Validate: what an order would be, and what is wrong with it, without placing it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ca_core.certificates.crmf import parse_request
from ca_core.certificates.csr import ParsedCsr
from ca_core.certificates.names import check_identifiers
from ca_core.core import Core
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.fields import IDENTIFIER_FIELDS, FieldName, FieldPolicy
from ca_core.model.identifiers import Identifier, RequestedIdentifier
from ca_core.model.orders import OrderRequest
from ca_core.model.principals import Principal
from ca_core.model.products import Product
from ca_core.model.store import Transaction
from ca_core.orders.annotations import check_annotations
from ca_core.orders.enrol import check_request, filled_in
from ca_core.orders.fields import field_values
from ca_core.orders.place import check_wishes
from ca_core.orders.product_choice import chosen_product
from ca_core.orders.stages.key_validation import refuse_taken_key


@dataclass(frozen=True, kw_only=True)
class FormField:
    """A field as requesters fill it in. ``values`` is what the certificate would have; identifiers may be several."""

    policy: FieldPolicy
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that keeps the order from being placed; ``field`` is the field it is about, if it is about one."""

    kind: ErrorKind
    detail: str
    field: FieldName | None = None
    identifier: RequestedIdentifier | None = None


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form of a product, filled in from a request and its CSR. Without findings the order could be placed.

    ``csr`` is what the CSR contains; None where there is none, or it cannot be read.
    """

    product: Product
    csr: ParsedCsr | None
    fields: tuple[FormField, ...]
    findings: tuple[Finding, ...]

    def require_valid(self) -> None:
        """Raise the first finding's kind with the sentences of all, where there is one."""
        if self.findings:
            raise TriviumError(self.findings[0].kind, " ".join(finding.detail for finding in self.findings))


def empty_form(product: Product) -> tuple[FormField, ...]:
    """Return the fields of a product before anybody has filled them in: what it is for, then its own fields."""
    return tuple(FormField(policy=policy, values=_default(policy)) for policy in _policies(product))


async def validate(core: Core, request: OrderRequest, principal: Principal) -> Form:
    """Return the product's form filled in from ``request`` and its CSR, with everything that is wrong; store nothing.

    A CSR fills in the names and the editable fields that the request leaves open. Raises only for what leaves no form,
    as :func:`~ca_core.orders.product_choice.chosen_product`. Control of names is not looked at: an order waits for it.
    """
    return await core.store.read(lambda tx: _validate(core, tx, request, principal))


def _validate(core: Core, tx: Transaction, request: OrderRequest, principal: Principal) -> Form:
    product = chosen_product(tx, principal, road=request.road, product_id=request.product_id, profile=request.profile)
    findings: list[Finding] = []
    csr: ParsedCsr | None = None
    with _finding(findings):
        check_annotations(request)
    with _finding(findings):
        csr = parse_request(request.csr or b"", request.possession) if request.csr else None
    if csr is not None:
        with _finding(findings):
            check_request(csr, request, product)
            refuse_taken_key(tx, csr)
        request = filled_in(request, csr, product)
    elif request.csr is None:
        findings.append(Finding(kind=ErrorKind.MALFORMED, detail="The request brings no CSR."))
    with _finding(findings):
        check_wishes(core, tx, product, request)
    identifiers = _identifiers(product, request, findings)
    values, faults = field_values(product, request.fields, csr.subject if csr else (), identifiers)
    findings += [Finding(kind=ErrorKind.MALFORMED, detail=fault.detail, field=fault.name) for fault in faults]
    filled = [(value.name, value.value) for value in values]
    filled += [(IDENTIFIER_FIELDS[one.type], one.value) for one in identifiers]
    return Form(
        product=product,
        csr=csr,
        fields=tuple(
            FormField(policy=policy, values=tuple(value for name, value in filled if name is policy.name))
            for policy in _policies(product)
        ),
        findings=tuple(findings),
    )


def _identifiers(product: Product, request: OrderRequest, findings: list[Finding]) -> tuple[Identifier, ...]:
    """Return the names as far as they can be ordered; what is wrong with the others becomes a finding each."""
    policy, types = product.policy, product.policy.profile.kind.identifier_types
    if not types:
        return ()
    try:
        return check_identifiers(request.identifiers, policy.names, public=policy.public, types=types)
    except TriviumError as error:
        findings += [
            Finding(kind=one.kind, detail=one.detail, identifier=one.identifier) for one in error.problem.subproblems
        ] or [Finding(kind=error.kind, detail=error.detail)]
    refused = {finding.identifier for finding in findings}
    rest = [one for one in request.identifiers if isinstance(one, Identifier) and one not in refused]
    try:
        return check_identifiers(rest, policy.names, public=policy.public, types=types)
    except TriviumError:
        return ()


@contextmanager
def _finding(findings: list[Finding]) -> Iterator[None]:
    """Make a finding of what is raised inside."""
    try:
        yield
    except TriviumError as error:
        findings.append(Finding(kind=error.kind, detail=error.detail))


def _policies(product: Product) -> tuple[FieldPolicy, ...]:
    """Return the fields with the names that certificates of the kind are for, which every product asks for, first."""
    own = {policy.name: policy for policy in product.policy.fields}
    names = [IDENTIFIER_FIELDS[kind] for kind in sorted(product.policy.profile.kind.identifier_types)]
    asked = [own.get(name, FieldPolicy(name=name)) for name in names]
    return (
        *(replace(policy, mandatory=policy.mandatory or len(names) == 1) for policy in asked),
        *(policy for policy in product.policy.fields if not policy.name.identifies),
    )


def _default(policy: FieldPolicy) -> tuple[str, ...]:
    return (policy.default,) if policy.default else ()
