"""The fields of an order: what its product asks for, what the requester and the CSR say, what the certificate gets.

A product's fixed values win over everything; a CSR pre-fills the fields that the requester may set and leaves open;
what the product has no field for is refused where the requester names it, and ignored in a CSR (abuse 23).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ca_core.certificates.patterns import matches
from ca_core.certificates.subject import fault_of
from ca_core.model.errors import ErrorKind, SubProblem, TriviumError
from ca_core.model.fields import IDENTIFIER_FIELDS, FieldName, FieldPolicy, FieldValue
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.model.products import Product


@dataclass(frozen=True, kw_only=True)
class FieldFault:
    """What is wrong with a field: the sentence says what to change."""

    name: FieldName
    detail: str


def field_values(
    product: Product, asked: Iterable[FieldValue], requested: Iterable[FieldValue], identifiers: Sequence[Identifier]
) -> tuple[tuple[FieldValue, ...], tuple[FieldFault, ...]]:
    """Return the values that the certificate would have, and what is wrong with them.

    ``asked`` is what the requester says, ``requested`` what his CSR says, ``identifiers`` are the order's.
    """
    wanted, prefilled = _by_name(asked), _by_name(requested)
    faults = [fault for name in wanted for fault in _surplus(product, name, wanted[name], identifiers)]
    values: list[FieldValue] = []
    for policy in product.policy.fields:
        if policy.name.identifies:
            own = [name.value for name in identifiers if IDENTIFIER_FIELDS[name.type] is policy.name]
        else:
            own = _own_values(policy, wanted, prefilled)
            values += [FieldValue(name=policy.name, value=value) for value in own]
        faults += _faults(policy, own)
    if FieldName.COMMON_NAME in wanted and product.policy.profile.common_name:
        values.append(FieldValue(name=FieldName.COMMON_NAME, value=wanted[FieldName.COMMON_NAME][0].lower()))
    return tuple(values), tuple(faults)


def require_no_faults(faults: Sequence[FieldFault]) -> None:
    """Raise MALFORMED for faults, with a sub-problem for each."""
    if faults:
        raise TriviumError(
            ErrorKind.MALFORMED,
            faults[0].detail if len(faults) == 1 else f"{len(faults)} fields are wrong; see each of them.",
            subproblems=tuple(SubProblem(kind=ErrorKind.MALFORMED, detail=fault.detail) for fault in faults),
        )


def _by_name(values: Iterable[FieldValue]) -> dict[FieldName, list[str]]:
    found: dict[FieldName, list[str]] = {}
    for one in values:
        found.setdefault(one.name, []).append(one.value)
    return found


def _own_values(
    policy: FieldPolicy, wanted: dict[FieldName, list[str]], prefilled: dict[FieldName, list[str]]
) -> list[str]:
    """Return the values of a field: the product's where it is fixed, else the requester's, the CSR's, the default."""
    default = [policy.default] if policy.default else []
    if not policy.editable:
        return default
    own = wanted.get(policy.name) or prefilled.get(policy.name) or default
    return [value for value in own if value]


def _surplus(
    product: Product, name: FieldName, values: list[str], identifiers: Sequence[Identifier]
) -> Iterable[FieldFault]:
    """Find fault with what the requester says of something that is no field of the product."""
    if any(policy.name is name for policy in product.policy.fields):
        return
    if name is FieldName.COMMON_NAME and product.policy.profile.kind.names_hosts:
        hosts = {one.value for one in identifiers if one.type is IdentifierType.DNS}
        if values[0].lower() not in hosts:
            yield FieldFault(name=name, detail="commonName must be one of the order's domain names; leave it out.")
        return
    yield FieldFault(name=name, detail=f"The product {product.name} has no field {name}; leave it out.")


def _faults(policy: FieldPolicy, values: list[str]) -> Iterable[FieldFault]:
    name = policy.name
    if not values and policy.mandatory:
        yield FieldFault(name=name, detail=f"{name} is missing, and the product needs it.")
    if len(values) > 1 and not (name.identifies or name is FieldName.USER_PRINCIPAL_NAME):
        yield FieldFault(name=name, detail=f"{name} is there {len(values)} times; name it once.")
    for value in values:
        fault = None if name.identifies else fault_of(FieldValue(name=name, value=value))
        if fault is not None:
            yield FieldFault(name=name, detail=f"{name} {fault}; change it.")
        elif policy.pattern and not matches(policy.pattern, value):
            yield FieldFault(name=name, detail=f"{name} must match {policy.pattern}; change it.")
