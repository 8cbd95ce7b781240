import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Set;
import ra.api.ApiClient;
import ra.api.ApiException;
import ra.api.ApiResponse;
import ra.api.model.*;
import ra.api.operations.ApiKeysApi;
import ra.api.operations.CertificatesApi;
import ra.api.operations.DomainsApi;
import ra.api.operations.ExternalCertificatesApi;
import ra.api.operations.OrdersApi;
import ra.api.operations.ProductsApi;
import ra.api.operations.UsersApi;

/** Products, domains, orders and certificates. */
final class Ordering {
    private static final String DOCUMENT = "JVBERi0xLjcKdHJhaWxlcjw8L1NpemUgMD4+CnN0YXJ0eHJlZgo5CiUlRU9GCg==";

    private final Desk desk;
    private final ProductsApi products;
    private final DomainsApi domains;
    private final OrdersApi orders;
    private final CertificatesApi certificates;
    private Product product;
    private Domain domain;
    private Order order;
    private Certificate certificate;
    private X509Certificate leaf;
    private ApiResponse<TagList> tags;
    private Document document;
    private Comment comment;

    Ordering(Desk desk) {
        this.desk = desk;
        products = new ProductsApi(desk.api);
        domains = new DomainsApi(desk.api);
        orders = new OrdersApi(desk.api);
        certificates = new CertificatesApi(desk.api);
    }

    void work() throws Exception {
        products();
        domains();
        orders();
        annotations();
        decisions();
        certificates();
        externalCertificates();
        end();
    }

    /** Returns the product for servers whose orders wait for approvals, or for none. */
    static Product product(ProductsApi products, boolean approved) throws ApiException {
        return products.listProducts(null, null, null, Road.REST, null).getItems().stream()
                .filter(one -> one.getKind() == ProfileKind.TLS_SERVER)
                .filter(one -> one.getApprovals().getIssuance() > 0 == approved)
                .findFirst()
                .orElseThrow();
    }

    private void products() {
        Desk.operation("list_products", () -> product = product(products, false));
        Desk.operation("get_product", () -> Desk.require(
                products.getProduct(product.getId()).equals(product), "a product is the same in a list and alone"));
        Desk.operation("validate_product", () -> {
            Form form = products.validateProduct(product.getId(), new Draft().csr(desk.csr).validity(1), null);
            Desk.require(!form.getValid() && !form.getFindings().isEmpty(), "what keeps it from being ordered is said");
        });
    }

    private void domains() throws ApiException {
        Desk.operation("register_domains", () -> {
            domain = domains.registerDomains(client(), null).get(0);
            Desk.require(domain.getStatus() == DomainStatus.PENDING, "a new domain is not valid");
        });
        Desk.operation("list_domains", () -> Desk.require(
                domains.listDomains(null, null, product.getClient(), desk.domain).getItems().equals(List.of(domain)),
                "it is found by its name"));
        Desk.operation("get_domain", () -> Desk.require(
                domains.getDomain(domain.getId()).equals(domain), "it is the same alone"));
        Desk.operation("reset_domain_token", () -> {
            Token before = domain.getToken();
            domain = domains.resetDomainToken(domain.getId(), null);
            Desk.require(!domain.getToken().getValue().equals(before.getValue()), "the token is a new one");
        });
        pendingValidations();
        Desk.operation("validate_domain", () -> {
            desk.setText(domain.getToken().getValue());
            Desk.require(domains.validateDomain(domain.getId(), null).getStatus() == DomainStatus.VALID, "it is valid");
        });
    }

    private NewDomains client() {
        return new NewDomains().client(product.getClient()).names(List.of(desk.domain));
    }

