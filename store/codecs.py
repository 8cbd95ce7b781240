"""Domain values that are stored as JSON: to plain JSON values and back. Objects carry the version of their shape."""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ca_core.model.authorizations import CaaPermission
from ca_core.model.certificates import PlannedRevocation, RevocationReason
from ca_core.model.clients import ClientSettings
from ca_core.model.cmc_clients import CmcRight
from ca_core.model.errors import ErrorKind, Problem, SubProblem
from ca_core.model.fields import FieldName, FieldPolicy, FieldValue
from ca_core.model.identifiers import Identifier, IdentifierType, RequestedIdentifier, UnknownIdentifier
from ca_core.model.permissions import Permission
from ca_core.model.products import (
    AcceptedFinding,
    ApprovalPolicy,
    KeyGeneration,
    KeyPolicy,
    KeyType,
    LintMode,
    LintPolicy,
    LintSet,
    NamePolicy,
    Policy,
    Profile,
    ProfileKind,
    Road,
)
from ca_core.model.users import LinkedSubject, PersonalData
from ca_core.model.webhooks import EventType

_VERSION = 1
_IDENTIFIER_TYPES = frozenset(IdentifierType)


def _versioned(**members: Any) -> dict[str, Any]:
    return {"version": _VERSION, **members}


def _unversioned(stored: dict[str, Any]) -> dict[str, Any]:
    members = dict(stored)
    if (version := members.pop("version")) != _VERSION:
        raise ValueError(f"stored JSON of version {version}: this program reads version {_VERSION}")
    return members


def encode_identifiers(identifiers: Iterable[Identifier]) -> list[list[str]]:
    """``[["dns", "example.com"], ...]``."""
    return [[identifier.type.value, identifier.value] for identifier in identifiers]


def decode_identifiers(stored: list[list[str]]) -> tuple[Identifier, ...]:
    """The inverse of :func:`encode_identifiers`."""
    return tuple(Identifier(type=IdentifierType(kind), value=value) for kind, value in stored)


def encode_chain(chain: Iterable[bytes]) -> list[str]:
    """A list of base64 DER certificates."""
    return [b64encode(der).decode() for der in chain]


def decode_chain(stored: list[str]) -> tuple[bytes, ...]:
    """The inverse of :func:`encode_chain`."""
    return tuple(b64decode(der) for der in stored)


def encode_chains(chains: Iterable[Iterable[bytes]]) -> list[list[str]]:
    """A list of chains."""
    return [encode_chain(chain) for chain in chains]


def decode_chains(stored: list[list[str]]) -> tuple[tuple[bytes, ...], ...]:
    """The inverse of :func:`encode_chains`."""
    return tuple(decode_chain(chain) for chain in stored)


def encode_roads(roads: Iterable[Road]) -> list[str]:
    """The roads' names, sorted: equal sets have equal texts."""
    return sorted(road.value for road in roads)


def decode_roads(stored: list[str]) -> frozenset[Road]:
    """The inverse of :func:`encode_roads`."""
    return frozenset(Road(road) for road in stored)


def encode_rights(rights: Iterable[CmcRight]) -> list[str]:
    """The names of a CMC client's rights, sorted."""
    return sorted(right.value for right in rights)


def decode_rights(stored: list[str]) -> frozenset[CmcRight]:
    """The inverse of :func:`encode_rights`."""
    return frozenset(CmcRight(right) for right in stored)


def encode_events(events: Iterable[EventType]) -> list[str]:
    """The names of the events a webhook is told of, sorted."""
    return sorted(event.value for event in events)


def decode_events(stored: list[str]) -> frozenset[EventType]:
    """The inverse of :func:`encode_events`."""
    return frozenset(EventType(event) for event in stored)


