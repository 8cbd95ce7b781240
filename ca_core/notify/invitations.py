"""Invitations: a mail to a user, with a link by which he signs in for the first time."""

from collections.abc import Callable
from typing import Final

from ca_core.access import sign_in_links, users
from ca_core.core import Core
from ca_core.model.annotations import RecipientLanguage
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.principals import Principal
from ca_core.model.users import User
from ca_core.notify.mailer import Mail, NoMail
from ca_core.notify.texts import invitation

_LANGUAGES: Final = {one.lower(): one for one in RecipientLanguage if one is not RecipientLanguage.NEUTRAL}


async def send(core: Core, user_name: str, principal: Principal, address_of: Callable[[str], str]) -> None:
    """Mail a user a link that lasts for INVITATION and ends older ones; ``address_of`` makes an address of its token.

    It is sent at once and kept nowhere, since whoever has the link is the user. Raises NOT_FOUND, FORBIDDEN, MALFORMED
    for a user without an e-mail address, NOT_READY without a mail server, UNAVAILABLE when it does not take the mail.
    """
    user = await users.get(core, user_name, principal)
    if not user.email:
        raise TriviumError(ErrorKind.MALFORMED, f"{user.name} has no e-mail address; enter one, or hand over a link.")
    if isinstance(core.mailer, NoMail):
        raise TriviumError(
            ErrorKind.NOT_READY, "There is no server to send mail by: set `smtp.url`, or hand over a link."
        )
    token = await sign_in_links.create(core, user.name, principal, valid_for=sign_in_links.INVITATION)
    language = _language(core, user)
    fields = {"name": user.name, "address": address_of(token), "days": str(sign_in_links.INVITATION.days)}
    text = invitation(language, fields)
    await core.mailer.send(
        Mail(
            id=core.sources.new_id("inv"),
            to=user.email,
            subject=text.subject,
            text=text.body,
            language=language,
            date=core.sources.now(),
        )
    )


def _language(core: Core, user: User) -> RecipientLanguage:
    return _LANGUAGES.get(user.personal.language.partition("-")[0].lower(), core.mailer.language)