    private void pendingValidations() throws ApiException {
        NewOrder wanted = new NewOrder().product(product.getId()).csr(desk.otherCsr);
        String waiting = orders.placeOrder(wanted, null, null).getId();
        Desk.operation("list_order_pending_validations", () -> Desk.require(
                !domains.listOrderPendingValidations(waiting).get(0).getWays().isEmpty(), "it says how to show control"));
        Desk.operation("list_pending_validations", () -> Desk.require(
                domains.listPendingValidations(null, null, product.getClient(), null).getItems().stream()
                        .anyMatch(one -> one.getOrder().equals(waiting)),
                "what holds the Client up has the order"));
        Desk.operation("validate_order", () -> Desk.require(
                !domains.validateOrder(waiting, null).isEmpty(), "the name still holds the order up"));
        Desk.operation("retry_order", () -> Desk.refused(409, () -> orders.retryOrder(waiting, null)));
        Desk.operation("cancel_order", () -> {
            OrderState state = orders.cancelOrder(waiting, new Cancellation().reason("Not needed"), null).getStatus();
            Desk.require(Set.of(OrderState.FAILED, OrderState.REJECTED).contains(state), "the order is over: " + state);
        });
    }

    private void orders() {
        Desk.operation("place_order", () -> {
            NewOrder wanted = new NewOrder().product(product.getId()).csr(desk.csr).tags(List.of("first"));
            order = orders.placeOrder(wanted, "wait=30", "order-" + desk.domain);
            Desk.require(order.getStatus() == OrderState.ISSUED, "the order is " + order.getStatus());
            Desk.require(orders.placeOrder(wanted, "wait=30", "order-" + desk.domain).equals(order), "it is carried out once");
            Desk.refused(400, () -> orders.placeOrder(new NewOrder().product(product.getId()).csr("no CSR"), null, null));
        });
        Desk.operation("get_order", () -> Desk.require(
                orders.getOrder(order.getId(), "wait=1").equals(order), "an order is the same alone"));
        Desk.operation("search_orders", () -> {
            PageOrder found = orders.searchOrders(null, null, product.getClient(), List.of(OrderState.ISSUED),
                    List.of(Road.REST), null, null, null, null, null, "*" + desk.domain, null, List.of("first"), null,
                    null, OrderSort.NEWEST);
            Desk.require(found.getItems().equals(List.of(order)), "it is found by Client, state, road, tag and name");
            Desk.require(
                    orders.searchOrders(null, null, null, null, null, null, null, null, null, null, null, null, null,
                            OffsetDateTime.parse("2099-01-01T00:00:00Z"), null, null).getItems().isEmpty(),
                    "nothing is of the future");
        });
        Desk.operation("list_order_jobs", () -> Desk.require(
                orders.listOrderJobs(order.getId()).stream().allMatch(one -> one.getState() == JobState.SUCCESS),
                "all its work is done"));
        Desk.operation("retry_order_job", () -> {
            String job = orders.listOrderJobs(order.getId()).get(0).getId();
            Desk.refused(409, () -> orders.retryOrderJob(order.getId(), job, null));
        });
        Desk.operation("list_order_events", () -> Desk.require(
                !orders.listOrderEvents(order.getId()).isEmpty(), "what happened is told"));
    }

    private void annotations() {
        Desk.operation("get_order_tags", () -> {
            tags = orders.getOrderTagsWithHttpInfo(order.getId());
            Desk.require(tags.getData().getTags().equals(List.of("first")), "they are those it was placed with");
        });
        Desk.operation("replace_order_tags", () -> Desk.require(
                orders.replaceOrderTags(order.getId(), Desk.etag(tags), new TagList().tags(List.of("second")))
                        .getTags().equals(List.of("second")),
                "the tags are the new ones"));
        RecipientList recipients = new RecipientList().recipients(List.of(new Recipient()
                .email("it@example.com").type(RecipientType.RENEWAL).language(RecipientLanguage.EN)));
        Desk.operation("add_order_recipients", () -> Desk.require(
                orders.addOrderRecipients(order.getId(), recipients, null).equals(recipients), "the recipient is there"));
        Desk.operation("list_order_recipients", () -> Desk.require(
                orders.listOrderRecipients(order.getId()).equals(recipients), "the recipient is listed"));
        Desk.operation("delete_order_recipients", () -> Desk.require(
                orders.deleteOrderRecipients(order.getId(), recipients, null).getRecipients().isEmpty(), "he is gone"));
        Desk.operation("add_order_document", () -> {
            NewDocument wanted = new NewDocument().name("register.pdf").content(DOCUMENT);
            document = orders.addOrderDocument(order.getId(), wanted, null);
            Desk.require(document.getType().equals("application/pdf"), "its type is told by its content");
        });
        Desk.operation("list_order_documents", () -> Desk.require(
                orders.listOrderDocuments(order.getId()).contains(document), "the list has it"));
        Desk.operation("download_order_document", () -> Desk.require(
                text(orders.downloadOrderDocument(order.getId(), document.getId())).startsWith("%PDF-"),
                "it comes as it went"));
        Desk.operation("add_order_comment", () -> {
            comment = orders.addOrderComment(order.getId(), new NewComment().text("Approved by phone"), null);
            Desk.require(comment.getText().equals("Approved by phone"), "it is as it was written");
        });
        Desk.operation("list_order_comments", () -> Desk.require(
                orders.listOrderComments(order.getId()).contains(comment), "the list has it"));
    }

