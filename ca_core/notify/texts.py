"""What the mails say, in every language: plain text, whose fields hold nothing that could pass for more (abuse 44)."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ca_core.model.annotations import RecipientLanguage, RecipientType

_MAX_VALUE: Final = 500
_CONTROL: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, kw_only=True)
class Text:
    """A mail's subject and body."""

    subject: str
    body: str


class Field(StrEnum):
    """What a mail tells, a line each."""

    ASKED_FOR = "asked for"
    NAMES = "names"
    SUBJECT = "subject"
    SERIAL = "serial"
    NOT_BEFORE = "not before"
    NOT_AFTER = "not after"
    REVOKED_AT = "revoked at"
    REASON = "reason"
    ISSUER = "issuer"
    PRODUCT = "product"
    ORDER = "order"


_VALID: Final = (Field.NAMES, Field.SUBJECT, Field.SERIAL, Field.NOT_BEFORE, Field.NOT_AFTER)
_REVOKED: Final = (Field.NAMES, Field.SUBJECT, Field.SERIAL, Field.REVOKED_AT, Field.REASON)
_ORIGIN: Final = (Field.ISSUER, Field.PRODUCT, Field.ORDER)
_ASKED: Final = (Field.ASKED_FOR, Field.NAMES, Field.PRODUCT, Field.ORDER)
FIELDS: Final[Mapping[RecipientType, tuple[Field, ...]]] = {
    RecipientType.ISSUANCE: (*_VALID, *_ORIGIN),
    RecipientType.REVOCATION: (*_REVOKED, *_ORIGIN),
    RecipientType.RENEWAL: (*_VALID, *_ORIGIN),
    RecipientType.AUTHORIZATION: _ASKED,
    RecipientType.AUTHORIZATION_ACCEPTED: _ASKED,
    RecipientType.AUTHORIZATION_REJECTED: (*_ASKED, Field.REASON),
}
"""The fields of each mail about an order that is sent; there is none of the other types."""

