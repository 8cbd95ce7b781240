import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.util.List;
import ra.api.ApiException;
import ra.api.ApiResponse;
import ra.api.model.*;
import ra.api.operations.AcmeApi;
import ra.api.operations.AuditApi;
import ra.api.operations.CmcClientsApi;
import ra.api.operations.IssuersApi;
import ra.api.operations.OverviewApi;
import ra.api.operations.ProductsApi;
import ra.api.operations.WebhooksApi;

/** Whoever else has to do with the CA: ACME and CMC clients, receivers of webhooks, relying parties, the auditor. */
final class Parties {
    private final Desk desk;
    private Product product;
    private Account account;
    private MadeExternalAccountKey externalKey;
    private MadeCmcClient cmcClient;
    private MadeWebhook webhook;
    private Delivery delivery;
    private ApiResponse<?> shown;

    Parties(Desk desk) {
        this.desk = desk;
    }

    void work() throws ApiException {
        product = Ordering.product(new ProductsApi(desk.api), false);
        acme(new AcmeApi(desk.api));
        cmcClients(new CmcClientsApi(desk.api), desk.domain.replace('.', '-'));
        webhooks(new WebhooksApi(desk.api));
        issuers(new IssuersApi(desk.api));
        audit(new AuditApi(desk.api));
        Desk.operation("get_overview", () -> {
            Overview overview = new OverviewApi(desk.api).getOverview(product.getClient(), 4);
            Desk.require(!overview.getOrders().isEmpty(), "it counts orders");
            Desk.require(overview.getEnding().size() == 4, "it counts what ends week by week");
        });
    }

    private void acme(AcmeApi api) {
        Desk.operation("list_acme_accounts", () -> account = api.listAcmeAccounts(
                1, null, product.getClient(), AccountStatus.VALID, null, null, null).getItems().get(0));
        Desk.operation("get_acme_account", () -> Desk.require(
                api.getAcmeAccount(account.getId()).equals(account), "an account is the same alone"));
        Desk.operation("list_acme_tokens", () -> Desk.require(
                api.listAcmeTokens(null, null, null, account.getId(), null, null, null, null).getItems().isEmpty(),
                "an account without orders has no tokens"));
        Desk.operation("deactivate_acme_account", () -> Desk.require(
                api.deactivateAcmeAccount(account.getId(), null).getStatus() == AccountStatus.REVOKED, "it has ended"));
        Desk.operation("create_external_account_key", () -> {
            NewExternalAccountKey wanted = new NewExternalAccountKey()
                    .client(product.getClient()).products(List.of(product.getId()));
            externalKey = api.createExternalAccountKey(wanted, null);
            Desk.require(!externalKey.getHmac().isEmpty(), "its secret is shown once");
        });
        Desk.operation("list_external_account_keys", () -> Desk.require(
                api.listExternalAccountKeys(null, null, product.getClient()).getItems().contains(externalKey.getKey()),
                "the list has it"));
        Desk.operation("revoke_external_account_key", () -> Desk.require(
                api.revokeExternalAccountKey(externalKey.getKey().getId()).getStatus() == ExternalAccountKeyStatus.REVOKED,
                "it has ended"));
    }

    private void cmcClients(CmcClientsApi api, String name) {
        Desk.operation("register_cmc_client", () -> {
            NewCmcClient wanted = new NewCmcClient().name(name).client(product.getClient())
                    .products(List.of(product.getId())).rights(List.of(CmcRight.ISSUE, CmcRight.QUERY)).csr(desk.cmcCsr);
            cmcClient = api.registerCmcClient(wanted, null);
            Desk.require(cmcClient.getChain().startsWith("-----BEGIN CERTIFICATE-----"), "its certificate comes with it");
        });
        Desk.operation("list_cmc_clients", () -> Desk.require(
                api.listCmcClients().contains(cmcClient.getClient()), "the list has it"));
        Desk.operation("get_cmc_client", () -> {
            shown = api.getCmcClientWithHttpInfo(name);
            Desk.require(shown.getData().equals(cmcClient.getClient()), "it is the same alone");
        });
        Desk.operation("change_cmc_client", () -> {
            CmcClientChange wanted = new CmcClientChange().rights(List.of(CmcRight.ISSUE));
            Desk.require(
                    api.changeCmcClient(name, Desk.etag(shown), wanted).getClient().getRights()
                            .equals(List.of(CmcRight.ISSUE)),
                    "it may do less");
        });
        Desk.operation("disable_cmc_client", () -> Desk.require(
                api.disableCmcClient(name, null).getDisabled(), "it may do nothing"));
        Desk.operation("enable_cmc_client", () -> Desk.require(
                !api.enableCmcClient(name, null).getDisabled(), "it goes on"));
    }