    /** Decides about what another user ordered, of a product that needs approvals. */
    private void decisions() throws Exception {
        NewUser wanted = new NewUser().name(desk.domain.replace('.', '-')).kind(UserKind.SERVICE_ACCOUNT)
                .role("ra-operator").client(product.getClient());
        MadeUser requester = new UsersApi(desk.api).createUser(wanted, null);
        Credentials credentials = new Credentials().user(wanted.getName()).secret(requester.getKey().getSecret());
        String token = new ApiKeysApi(desk.newApi(() -> "")).issueToken(credentials).getToken();
        ApiClient theirs = desk.newApi(() -> token);
        NewOrder asked = new NewOrder().product(product(products, true).getId()).csr(desk.otherCsr);
        Order first = new OrdersApi(theirs).placeOrder(asked, null, null);
        Order second = new OrdersApi(theirs).placeOrder(asked, null, null);
        Desk.operation("list_pending_approvals", () -> Desk.require(
                orders.listPendingApprovals(null, null, product.getClient()).getItems().stream()
                        .map(one -> one.getOrder().getId())
                        .toList()
                        .containsAll(List.of(first.getId(), second.getId())),
                "both wait"));
        Desk.operation("approve_order", () -> {
            Desk.refused(403, () -> new OrdersApi(theirs).approveOrder(first.getId(), new Decision(), null));
            orders.approveOrder(first.getId(), new Decision().reason("Known"), null);
            Desk.require(orders.getOrder(first.getId(), "wait=30").getStatus() == OrderState.ISSUED, "the order goes on");
        });
        Desk.operation("list_order_approvals", () -> Desk.require(
                orders.listOrderApprovals(first.getId()).get(0).getReason().equals("Known"), "who decided is told"));
        Desk.operation("list_own_approvals", () -> Desk.require(
                orders.listOwnApprovals(null, null).getItems().stream()
                        .anyMatch(one -> one.getSubject().equals(first.getId())),
                "what one decided is told"));
        Desk.operation("reject_order", () -> Desk.require(
                orders.rejectOrder(second.getId(), new Rejection().reason("Unknown"), null).getStatus()
                        == OrderState.REJECTED,
                "it is over"));
    }

