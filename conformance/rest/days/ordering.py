"""Products, domains, orders and certificates, with version 3."""

from datetime import UTC, datetime
from pathlib import Path

import ra_api
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7
from ra_api.models import (
    Cancellation,
    CertificateSort,
    CertificateStatus,
    Credentials,
    Decision,
    Draft,
    NewComment,
    NewDocument,
    NewDomains,
    NewExternalCertificates,
    NewOrder,
    NewUser,
    Order,
    OrderState,
    Product,
    Recipient,
    RecipientList,
    Rejection,
    RevocationRequest,
    Road,
    TagList,
)

from conformance.rest.days.steps import Desk, etag, operation, refused, require

_DOCUMENT = "JVBERi0xLjcKdHJhaWxlcjw8L1NpemUgMD4+CnN0YXJ0eHJlZgo5CiUlRU9GCg=="
_PDF = b"%PDF-"


def work(desk: Desk) -> None:
    """Show control of a domain, order, use what was issued, and revoke it."""
    orders, certificates = ra_api.OrdersApi(desk.api), ra_api.CertificatesApi(desk.api)
    product = _products(desk, ra_api.ProductsApi(desk.api))
    domain = _domains(desk, ra_api.DomainsApi(desk.api), product)
    order = _orders(desk, orders, product)
    _annotations(orders, order.id)
    _decisions(desk, orders, product.client)
    _certificates(certificates, order)
    _external_certificates(desk, ra_api.ExternalCertificatesApi(desk.api), product.client)
    _revocation(certificates, product, order.certificate)
    _end_of_domain(ra_api.DomainsApi(desk.api), domain)


def _products(desk: Desk, api: ra_api.ProductsApi) -> Product:
    with operation("list_products"):
        found = api.list_products(road=Road.REST).items
        product = next(one for one in found if one.kind == "tls-server" and not one.approvals.issuance)
    with operation("get_product"):
        require(api.get_product(product.id) == product, "a product is the same in a list and alone")
    with operation("validate_product"):
        form = api.validate_product(product.id, Draft(csr=desk.csr))
        require(form.product == product.id, "the form is that of the product")
        spoilt = api.validate_product(product.id, Draft(csr=desk.csr, validity=1))
        require(not spoilt.valid and spoilt.findings, "what keeps it from being ordered is said")
    return product


def _domains(desk: Desk, api: ra_api.DomainsApi, product: Product) -> str:
    with operation("register_domains"):
        [made] = api.register_domains(NewDomains(client=product.client, names=[desk.domain]))
        require(made.status == "PENDING", f"a new domain is not valid: {made.status}")
    with operation("list_domains"):
        found = api.list_domains(client=product.client, text=desk.domain)
        require([one.id for one in found.items] == [made.id], "it is found by its name")
    with operation("get_domain"):
        require(api.get_domain(made.id).token == made.token, "its token is shown")
    with operation("reset_domain_token"):
        token = api.reset_domain_token(made.id).token
        require(token is not None and token.value != made.token.value, "the token is a new one")
    _pending_validations(desk, api, product)
    with operation("validate_domain"):
        require(api.validate_domain(made.id).status != "VALID", "without the record nothing is valid")
        desk.set_txt(token.value)
        require(api.validate_domain(made.id).status == "VALID", "with it, it is")
    return str(made.id)


def _pending_validations(desk: Desk, api: ra_api.DomainsApi, product: Product) -> None:
    """Let an order wait for control of its name, and cancel it."""
    orders = ra_api.OrdersApi(desk.api)
    order = orders.place_order(NewOrder(product=product.id, csr=desk.other_csr))
    with operation("list_order_pending_validations"):
        [pending] = api.list_order_pending_validations(order.id)
        require(pending.ways[0].places, "it says where to show control")
    with operation("list_pending_validations"):
        found = api.list_pending_validations(client=product.client)
        require(order.id in [one.order for one in found.items], "what holds the Client up has the order")
    with operation("validate_order"):
        require(api.validate_order(order.id), "the name still holds the order up")
    with operation("retry_order"):
        require(refused(409, lambda: orders.retry_order(order.id)).detail, "nothing of it would be tried later")
    with operation("cancel_order"):
        cancelled = orders.cancel_order(order.id, Cancellation(reason="Not needed"))
        require(cancelled.status in {"FAILED", "REJECTED"}, f"the order is over: {cancelled.status}")


