"""Mail about approvals: that one is needed, was given or was refused, through a real mail server."""

from cryptography import x509

from ca_core.core import Core
from ca_core.model.annotations import AdditionalRecipient, RecipientLanguage, RecipientType
from ca_core.model.certificates import RevocationReason
from ca_core.model.orders import Order, OrderRequest, OrderState
from ca_core.model.principals import Principal
from ca_core.model.products import ApprovalPolicy, Road
from ca_core.orders.approvals import approve, reject
from ca_core.orders.enrol import enrol
from ca_core.orders.root_job import root_job_id
from ca_core.revocation.revoke import revoke_by_id
from tests.notify.mail_server import Mailbox
from tests.notify.test_mail import mailing
from tests.orders.test_fields import new_csr, product_with
from tests.orders.workshop import Workshop
from tests.publish.issuing import work

DORA = AdditionalRecipient(
    email="dora@example.test", recipient_type=RecipientType.AUTHORIZATION, language=RecipientLanguage.DE
)
EMIL = AdditionalRecipient(
    email="emil@example.test", recipient_type=RecipientType.AUTHORIZATION_ACCEPTED, language=RecipientLanguage.EN
)
FRED = AdditionalRecipient(
    email="fred@example.test", recipient_type=RecipientType.AUTHORIZATION_REJECTED, language=RecipientLanguage.FR
)


async def ordered(core: Core, workshop: Workshop, **needed: int) -> tuple[Order, Principal, Principal]:
    """Order a certificate that needs so many approvals, with all recipients; return who asked and who may approve."""
    product = await product_with(workshop, "tls", approval=ApprovalPolicy(**needed))
    request = OrderRequest(
        product_id=product.id,
        road=Road.REST,
        identifiers=(),
        csr=new_csr(x509.DNSName("a.test")),
        recipients=(DORA, EMIL, FRED),
    )
    ann, bob = await workshop.user(product.client_id, "ann"), await workshop.user(product.client_id, "bob")
    return await enrol(core, request, ann), ann, bob


def received(mailbox: Mailbox) -> list[tuple[str, str]]:
    """Return the address and the subject of each mail."""
    return [(str(mail["To"]), str(mail["Subject"])) for mail in mailbox.mails()]


async def test_who_approves_is_told_once_and_others_of_the_approval(workshop: Workshop, mailbox: Mailbox) -> None:
    """An order would wait until it expires, since nobody knows of it, or people would be told of it every time."""
    core = mailing(workshop.core, mailbox)
    order, _, bob = await ordered(core, workshop, issuance=1)
    await work(core)
    needed = (DORA.email, f"Genehmigung nötig: {order.id}")
    assert received(mailbox) == [needed]
    text = mailbox.mails()[0].get_content()
    assert "Ausstellung" in text
    assert "a.test" in text
    assert await core.store.write(lambda tx: tx.jobs.wake(root_job_id(order.id), core.sources.now()))
    await work(core)
    assert received(mailbox) == [needed]
    assert (await approve(core, order.id, bob)).state is OrderState.ISSUED
    await work(core)
    assert received(mailbox) == [needed, (EMIL.email, f"Approved: {order.id}")]


async def test_the_rejection_of_an_order_is_told_with_its_reason(workshop: Workshop, mailbox: Mailbox) -> None:
    """The requester's people would wait for a certificate, or somebody be asked to approve what is over."""
    core = mailing(workshop.core, mailbox)
    order, _, bob = await ordered(core, workshop, issuance=1)
    await reject(core, order.id, bob, "who is\r\nthat?")
    await work(core)
    assert received(mailbox) == [(FRED.email, f"Demande rejetée : {order.id}")]
    assert "who is  that?" in mailbox.mails()[0].get_content()


async def test_approvals_of_a_revocation_are_told_each_time(workshop: Workshop, mailbox: Mailbox) -> None:
    """A certificate that should be revoked would stay, since nobody knows that he must approve it."""
    core = mailing(workshop.core, mailbox)
    order, ann, bob = await ordered(core, workshop, revocation=1)
    assert order.certificate_id is not None
    needed = (DORA.email, f"Genehmigung nötig: {order.id}")
    for agreed in (False, True):
        await revoke_by_id(core, order.certificate_id, RevocationReason.SUPERSEDED, ann)
        await work(core)
        assert received(mailbox)[-1] == needed
        assert "Widerruf" in mailbox.mails()[-1].get_content()
        await (approve(core, order.id, bob) if agreed else reject(core, order.id, bob, "not yet"))
        await work(core)
    assert received(mailbox) == [
        needed,
        (FRED.email, f"Demande rejetée : {order.id}"),
        needed,
        (EMIL.email, f"Approved: {order.id}"),
    ]
    assert "revocation" in mailbox.mails()[-1].get_content()