def encode_problem(problem: Problem) -> dict[str, Any]:
    """A problem with its sub-problems."""
    return _versioned(
        kind=problem.kind.value,
        detail=problem.detail,
        subproblems=[
            {
                "kind": sub.kind.value,
                "detail": sub.detail,
                "identifier": None if sub.identifier is None else [str(sub.identifier.type), sub.identifier.value],
            }
            for sub in problem.subproblems
        ],
        retry_after=problem.retry_after,
        id=problem.id,
    )


def decode_problem(stored: dict[str, Any]) -> Problem:
    """The inverse of :func:`encode_problem`."""
    members = _unversioned(stored)
    members["kind"] = ErrorKind(members["kind"])
    members["subproblems"] = tuple(_subproblem(sub) for sub in members["subproblems"])
    return Problem(**members)


def _subproblem(stored: dict[str, Any]) -> SubProblem:
    identifier = stored["identifier"]
    return SubProblem(
        kind=ErrorKind(stored["kind"]),
        detail=stored["detail"],
        identifier=None if identifier is None else _requested_identifier(*identifier),
    )


def _requested_identifier(kind: str, value: str) -> RequestedIdentifier:
    if kind in _IDENTIFIER_TYPES:
        return Identifier(type=IdentifierType(kind), value=value)
    return UnknownIdentifier(type=kind, value=value)


def encode_planned_revocation(planned: PlannedRevocation) -> dict[str, Any]:
    """A planned revocation; times in ISO 8601."""
    return _versioned(
        revoke_at=planned.revoke_at.isoformat(),
        reason=planned.reason.value,
        planned_at=planned.planned_at.isoformat(),
        planned_by=planned.planned_by,
        explanation_url=planned.explanation_url,
        unless_confirmed=planned.unless_confirmed,
    )


def decode_planned_revocation(stored: dict[str, Any]) -> PlannedRevocation:
    """The inverse of :func:`encode_planned_revocation`."""
    members = _unversioned(stored)
    members["revoke_at"] = datetime.fromisoformat(members["revoke_at"])
    members["planned_at"] = datetime.fromisoformat(members["planned_at"])
    members["reason"] = RevocationReason(members["reason"])
    return PlannedRevocation(**members)


def encode_settings(settings: ClientSettings) -> dict[str, Any]:
    """A Client's settings."""
    return _versioned(plain_get=settings.plain_get, require_eab=settings.require_eab, cmc=settings.cmc)


def decode_settings(stored: dict[str, Any]) -> ClientSettings:
    """The inverse of :func:`encode_settings`."""
    return ClientSettings(**_unversioned(stored))


def encode_policy(policy: Policy) -> dict[str, Any]:
    """A product's policy, every field of it."""
    profile, lint = policy.profile, policy.lint
    return _versioned(
        public=policy.public,
        profile={**vars(profile), "kind": profile.kind.value, "policy_oids": list(profile.policy_oids)},
        names=vars(policy.names),
        keys={
            "rsa_bits": list(policy.keys.rsa_bits),
            "curves": list(policy.keys.curves),
            "generation": policy.keys.generation.value,
            "key_type": policy.keys.key_type and policy.keys.key_type.value,
        },
        lint={
            "mode": lint.mode.value,
            "lint_set": lint.lint_set.value,
            "accepted": [[accepted.code, accepted.reason] for accepted in lint.accepted],
        },
        authorization_lifetime=policy.authorization_lifetime,
        order_lifetime=policy.order_lifetime,
        caa_identities=list(policy.caa_identities),
        require_dnssec=policy.require_dnssec,
        reuse_authorizations=policy.reuse_authorizations,
        ra_vouches=policy.ra_vouches,
        certificate_linking=policy.certificate_linking,
        requested_validity=policy.requested_validity,
        confirmation_time=policy.confirmation_time,
        publish_ldap=policy.publish_ldap,
        renewal_notice=policy.renewal_notice,
        fields=[{**vars(one), "name": one.name.value} for one in policy.fields],
        dns_owner_rule=policy.dns_owner_rule,
        approval=vars(policy.approval),
    )


