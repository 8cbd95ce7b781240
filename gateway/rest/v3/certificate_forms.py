"""The forms that a certificate is downloaded in, by their media types."""

from typing import Final

from fastapi import Response

from ca_core.certificates import forms
from ca_core.certificates.certificate_queries import IssuedCertificate
from ca_core.certificates.forms import CertificateForm
from ca_core.model.errors import ErrorKind, TriviumError

_JSON: Final = frozenset({"application/json", "application/*", "*/*"})

FORMS: Final[dict[str, CertificateForm]] = {one.media_type: one for one in forms.FORMS}
"""The forms by media type."""


def chosen_form(accept: str | None) -> CertificateForm | None:
    """Return the form that Accept likes best; None is JSON. Raises NOT_ACCEPTABLE (RFC 9110 section 12.5.1)."""
    wanted = [_preference(one) for one in (accept or "*/*").split(",") if one.strip()]
    for quality, media_type in sorted(wanted, key=lambda one: -one[0]):
        if quality <= 0:
            continue
        if media_type in _JSON:
            return None
        if media_type in FORMS:
            return FORMS[media_type]
    raise TriviumError(
        ErrorKind.NOT_ACCEPTABLE, f"A certificate comes as application/json, or as one of: {', '.join(FORMS)}."
    )


def in_form(found: IssuedCertificate, form: CertificateForm) -> Response:
    """Answer with a certificate in this form."""
    name = f"{found.certificate.serial:x}.{form.extension}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "ETag": f'"{found.certificate.fingerprint[:32]}-{form.extension}"',
        "Vary": "Accept",
    }
    return Response(form.content(found), headers=headers, media_type=form.media_type)


def _preference(text: str) -> tuple[float, str]:
    media_type, *parameters = (part.strip().lower() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value), media_type
            except ValueError:
                return 0.0, media_type
    return 1.0, media_type
