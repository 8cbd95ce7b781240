"""``trivium certificate``: revocations that are planned ahead, so that clients renew before (RFC 9773)."""

# ruff: noqa: PLC0415 - each command imports what it needs, so that `--help` is quick

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ca_core.model.errors import ErrorKind, TriviumError
from gateway.command_options import AsJson, Directory, choice, operator, reading

if TYPE_CHECKING:
    from ca_core.model.certificates import Certificate

certificate = typer.Typer(help="Plan the revocation of certificates.", no_args_is_help=True)

CertificateId = Annotated[str, typer.Argument(metavar="ID", help="The certificate's id: crt-...")]


@certificate.command("plan-revocation")
def plan_revocation(
    directory: Directory,
    certificate_id: CertificateId,
    *,
    at: Annotated[str, typer.Option(help="When, in UTC unless it says otherwise: 2030-01-31T12:00:00.")],
    reason: Annotated[str, typer.Option(help="Why, as a CRL says it: unspecified, keyCompromise, superseded ...")],
    explanation_url: Annotated[str, typer.Option(help="A page that tells subscribers why.")] = "",
    as_json: AsJson = False,
) -> None:
    """Have a certificate revoked later: ACME clients that ask are told to renew before, then it is revoked."""
    from ca_core.revocation import planned
    from ca_core.revocation.reasons import USABLE, reason_name

    reasons = {reason_name(one): one for one in USABLE}
    why = reasons[choice("--reason", reason, reasons)]
    time = _time(at)
    changed = reading(
        directory,
        lambda core: planned.plan_revocation(
            core, certificate_id, time, why, operator(), explanation_url=explanation_url
        ),
    )
    _show(changed, as_json=as_json)


@certificate.command("withdraw-revocation")
def withdraw_revocation(directory: Directory, certificate_id: CertificateId, *, as_json: AsJson = False) -> None:
    """Keep a certificate whose revocation is planned."""
    from ca_core.revocation import planned

    changed = reading(directory, lambda core: planned.withdraw_planned_revocation(core, certificate_id, operator()))
    _show(changed, as_json=as_json)


def _show(changed: "Certificate", *, as_json: bool) -> None:
    from ca_core.certificates.renewal import suggested_window
    from gateway.console import print_facts, print_json

    start, end = suggested_window(changed)
    planned = changed.planned_revocation
    facts = {
        "certificate": changed.id,
        "identifiers": [identifier.value for identifier in changed.identifiers],
        "revoked_at": planned.revoke_at if planned else None,
        "renewal_from": start,
        "renewal_until": end,
    }
    if as_json:
        print_json(facts)
    else:
        print_facts("Will be revoked" if planned else "Stays", facts)


def _time(text: str) -> datetime:
    """Read a time; raises MALFORMED."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        detail = f"--at {text}: write a time as 2030-01-31T12:00:00."
        raise TriviumError(ErrorKind.MALFORMED, detail) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