    private void certificates() {
        String id = order.getCertificate();
        Desk.operation("get_certificate", () -> {
            certificate = certificates.getCertificate(id, null);
            Desk.require(certificate.getOrder().equals(order.getId()), "it is that of the order");
        });
        Desk.operation("search_certificates", () -> Desk.require(
                certificates.searchCertificates(null, null, null, List.of(CertificateStatus.ISSUED), null,
                        certificate.getSerial(), null, null, null, CertificateSort.EXPIRES_FIRST).getItems()
                        .equals(List.of(certificate)),
                "it is found by its serial number"));
        Desk.operation("list_expiring", () -> Desk.require(
                certificates.listExpiring(200, null, product.getClient(), 3650).getItems().stream()
                        .anyMatch(one -> one.getActualInstance().equals(certificate)),
                "it ends within ten years"));
        Desk.operation("download_pem", () -> {
            leaf = x509(certificates.downloadPem(id)).get(0);
            Desk.require(leaf.getSerialNumber().toString(16).equals(certificate.getSerial()), "it is the certificate");
        });
        Desk.operation("download_der", () -> Desk.require(
                x509(certificates.downloadDer(id)).equals(List.of(leaf)), "it is the certificate"));
        Desk.operation("download_chain", () -> Desk.require(
                x509(certificates.downloadChain(id)).get(0).equals(leaf), "the leaf is first"));
        Desk.operation("download_pkcs7", () -> Desk.require(
                x509(certificates.downloadPkcs7(id)).contains(leaf), "the certificate is in it"));
        Desk.operation("get_decoded_certificate", () -> Desk.require(
                !certificates.getDecodedCertificate(id).getCertificate().getExtensions().isEmpty(), "it is written out"));
        Desk.operation("add_certificate_comment", () -> {
            comment = certificates.addCertificateComment(id, new NewComment().text("On the load balancer"), null);
            Desk.require(!comment.getAuthor().isEmpty(), "its author is told");
        });
        Desk.operation("list_certificate_comments", () -> Desk.require(
                certificates.listCertificateComments(id).contains(comment), "the list has it"));
        Desk.operation("get_renewals", () -> Desk.require(
                certificates.getRenewals(id).getSuccessors().isEmpty(), "nothing has replaced it"));
        Desk.operation("list_publications", () -> Desk.require(
                product.getPublishes() || certificates.listPublications(id).isEmpty(), "nothing was published"));
        Desk.operation("publish_certificate", () -> published(() -> certificates.publishCertificate(id, null)));
        Desk.operation("unpublish_certificate", () -> published(() -> certificates.unpublishCertificate(id, null)));
        Desk.operation("revoke_certificate", () -> {
            RevocationRequest wanted = new RevocationRequest().reason(Reason.SUPERSEDED).comment("A new one");
            Certificate revoked = certificates.revokeCertificate(id, wanted, null);
            Desk.require(revoked.getStatus() == CertificateStatus.REVOKED, "it is revoked");
            Desk.require(revoked.getRevocation().getReason() == Reason.SUPERSEDED, "the reason is said");
        });
    }

    /** Imports a certificate of another CA, for which the server's own root serves here. */
    private void externalCertificates() {
        ExternalCertificatesApi external = new ExternalCertificatesApi(desk.api);
        ExternalCertificate[] made = new ExternalCertificate[1];
        Desk.operation("import_external_certificates", () -> made[0] = external.importExternalCertificates(
                new NewExternalCertificates().client(product.getClient()).certificates(desk.tlsCa), null).get(0));
        Desk.operation("list_external_certificates", () -> Desk.require(
                external.listExternalCertificates(200, null, product.getClient()).getItems().contains(made[0]),
                "the list has it"));
        Desk.operation("get_external_certificate", () -> Desk.require(
                external.getExternalCertificate(made[0].getId()).equals(made[0]), "it is the same alone"));
        Desk.operation("download_external_pem", () -> Desk.require(
                x509(external.downloadExternalPem(made[0].getId())).get(0).getSerialNumber().toString(16)
                        .equals(made[0].getSerial()),
                "it is the certificate"));
        Desk.operation("download_external_der", () -> Desk.require(
                x509(external.downloadExternalDer(made[0].getId())).get(0).getSerialNumber().toString(16)
                        .equals(made[0].getSerial()),
                "it is the certificate"));
        Desk.operation("delete_external_certificate", () -> {
            external.deleteExternalCertificate(made[0].getId());
            Desk.refused(404, () -> external.getExternalCertificate(made[0].getId()));
        });
    }

    private void published(Desk.Step operation) throws Exception {
        if (product.getPublishes()) {
            operation.run();
        } else {
            Desk.refused(409, operation);
        }
    }

    private void end() {
        Desk.operation("delete_domain_token", () -> Desk.require(
                domains.deleteDomainToken(domain.getId()).getToken() == null, "the token is gone"));
        Desk.operation("delete_domain", () -> {
            domains.deleteDomain(domain.getId());
            Desk.refused(404, () -> domains.getDomain(domain.getId()));
        });
    }

    private static String text(File file) throws IOException {
        return Files.readString(file.toPath(), StandardCharsets.ISO_8859_1);
    }

    private static List<X509Certificate> x509(File file) throws IOException, GeneralSecurityException {
        try (InputStream content = Files.newInputStream(file.toPath())) {
            return CertificateFactory.getInstance("X.509").generateCertificates(content).stream()
                    .map(X509Certificate.class::cast)
                    .toList();
        }
    }
}