def _orders(desk: Desk, api: ra_api.OrdersApi, product: Product) -> Order:
    with operation("place_order"):
        wanted = NewOrder(product=product.id, csr=desk.csr, tags=["first"], comment="A day's work")
        order = api.place_order(wanted, prefer="wait=30", idempotency_key=f"order-{desk.domain}")
        require(order.status == "ISSUED", f"the order is {order.status}")
        again = api.place_order(wanted, prefer="wait=30", idempotency_key=f"order-{desk.domain}")
        require(again.id == order.id, "the same request is carried out once")
        refused(400, lambda: api.place_order(NewOrder(product=product.id, csr="no CSR")))
    with operation("get_order"):
        require(api.get_order(order.id, prefer="wait=1") == order, "an order is the same alone")
    with operation("search_orders"):
        found = api.search_orders(
            client=product.client, status=[OrderState.ISSUED], tag=["first"], attribute=f"*{desk.domain}"
        )
        require([one.id for one in found.items] == [order.id], "it is found by Client, state, tag and name")
        first = api.search_orders(client=product.client, limit=1)
        following = api.search_orders(client=product.client, limit=1, cursor=first.next)
        require(first.items[0].id != following.items[0].id, "the cursor leads to the next page")
        require(api.search_orders(start_after=datetime(2099, 1, 1, tzinfo=UTC)).items == [], "nothing is of the future")
    with operation("list_order_jobs"):
        require({one.state for one in api.list_order_jobs(order.id)} == {"SUCCESS"}, "all its work is done")
    with operation("retry_order_job"):
        job = api.list_order_jobs(order.id)[0]
        require(refused(409, lambda: api.retry_order_job(order.id, job.id)).detail, "what is done is not tried again")
    with operation("list_order_events"):
        events = api.list_order_events(order.id)
        require(events and events[0].at.tzinfo is not None, "what happened is told, with times that have a zone")
    return order


def _annotations(api: ra_api.OrdersApi, order: str) -> None:
    with operation("get_order_tags"):
        shown = api.get_order_tags_with_http_info(order)
        require(shown.data.tags == ["first"], "the tags are those it was placed with")
    with operation("replace_order_tags"):
        require(api.replace_order_tags(order, etag(shown), TagList(tags=["second"])).tags == ["second"], "new")
    recipients = RecipientList(recipients=[Recipient(email="it@example.com", type="RENEWAL", language="EN")])
    with operation("add_order_recipients"):
        require(api.add_order_recipients(order, recipients) == recipients, "the recipient is there")
    with operation("list_order_recipients"):
        require(api.list_order_recipients(order) == recipients, "the recipient is listed")
    with operation("delete_order_recipients"):
        require(api.delete_order_recipients(order, recipients).recipients == [], "the recipient is gone")
    with operation("add_order_document"):
        document = api.add_order_document(order, NewDocument(name="register.pdf", content=_DOCUMENT))
        require(document.type == "application/pdf", "its type is told by its content")
    with operation("list_order_documents"):
        require(document in api.list_order_documents(order), "the list has it")
    with operation("download_order_document"):
        require(bytes(api.download_order_document(order, document.id)).startswith(_PDF), "it comes as it went")
    with operation("add_order_comment"):
        comment = api.add_order_comment(order, NewComment(text="Approved by phone"))
        require(comment.text == "Approved by phone", "it is as it was written")
    with operation("list_order_comments"):
        require(comment in api.list_order_comments(order), "the list has it")


def _decisions(desk: Desk, api: ra_api.OrdersApi, client: str) -> None:
    """Decide about what another user ordered, of a product that needs approvals."""
    found = ra_api.ProductsApi(desk.api).list_products(road=Road.REST, client=client).items
    product = next(one for one in found if one.approvals.issuance)
    name = desk.domain.replace(".", "-")
    wanted = NewUser(name=name, kind="service-account", role="ra-operator", client=client)
    made = ra_api.UsersApi(desk.api).create_user(wanted)
    configuration = desk.new_configuration()
    requester = ra_api.ApiClient(configuration)
    credentials = Credentials(user=name, secret=made.key.secret)
    configuration.access_token = ra_api.APIKeysApi(requester).issue_token(credentials).token
    order, other = (
        ra_api.OrdersApi(requester).place_order(NewOrder(product=product.id, csr=desk.other_csr)) for _ in range(2)
    )
    with operation("list_pending_approvals"):
        waiting = api.list_pending_approvals(client=client).items
        require({order.id, other.id} <= {one.order.id for one in waiting}, "both wait")
    with operation("approve_order"):
        refused(403, lambda: ra_api.OrdersApi(requester).approve_order(order.id, Decision()))
        api.approve_order(order.id, Decision(reason="Known"))
        require(api.get_order(order.id, prefer="wait=30").status == "ISSUED", "the order goes on")
    with operation("list_order_approvals"):
        require([one.reason for one in api.list_order_approvals(order.id)] == ["Known"], "who decided is told")
    with operation("list_own_approvals"):
        require(order.id in [one.subject for one in api.list_own_approvals().items], "what one decided is told")
    with operation("reject_order"):
        require(api.reject_order(other.id, Rejection(reason="Unknown")).status == "REJECTED", "it is over")


