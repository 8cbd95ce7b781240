"""Whoever else has to do with the CA: ACME and CMC clients, receivers of webhooks, relying parties, the auditor."""

import ra_api
from cryptography import x509
from ra_api.models import (
    AccountStatus,
    CmcClientChange,
    NewCmcClient,
    NewExternalAccountKey,
    NewWebhook,
    Outcome,
    Product,
    Road,
    WebhookUpdate,
)

from conformance.rest.days.steps import Desk, etag, operation, refused, require


def work(desk: Desk) -> None:
    """Look after everybody."""
    found = ra_api.ProductsApi(desk.api).list_products(road=Road.REST).items
    product = next(one for one in found if one.kind == "tls-server" and not one.approvals.issuance)
    _acme(ra_api.ACMEApi(desk.api), product)
    _cmc_clients(desk, ra_api.CMCClientsApi(desk.api), product)
    _webhooks(ra_api.WebhooksApi(desk.api), product.client)
    _issuers(ra_api.IssuersApi(desk.api), product.issuer)
    _audit(ra_api.AuditApi(desk.api), product.client)
    with operation("get_overview"):
        overview = ra_api.OverviewApi(desk.api).get_overview(client=product.client, weeks=4)
        require(overview.orders and len(overview.ending) == 4, "it counts orders, and what ends week by week")  # noqa: PLR2004


def _acme(api: ra_api.ACMEApi, product: Product) -> None:
    with operation("list_acme_accounts"):
        account = api.list_acme_accounts(client=product.client, status=AccountStatus.VALID, limit=1).items[0]
    with operation("get_acme_account"):
        require(api.get_acme_account(account.id) == account, "an account is the same alone")
    with operation("list_acme_tokens"):
        require(api.list_acme_tokens(account=account.id).items == [], "an account without orders has no tokens")
    with operation("deactivate_acme_account"):
        require(api.deactivate_acme_account(account.id).status == "revoked", "the account has ended")
    with operation("create_external_account_key"):
        made = api.create_external_account_key(NewExternalAccountKey(client=product.client, products=[product.id]))
        require(made.key.status == "usable" and made.hmac, "its secret is shown once")
    with operation("list_external_account_keys"):
        found = api.list_external_account_keys(client=product.client)
        require(made.key.id in [one.id for one in found.items], "the list has it")
    with operation("revoke_external_account_key"):
        require(api.revoke_external_account_key(made.key.id).status == "revoked", "it has ended")


def _cmc_clients(desk: Desk, api: ra_api.CMCClientsApi, product: Product) -> None:
    name = desk.domain.replace(".", "-")
    with operation("register_cmc_client"):
        wanted = NewCmcClient(
            name=name, client=product.client, products=[product.id], rights=["issue", "query"], csr=desk.cmc_csr
        )
        made = api.register_cmc_client(wanted)
        require(len(x509.load_pem_x509_certificates(made.chain.encode())) > 1, "its certificate comes with its chain")
    with operation("list_cmc_clients"):
        require(made.client in api.list_cmc_clients(), "the list has it")
    with operation("get_cmc_client"):
        shown = api.get_cmc_client_with_http_info(name)
        require(shown.data == made.client, "it is the same alone")
    with operation("change_cmc_client"):
        changed = api.change_cmc_client(name, etag(shown), CmcClientChange(rights=["issue"]))
        require(changed.client.rights == ["issue"], "it may do less")
    with operation("disable_cmc_client"):
        require(api.disable_cmc_client(name).disabled, "it may do nothing")
    with operation("enable_cmc_client"):
        require(not api.enable_cmc_client(name).disabled, "it goes on")


def _webhooks(api: ra_api.WebhooksApi, client: str) -> None:
    with operation("create_webhook"):
        wanted = NewWebhook(client=client, url="https://hooks.example.com/", events=["order.issued"])
        made = api.create_webhook(wanted)
        require(made.secret, "its secret is shown once")
    webhook = made.webhook
    with operation("list_webhooks"):
        require(webhook in api.list_webhooks(client=client).items, "the list has it")
    with operation("get_webhook"):
        shown = api.get_webhook_with_http_info(webhook.id)
        require(shown.data == webhook, "it is the same alone")
    with operation("change_webhook"):
        changed = api.change_webhook(webhook.id, etag(shown), WebhookUpdate(description="Of the shop"))
        require((changed.description, changed.url) == ("Of the shop", webhook.url), "that alone has changed")
    with operation("renew_webhook_secret"):
        require(api.renew_webhook_secret(webhook.id).secret != made.secret, "the secret is a new one")
    with operation("test_webhook"):
        delivery = api.test_webhook(webhook.id)
        require(delivery.event == "webhook.test", "the event is that of a test")
    with operation("list_deliveries"):
        require([one.id for one in api.list_deliveries(webhook.id).items] == [delivery.id], "it is delivered")
    with operation("redeliver"):
        if api.list_deliveries(webhook.id).items[0].state == "pending":
            refused(409, lambda: api.redeliver(delivery.id))
        else:
            require(api.redeliver(delivery.id).state == "pending", "it is sent once more")
    with operation("delete_webhook"):
        api.delete_webhook(webhook.id)
        refused(404, lambda: api.get_webhook(webhook.id))


def _issuers(api: ra_api.IssuersApi, issuer: str) -> None:
    with operation("list_issuers"):
        require(issuer in [one.id for one in api.list_issuers()], "the list has the product's")
    with operation("get_issuer"):
        certificate = x509.load_pem_x509_certificate(api.get_issuer(issuer).certificate.encode())
    with operation("list_crls"):
        require(issuer in [one.issuer for one in api.list_crls()], "there is a CRL of it")
    with operation("download_crl"):
        crl = x509.load_der_x509_crl(bytes(api.download_crl(issuer)))
        require(crl.issuer == certificate.subject, "it is the issuer's")


def _audit(api: ra_api.AuditApi, client: str) -> None:
    with operation("search_audit"):
        found = api.search_audit(client=client, outcome=Outcome.SUCCESS, limit=5)
        require(len(found.items) == 5, "the day has left its records")  # noqa: PLR2004
    with operation("export_audit"):
        require(found.items[0].id.encode() in bytes(api.export_audit(client=client)), "the newest record is in it")
    with operation("get_audit_record"):
        require(api.get_audit_record(found.items[0].id) == found.items[0], "a record is the same alone")
