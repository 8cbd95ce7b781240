"""Additional recipients of an order's mail."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Body

from ca_core.model import annotations as model
from ca_core.orders import recipients as commands
from gateway.rest.authentication import Authenticated
from gateway.rest.v2.operations import OrderInPath, published, router
from gateway.rest.v2.schemas.recipients import AdditionalRecipient

recipients = router()

Recipients = Annotated[list[AdditionalRecipient], Body()]


@published(recipients, "/order/{orderReference}/list/recipients", "listCertificateOrderAdditionalRecipients")
async def list_certificate_order_additional_recipients(
    asked: Authenticated, order_reference: OrderInPath
) -> list[AdditionalRecipient]:
    """Return the recipients."""
    return shown(await commands.listing(asked.core, order_reference, asked.principal))


@published(recipients, "/order/{orderReference}/add/recipients", "addCertificateOrderAdditionalRecipients")
async def add_certificate_order_additional_recipients(
    asked: Authenticated, order_reference: OrderInPath, added: Recipients
) -> list[AdditionalRecipient]:
    """Add recipients; return those that there are then."""
    return shown(await commands.add(asked.core, order_reference, read(added), asked.principal))


@published(recipients, "/order/{orderReference}/delete/recipients", "deleteCertificateOrderAdditionalRecipients")
async def delete_certificate_order_additional_recipients(
    asked: Authenticated, order_reference: OrderInPath, deleted: Recipients
) -> list[AdditionalRecipient]:
    """Delete recipients; return those that are left."""
    return shown(await commands.delete(asked.core, order_reference, read(deleted), asked.principal))


def shown(found: Iterable[model.AdditionalRecipient]) -> list[AdditionalRecipient]:
    """Return recipients of the core as the document has them."""
    return [
        AdditionalRecipient(email=one.email, recipient_type=one.recipient_type.value, language=one.language.value)
        for one in found
    ]


def read(asked: Iterable[AdditionalRecipient]) -> tuple[model.AdditionalRecipient, ...]:
    """Return recipients of a request as the core has them."""
    return tuple(
        model.AdditionalRecipient(
            email=one.email,
            recipient_type=model.RecipientType(one.recipient_type),
            language=model.RecipientLanguage(one.language),
        )
        for one in asked
    )