def decode_policy(stored: dict[str, Any]) -> Policy:
    """The inverse of :func:`encode_policy`."""
    members = _unversioned(stored)
    profile, keys, lint = members["profile"], members["keys"], members["lint"]
    return Policy(
        public=members["public"],
        profile=Profile(
            **{**profile, "kind": ProfileKind(profile["kind"]), "policy_oids": tuple(profile["policy_oids"])}
        ),
        names=NamePolicy(**members["names"]),
        keys=KeyPolicy(
            rsa_bits=tuple(keys["rsa_bits"]),
            curves=tuple(keys["curves"]),
            generation=KeyGeneration(keys.get("generation", KeyGeneration.PKCS10)),
            key_type=KeyType(keys["key_type"]) if keys.get("key_type") else None,
        ),
        lint=LintPolicy(
            mode=LintMode(lint["mode"]),
            lint_set=LintSet(lint["lint_set"]),
            accepted=tuple(AcceptedFinding(code=code, reason=reason) for code, reason in lint["accepted"]),
        ),
        authorization_lifetime=members["authorization_lifetime"],
        order_lifetime=members["order_lifetime"],
        caa_identities=tuple(members.get("caa_identities", ())),
        require_dnssec=members.get("require_dnssec", False),
        reuse_authorizations=members.get("reuse_authorizations", False),
        ra_vouches=members.get("ra_vouches", False),
        certificate_linking=members.get("certificate_linking", False),
        requested_validity=members.get("requested_validity", False),
        confirmation_time=members.get("confirmation_time", 0),
        publish_ldap=members.get("publish_ldap", False),
        renewal_notice=members.get("renewal_notice", 30 * 86400),
        fields=tuple(FieldPolicy(**{**one, "name": FieldName(one["name"])}) for one in members.get("fields", ())),
        dns_owner_rule=members.get("dns_owner_rule", True),
        approval=ApprovalPolicy(**members.get("approval", {})),
    )


def encode_fields(fields: Iterable[FieldValue]) -> list[list[str]]:
    """``[["organizationName", "Example"], ...]``."""
    return [[field.name.value, field.value] for field in fields]


def decode_fields(stored: list[list[str]]) -> tuple[FieldValue, ...]:
    """The inverse of :func:`encode_fields`."""
    return tuple(FieldValue(name=FieldName(name), value=value) for name, value in stored)


def encode_caa_permission(permission: CaaPermission) -> dict[str, Any]:
    """When CAA allowed an identifier, and to whom; the time in ISO 8601."""
    return _versioned(at=permission.at.isoformat(), identities=list(permission.identities), dnssec=permission.dnssec)


def decode_caa_permission(stored: dict[str, Any]) -> CaaPermission:
    """The inverse of :func:`encode_caa_permission`."""
    members = _unversioned(stored)
    return CaaPermission(
        at=datetime.fromisoformat(members["at"]), identities=tuple(members["identities"]), dnssec=members["dnssec"]
    )


def encode_personal_data(personal: PersonalData) -> dict[str, Any]:
    """What a user says of himself."""
    return _versioned(**vars(personal))


def decode_personal_data(stored: dict[str, Any]) -> PersonalData:
    """The inverse of :func:`encode_personal_data`."""
    return PersonalData(**_unversioned(stored))


def encode_linked_subject(subject: LinkedSubject) -> list[str]:
    """``["https://issuer", "subject"]``: equal pairs have equal texts, which a unique column compares."""
    return [subject.issuer, subject.subject]


def decode_linked_subject(stored: list[str]) -> LinkedSubject:
    """The inverse of :func:`encode_linked_subject`."""
    issuer, subject = stored
    return LinkedSubject(issuer=issuer, subject=subject)


def encode_permissions(permissions: frozenset[Permission]) -> list[str]:
    """The permissions of a role."""
    return sorted(permission.value for permission in permissions)


def decode_permissions(stored: list[str]) -> frozenset[Permission]:
    """The inverse of :func:`encode_permissions`."""
    return frozenset(Permission(name) for name in stored)