_LABELS: Final = {
    RecipientLanguage.EN: {
        Field.ASKED_FOR: "Asked for:",
        Field.NAMES: "Names:",
        Field.SUBJECT: "Subject:",
        Field.SERIAL: "Serial:",
        Field.NOT_BEFORE: "Valid from:",
        Field.NOT_AFTER: "Valid until:",
        Field.REVOKED_AT: "Revoked at:",
        Field.REASON: "Reason:",
        Field.ISSUER: "Issuer:",
        Field.PRODUCT: "Product:",
        Field.ORDER: "Order:",
    },
    RecipientLanguage.DE: {
        Field.ASKED_FOR: "Verlangt:",
        Field.NAMES: "Namen:",
        Field.SUBJECT: "Subject:",
        Field.SERIAL: "Seriennummer:",
        Field.NOT_BEFORE: "Gültig ab:",
        Field.NOT_AFTER: "Gültig bis:",
        Field.REVOKED_AT: "Widerrufen:",
        Field.REASON: "Grund:",
        Field.ISSUER: "Aussteller:",
        Field.PRODUCT: "Produkt:",
        Field.ORDER: "Auftrag:",
    },
    RecipientLanguage.FR: {
        Field.ASKED_FOR: "Demande :",
        Field.NAMES: "Noms :",
        Field.SUBJECT: "Sujet :",
        Field.SERIAL: "Numéro de série :",
        Field.NOT_BEFORE: "Valable dès :",
        Field.NOT_AFTER: "Valable jusqu'à :",
        Field.REVOKED_AT: "Révoqué le :",
        Field.REASON: "Motif :",
        Field.ISSUER: "Émetteur :",
        Field.PRODUCT: "Produit :",
        Field.ORDER: "Commande :",
    },
}
_OPENINGS: Final = {
    RecipientLanguage.EN: {
        RecipientType.ISSUANCE: ("Certificate issued", "A certificate has been issued."),
        RecipientType.REVOCATION: (
            "Certificate revoked",
            "A certificate has been revoked. Do not use it any more.",
        ),
        RecipientType.RENEWAL: (
            "Certificate about to end",
            "A certificate is about to end. Order its successor in time.",
        ),
        RecipientType.AUTHORIZATION: ("Approval needed", "What was asked for waits until others approve it."),
        RecipientType.AUTHORIZATION_ACCEPTED: ("Approved", "What was asked for has been approved."),
        RecipientType.AUTHORIZATION_REJECTED: ("Rejected", "What was asked for has been rejected."),
    },
    RecipientLanguage.DE: {
        RecipientType.ISSUANCE: ("Zertifikat ausgestellt", "Ein Zertifikat wurde ausgestellt."),
        RecipientType.REVOCATION: (
            "Zertifikat widerrufen",
            "Ein Zertifikat wurde widerrufen. Verwenden Sie es nicht mehr.",
        ),
        RecipientType.RENEWAL: (
            "Zertifikat läuft ab",
            "Ein Zertifikat läuft bald ab. Bestellen Sie rechtzeitig seinen Nachfolger.",
        ),
        RecipientType.AUTHORIZATION: (
            "Genehmigung nötig",
            "Was verlangt wurde, wartet, bis andere es genehmigen.",
        ),
        RecipientType.AUTHORIZATION_ACCEPTED: ("Genehmigt", "Was verlangt wurde, ist genehmigt."),
        RecipientType.AUTHORIZATION_REJECTED: ("Abgelehnt", "Was verlangt wurde, ist abgelehnt."),
    },
    RecipientLanguage.FR: {
        RecipientType.ISSUANCE: ("Certificat émis ", "Un certificat a été émis."),
        RecipientType.REVOCATION: ("Certificat révoqué ", "Un certificat a été révoqué. Ne l'utilisez plus."),
        RecipientType.RENEWAL: (
            "Certificat bientôt expiré ",
            "Un certificat va expirer. Commandez son successeur à temps.",
        ),
        RecipientType.AUTHORIZATION: (
            "Approbation nécessaire ",
            "Ce qui a été demandé attend l'approbation d'autres personnes.",
        ),
        RecipientType.AUTHORIZATION_ACCEPTED: ("Demande approuvée ", "Ce qui a été demandé est approuvé."),
        RecipientType.AUTHORIZATION_REJECTED: ("Demande rejetée ", "Ce qui a été demandé est rejeté."),
    },
}
"""What the subject says before the order, and the first sentence; French sets a space before the colon."""
_CLOSINGS: Final = {
    RecipientLanguage.EN: "You get this mail because you are a recipient of the order's notifications.",
    RecipientLanguage.DE: "Sie erhalten diese Nachricht, weil Sie als Empfänger für den Auftrag eingetragen sind.",
    RecipientLanguage.FR: "Vous recevez ce message parce que vous êtes destinataire des notifications de la commande.",
}
_ISSUANCES: Final = {
    RecipientLanguage.EN: "issuance",
    RecipientLanguage.DE: "Ausstellung",
    RecipientLanguage.FR: "émission",
}
_REVOCATIONS: Final = {
    RecipientLanguage.EN: "revocation",
    RecipientLanguage.DE: "Widerruf",
    RecipientLanguage.FR: "révocation",
}
_INVITATIONS: Final = {
    RecipientLanguage.EN: Text(
        subject="Your access to the registration authority",
        body="""You have been made the user {name} of the registration authority.

Open this address to sign in, once, within {days} days:

{address}

If you do not know why you get this mail, ignore it.
""",
    ),
    RecipientLanguage.DE: Text(
        subject="Ihr Zugang zur Registrierungsstelle",
        body="""Für Sie wurde bei der Registrierungsstelle der Benutzer {name} eingerichtet.

Öffnen Sie innert {days} Tagen diese Adresse, um sich einmalig anzumelden:

{address}

Wenn Sie nicht wissen, warum Sie diese Nachricht erhalten, beachten Sie sie nicht.
""",
    ),
    RecipientLanguage.FR: Text(
        subject="Votre accès à l'autorité d'enregistrement",
        body="""L'utilisateur {name} a été créé pour vous auprès de l'autorité d'enregistrement.

Ouvrez cette adresse dans les {days} jours pour vous connecter, une seule fois :

{address}

Si vous ignorez pourquoi vous recevez ce message, n'en tenez pas compte.
""",
    ),
}


def written(kind: RecipientType, language: RecipientLanguage, values: Mapping[Field, str]) -> Text:
    """Return the mail of this kind in ``language`` (not NEUTRAL), with the values of its FIELDS.

    Raises KeyError for another kind or language, or when a value is missing.
    """
    topic, opening = _OPENINGS[language][kind]
    labels = {field: _LABELS[language][field] for field in FIELDS[kind]}
    width = max(len(label) for label in labels.values())
    lines = [f"{label:{width}} {_plain(values[field])}" for field, label in labels.items()]
    return Text(
        subject=f"{topic}: {_plain(values[Field.ORDER])}",
        body="\n".join([opening, "", *lines, "", _CLOSINGS[language], ""]),
    )


def asked_for(language: RecipientLanguage, *, revocation: bool) -> str:
    """Return what an approval is about, a revocation or an issuance, in ``language`` (not NEUTRAL)."""
    return (_REVOCATIONS if revocation else _ISSUANCES)[language]


def invitation(language: RecipientLanguage, fields: dict[str, str]) -> Text:
    """Return the mail that invites a user in ``language`` (not NEUTRAL): ``name``, ``address`` and ``days``."""
    template = _INVITATIONS[language]
    return Text(
        subject=template.subject,
        body=template.body.format(**{name: _plain(value) for name, value in fields.items()}),
    )


def _plain(value: str) -> str:
    """Return ``value`` on one line and without what cannot be seen; a dash when nothing is left."""
    seen = "".join(" " if unicodedata.category(one) in _CONTROL else one for one in value).strip()
    return (seen if len(seen) <= _MAX_VALUE else f"{seen[:_MAX_VALUE]}...") or "-"