def _certificates(api: ra_api.CertificatesApi, order: Order) -> None:
    certificate = order.certificate
    with operation("get_certificate"):
        shown = api.get_certificate(certificate)
        require((shown.order, shown.status) == (order.id, "issued"), "it is that of the order")
    with operation("search_certificates"):
        found = api.search_certificates(
            serial=shown.serial, status=[CertificateStatus.ISSUED], sort=CertificateSort.EXPIRES_MINUS_FIRST
        )
        require(found.items == [shown], "it is found by its serial number")
    with operation("list_expiring"):
        found = api.list_expiring(client=shown.client, days=3650, limit=200)
        require(shown in [one.actual_instance for one in found.items], "it ends within ten years")
    with operation("download_pem"):
        leaf = x509.load_pem_x509_certificate(bytes(api.download_pem(certificate)))
        require(f"{leaf.serial_number:x}" == shown.serial, "it is the certificate")
    with operation("download_der"):
        require(x509.load_der_x509_certificate(bytes(api.download_der(certificate))) == leaf, "it is the certificate")
    with operation("download_chain"):
        require(x509.load_pem_x509_certificates(bytes(api.download_chain(certificate)))[0] == leaf, "the leaf is first")
    with operation("download_pkcs7"):
        chain = pkcs7.load_der_pkcs7_certificates(bytes(api.download_pkcs7(certificate)))
        require(leaf in chain, "the certificate is in it")
    with operation("get_decoded_certificate"):
        require(api.get_decoded_certificate(certificate).certificate.serial, "it is written out for people")
    with operation("add_certificate_comment"):
        comment = api.add_certificate_comment(certificate, NewComment(text="On the load balancer"))
        require(comment.author, "its author is told")
    with operation("list_certificate_comments"):
        require(comment in api.list_certificate_comments(certificate), "the list has it")
    with operation("get_renewals"):
        require(api.get_renewals(certificate).successors == [], "nothing has replaced it")


def _external_certificates(desk: Desk, api: ra_api.ExternalCertificatesApi, client: str) -> None:
    """Import a certificate of another CA, for which the server's own root serves here."""
    text = Path(desk.tls_ca).read_text()
    with operation("import_external_certificates"):
        made = api.import_external_certificates(NewExternalCertificates(client=client, certificates=text))[0]
    with operation("list_external_certificates"):
        require(made in api.list_external_certificates(client=client, limit=200).items, "the list has it")
    with operation("get_external_certificate"):
        require(api.get_external_certificate(made.id) == made, "it is the same alone")
    with operation("download_external_pem"):
        pem = x509.load_pem_x509_certificate(bytes(api.download_external_pem(made.id)))
        require(f"{pem.serial_number:x}" == made.serial, "it is the certificate")
    with operation("download_external_der"):
        require(x509.load_der_x509_certificate(bytes(api.download_external_der(made.id))) == pem, "the certificate")
    with operation("delete_external_certificate"):
        api.delete_external_certificate(made.id)
        refused(404, lambda: api.get_external_certificate(made.id))


def _revocation(api: ra_api.CertificatesApi, product: Product, certificate: str) -> None:
    with operation("list_publications"):
        require(product.publishes or api.list_publications(certificate) == [], "what is not published says so")
    for name, publication in (
        ("publish_certificate", api.publish_certificate),
        ("unpublish_certificate", api.unpublish_certificate),
    ):
        with operation(name):
            if product.publishes:
                require(publication(certificate).status, "it has begun")
            else:
                refused(409, lambda: publication(certificate))  # noqa: B023 - called at once
    with operation("revoke_certificate"):
        revoked = api.revoke_certificate(certificate, RevocationRequest(reason="superseded", comment="A new one"))
        require(revoked.status == "revoked", f"it is revoked, not {revoked.status}")
        require(revoked.revocation.reason == "superseded", "the reason is said")


def _end_of_domain(api: ra_api.DomainsApi, domain: str) -> None:
    with operation("delete_domain_token"):
        require(api.delete_domain_token(domain).token is None, "the token is gone")
    with operation("delete_domain"):
        api.delete_domain(domain)
        refused(404, lambda: api.get_domain(domain))
