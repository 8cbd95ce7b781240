"""What the mails say, in every language: plain text, whose fields hold nothing that could pass for more (abuse 44)."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from ca_core.model.annotations import RecipientLanguage, RecipientType

_MAX_VALUE: Final = 500
_CONTROL: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, kw_only=True)
class Text:
    """A mail's subject and body; the fields are those that :func:`written` is given."""

    subject: str
    body: str


_ISSUED_EN: Final = Text(
    subject="Certificate issued: {order}",
    body="""A certificate has been issued.

Names:       {names}
Subject:     {subject}
Serial:      {serial}
Valid from:  {not_before}
Valid until: {not_after}
Issuer:      {issuer}
Product:     {product}
Order:       {order}

You get this mail because you are a recipient of the order's notifications.
""",
)
_REVOKED_EN: Final = Text(
    subject="Certificate revoked: {order}",
    body="""A certificate has been revoked. Do not use it any more.

Names:       {names}
Subject:     {subject}
Serial:      {serial}
Revoked at:  {revoked_at}
Reason:      {reason}
Issuer:      {issuer}
Product:     {product}
Order:       {order}

You get this mail because you are a recipient of the order's notifications.
""",
)
_ISSUED_DE: Final = Text(
    subject="Zertifikat ausgestellt: {order}",
    body="""Ein Zertifikat wurde ausgestellt.

Namen:        {names}
Subject:      {subject}
Seriennummer: {serial}
Gültig ab:    {not_before}
Gültig bis:   {not_after}
Aussteller:   {issuer}
Produkt:      {product}
Auftrag:      {order}

Sie erhalten diese Nachricht, weil Sie als Empfänger für den Auftrag eingetragen sind.
""",
)
_REVOKED_DE: Final = Text(
    subject="Zertifikat widerrufen: {order}",
    body="""Ein Zertifikat wurde widerrufen. Verwenden Sie es nicht mehr.

Namen:        {names}
Subject:      {subject}
Seriennummer: {serial}
Widerrufen:   {revoked_at}
Grund:        {reason}
Aussteller:   {issuer}
Produkt:      {product}
Auftrag:      {order}

Sie erhalten diese Nachricht, weil Sie als Empfänger für den Auftrag eingetragen sind.
""",
)
_ISSUED_FR: Final = Text(
    subject="Certificat émis : {order}",
    body="""Un certificat a été émis.

Noms :            {names}
Sujet :           {subject}
Numéro de série : {serial}
Valable dès :     {not_before}
Valable jusqu'à : {not_after}
Émetteur :        {issuer}
Produit :         {product}
Commande :        {order}

Vous recevez ce message parce que vous êtes destinataire des notifications de la commande.
""",
)
_REVOKED_FR: Final = Text(
    subject="Certificat révoqué : {order}",
    body="""Un certificat a été révoqué. Ne l'utilisez plus.

Noms :            {names}
Sujet :           {subject}
Numéro de série : {serial}
Révoqué le :      {revoked_at}
Motif :           {reason}
Émetteur :        {issuer}
Produit :         {product}
Commande :        {order}

Vous recevez ce message parce que vous êtes destinataire des notifications de la commande.
""",
)
_TEXTS: Final = {
    (RecipientType.ISSUANCE, RecipientLanguage.EN): _ISSUED_EN,
    (RecipientType.ISSUANCE, RecipientLanguage.DE): _ISSUED_DE,
    (RecipientType.ISSUANCE, RecipientLanguage.FR): _ISSUED_FR,
    (RecipientType.REVOCATION, RecipientLanguage.EN): _REVOKED_EN,
    (RecipientType.REVOCATION, RecipientLanguage.DE): _REVOKED_DE,
    (RecipientType.REVOCATION, RecipientLanguage.FR): _REVOKED_FR,
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


def written(kind: RecipientType, language: RecipientLanguage, fields: dict[str, str]) -> Text:
    """Return the mail of this kind in ``language`` (not NEUTRAL), its fields filled in; raises KeyError for another."""
    return _filled(_TEXTS[kind, language], fields)


def invitation(language: RecipientLanguage, fields: dict[str, str]) -> Text:
    """Return the mail that invites a user in ``language`` (not NEUTRAL): ``name``, ``address`` and ``days``."""
    return _filled(_INVITATIONS[language], fields)


def _filled(template: Text, fields: dict[str, str]) -> Text:
    plain = {name: _plain(value) for name, value in fields.items()}
    return Text(subject=template.subject.format(**plain), body=template.body.format(**plain))


def _plain(value: str) -> str:
    """Return ``value`` on one line and without what cannot be seen; a dash when nothing is left."""
    seen = "".join(" " if unicodedata.category(one) in _CONTROL else one for one in value).strip()
    return (seen if len(seen) <= _MAX_VALUE else f"{seen[:_MAX_VALUE]}...") or "-"