    private void webhooks(WebhooksApi api) {
        Desk.operation("create_webhook", () -> {
            NewWebhook wanted = new NewWebhook().client(product.getClient()).url("https://hooks.example.com/")
                    .events(List.of(EventType.ORDER_ISSUED));
            webhook = api.createWebhook(wanted, null);
            Desk.require(!webhook.getSecret().isEmpty(), "its secret is shown once");
        });
        String id = webhook.getWebhook().getId();
        Desk.operation("list_webhooks", () -> Desk.require(
                api.listWebhooks(null, null, product.getClient()).getItems().contains(webhook.getWebhook()),
                "the list has it"));
        Desk.operation("get_webhook", () -> {
            shown = api.getWebhookWithHttpInfo(id);
            Desk.require(shown.getData().equals(webhook.getWebhook()), "it is the same alone");
        });
        Desk.operation("change_webhook", () -> {
            Webhook changed = api.changeWebhook(id, Desk.etag(shown), new WebhookUpdate().description("Of the shop"));
            Desk.require(changed.getDescription().equals("Of the shop"), "it has changed");
            Desk.require(changed.getUrl().equals(webhook.getWebhook().getUrl()), "the rest has not");
        });
        Desk.operation("renew_webhook_secret", () -> Desk.require(
                !api.renewWebhookSecret(id, null).getSecret().equals(webhook.getSecret()), "the secret is a new one"));
        Desk.operation("test_webhook", () -> {
            delivery = api.testWebhook(id, null);
            Desk.require(delivery.getEvent() == EventType.WEBHOOK_TEST, "the event is that of a test");
        });
        Desk.operation("list_deliveries", () -> Desk.require(
                api.listDeliveries(id, null, null).getItems().get(0).getId().equals(delivery.getId()), "it is delivered"));
        Desk.operation("redeliver", () -> {
            if (api.listDeliveries(id, null, null).getItems().get(0).getState() == DeliveryState.PENDING) {
                Desk.refused(409, () -> api.redeliver(delivery.getId(), null));
            } else {
                Desk.require(api.redeliver(delivery.getId(), null).getState() == DeliveryState.PENDING, "once more");
            }
        });
        Desk.operation("delete_webhook", () -> {
            api.deleteWebhook(id);
            Desk.refused(404, () -> api.getWebhook(id));
        });
    }

    private void issuers(IssuersApi api) {
        String id = product.getIssuer();
        Desk.operation("list_issuers", () -> Desk.require(
                api.listIssuers().stream().anyMatch(one -> one.getId().equals(id)), "the list has the product's"));
        Desk.operation("get_issuer", () -> Desk.require(
                api.getIssuer(id).getCertificate().startsWith("-----BEGIN CERTIFICATE-----"), "its certificate is shown"));
        Desk.operation("list_crls", () -> Desk.require(
                api.listCrls().stream().anyMatch(one -> one.getIssuer().equals(id)), "there is a CRL of it"));
        Desk.operation("download_crl", () -> {
            try (InputStream content = Files.newInputStream(api.downloadCrl(id).toPath())) {
                X509CRL crl = (X509CRL) CertificateFactory.getInstance("X.509").generateCRL(content);
                Desk.require(crl.getNextUpdate() != null, "it says how long it counts");
            }
        });
    }

    private void audit(AuditApi api) {
        Desk.operation("search_audit", () -> Desk.require(
                page(api).size() == 5, "the day has left its records"));
        Desk.operation("export_audit", () -> Desk.require(
                Files.size(api.exportAudit(product.getClient(), null, null, null, null, null, null, null, null).toPath()) > 0,
                "the records are in it"));
        Desk.operation("get_audit_record", () -> Desk.require(
                api.getAuditRecord(page(api).get(0).getId()) != null, "a record is shown alone"));
    }

    private List<AuditRecord> page(AuditApi api) throws ApiException {
        return api.searchAudit(5, null, product.getClient(), null, null, null, Outcome.SUCCESS, null, null).getItems();
    }
}
