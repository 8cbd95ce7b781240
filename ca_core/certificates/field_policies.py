"""What a product's fields may say: checked when the catalogue is loaded, as the rest of its policy is (rule 94)."""

from collections.abc import Iterator

from ca_core.certificates.patterns import is_pattern, matches
from ca_core.certificates.subject import fault_of
from ca_core.model.fields import IDENTIFIER_FIELDS, FieldName, FieldPolicy, FieldValue
from ca_core.model.products import ProfileKind


def unfit_for_kind(field: FieldPolicy, kind: ProfileKind) -> Iterator[str]:
    """Say what keeps certificates of the kind from having the field."""
    name = field.name
    if not kind.identifier_types:
        yield f"is nothing that certificates of kind {kind} have"
    elif name.identifies and name not in {IDENTIFIER_FIELDS[one] for one in kind.identifier_types}:
        yield f"is nothing that certificates of kind {kind} name"
    elif name.extends and kind is not ProfileKind.SMIME:
        yield "is for S/MIME certificates only"
    elif name is FieldName.COMMON_NAME and kind.names_hosts:
        yield "comes from the names of a TLS certificate; say profile.common_name"


def contradictions(field: FieldPolicy) -> Iterator[str]:
    """Say which settings of the field cannot stand beside each other."""
    if field.name.identifies and (field.default or not field.editable or not field.visible):
        yield "is what every order says itself: visible, editable and without a default"
    if field.mandatory and not field.editable and not field.default:
        yield "is mandatory, not editable and has no default, so nobody could order"
    if field.editable and not field.visible:
        yield "is editable and not visible; let requesters see it"
    if field.pattern and not is_pattern(field.pattern):
        yield "has a pattern that is no regular expression (look-around and back-references are none)"
    elif field.default and not field.name.identifies:
        yield from _faults_of_default(field)


def _faults_of_default(field: FieldPolicy) -> Iterator[str]:
    fault = fault_of(FieldValue(name=field.name, value=field.default))
    if fault is not None:
        yield f"{fault}, and its default does not"
    elif field.pattern and not matches(field.pattern, field.default):
        yield "has a default that does not match its pattern"
