import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ra.api.ApiException;
import ra.api.model.*;
import ra.api.operations.RaApiApi;

/** A day's work of an integrator with version 2 and the client that is generated for Java. */
public final class Version2 {
    private static final String UNKNOWN = "ord-00000000-0000-7000-8000-000000000000";

    private final Desk desk;
    private final String domain;
    private final RaApiApi api;
    private Client client;
    private Product product;
    private ClientDNS registered;
    private CertificateOrder order;
    private final AdditionalRecipient recipient = new AdditionalRecipient()
            .email("ops@example.com")
            .recipientType(AdditionalRecipient.RecipientTypeEnum.RENEWAL)
            .language(AdditionalRecipient.LanguageEnum.EN);

    private Version2(Desk desk) {
        this.desk = desk;
        domain = desk.domain;
        api = new RaApiApi(desk.api);
    }

    private Map<String, Desk.Step> steps() {
        Map<String, Desk.Step> steps = new LinkedHashMap<>();
        steps.put("jwt", () -> {
            refused(401, () -> api.jwt(desk.user, "0".repeat(64)));
            refused(401, () -> api.searchClients(null));
            desk.token = api.jwt(desk.user, desk.key);
            require(desk.token.chars().filter(one -> one == '.').count() == 2, "a JWT has two dots");
        });
        steps.put("searchClients", () -> {
            List<Client> found = api.searchClients("*");
            require(found.size() == 1, "there is one Client");
            client = found.get(0);
            product = client.getProducts().stream()
                    .filter(one -> one.getKeyGenerationType() == Product.KeyGenerationTypeEnum.PKCS10)
                    .findFirst()
                    .orElseThrow();
            require(api.searchClients("no such Client").isEmpty(), "a search that nothing matches finds nothing");
        });
        steps.put("searchPagedClients", () -> {
            Clients page = api.searchPagedClients(null, 1000, 0);
            require(page.getRecordsTotal() == 1 && page.getData().size() == 1, "there is one Client");
            require(api.searchPagedClients(null, null, 50).getData().isEmpty(), "a page past the end is empty");
        });
        steps.put("getClient", () -> require(
                api.getClient(client.getUuid()).equals(client), "a Client is the same in a list and alone"));
        steps.put("createClientPrevalidatedDomains", () -> {
            registered = api.createClientPrevalidatedDomains(client.getUuid(), List.of(domain)).get(0);
            require(!registered.getValidated(), "a new domain is not validated");
        });
        steps.put("getClientPrevalidatedDomains", () -> require(
                api.getClientPrevalidatedDomains(client.getUuid()).stream()
                        .anyMatch(one -> one.getUuid().equals(registered.getUuid())),
                "the list has the domain"));
        steps.put("getClientPrevalidatedDomain", () -> require(
                api.getClientPrevalidatedDomain(registered.getUuid()).getRandomValue()
                        .equals(registered.getRandomValue()),
                "the random value is the one of the registration"));
        steps.put("resetClientPrevalidatedDomain", () -> {
            String before = registered.getRandomValue();
            registered = api.resetClientPrevalidatedDomain(registered.getUuid());
            require(!registered.getRandomValue().equals(before), "the random value is a new one");
        });
        steps.put("validateClientPrevalidatedDomain", () -> {
            desk.setText(registered.getRandomValue());
            ClientDNS found = api.validateClientPrevalidatedDomain(registered.getUuid());
            require(found.getStatus() == ClientDomainValidationStatus.VALID, found.getValidationResult());
        });
        steps.put("validateIssueRequest", () -> {
            api.validateIssueRequest(request());
            refused(400, () -> api.validateIssueRequest(
                    new IssueRequest().productReference(product.getUuid()).csr("no CSR")));
        });
        steps.put("issueCertificateV22", () -> {
            order = api.issueCertificateV22(request());
            require(order.getStatus() == CertificateOrderStatus.ISSUED, "the order is " + order.getStatus());
            require(order.getCertificateChain().size() > 1, "the chain is there");
        });
        steps.put("issueCertificate", () -> require(
                api.issueCertificate(product.getUuid(), desk.otherCsr).getUuid().startsWith("ord-"),
                "the order has a reference"));
        steps.put("getCertificateOrderStatus", () -> {
            require(api.getCertificateOrderStatus(order.getUuid()) == CertificateOrderStatus.ISSUED, "it is issued");
            refused(404, () -> api.getCertificateOrderStatus(UNKNOWN));
        });
        steps.put("getCertificateOrder", () -> require(
                api.getCertificateOrder(order.getUuid()).getCertificate().equals(order.getCertificate()),
                "the certificate is the one of the answer"));
        steps.put("getCertificateChain", () -> require(
                api.getCertificateChain(order.getUuid()).get(0).equals(order.getCertificate().getCertificate()),
                "the leaf is first"));
        steps.put("getCertificateOrderTasks", () -> require(
                !api.getCertificateOrderTasks(order.getUuid()).isEmpty(), "an issued order had jobs"));
        steps.put("replaceCertificateOrderTags", () -> require(
                api.replaceCertificateOrderTags(order.getUuid(), List.of("second")).getTags()
                        .equals(List.of("second")),
                "the tags are the new ones"));
        steps.put("getCertificateOrders", () -> {
            SearchCertificateOrder wanted = new SearchCertificateOrder()
                    .serialNumber(order.getCertificate().getSerial().toLowerCase())
                    .tags(List.of("second"));
            require(found(wanted).equals(List.of(order.getUuid())), "it is found by its serial number");
            require(found(new SearchCertificateOrder().startAfter(OffsetDateTime.parse("2099-01-01T00:00:00Z")))
                    .isEmpty(), "nothing was ordered in the future");
        });
        steps.put("searchPagedCertificateOrders", () -> {
            CertificateOrders page = api.searchPagedCertificateOrders(new SearchCertificateOrder(), 1, 0);
            require(page.getData().size() == 1 && page.getRecordsFiltered() >= 1, "a page of one has one");
            require(api.searchPagedCertificateOrders(new SearchCertificateOrder(), 10, 1_000_000).getData().isEmpty(),
                    "a page past the end is empty");
        });
        steps.put("addCertificateOrderAdditionalRecipients", () -> require(
                api.addCertificateOrderAdditionalRecipients(order.getUuid(), List.of(recipient)).contains(recipient),
                "the recipient is there"));
        steps.put("listCertificateOrderAdditionalRecipients", () -> require(
                api.listCertificateOrderAdditionalRecipients(order.getUuid()).contains(recipient),
                "the recipient is listed"));
        steps.put("deleteCertificateOrderAdditionalRecipients", () -> require(
                api.deleteCertificateOrderAdditionalRecipients(order.getUuid(), List.of(recipient)).isEmpty(),
                "the recipient is gone"));
        steps.put("publishCertificate", () -> published(() -> api.publishCertificate(order.getUuid())));
        steps.put("unpublishCertificate", () -> published(() -> api.unpublishCertificate(order.getUuid())));
        steps.put("revokeCertificates", () -> {
            api.revokeCertificates(List.of(new RevocationRequest()
                    .serialNumber(order.getCertificate().getSerial())
                    .issuerName(order.getCertificate().getIssuer())
                    .revocationReason(RevocationRequest.RevocationReasonEnum.SUPERSEDED)
                    .revocationRequestor("Alice")));
            CertificateOrder revoked = api.getCertificateOrder(order.getUuid());
            require(revoked.getStatus() == CertificateOrderStatus.REVOKED, "the order is " + revoked.getStatus());
            require(revoked.getCertificate().getRevocationStatus().getReason() == RevocationReason.SUPERSEDED,
                    "the reason is said");
        });
        steps.put("deleteClientPrevalidatedDomainToken", () -> require(
                api.deleteClientPrevalidatedDomainToken(registered.getUuid()).getRandomValue() == null,
                "the random value is gone"));
        steps.put("deleteClientPrevalidatedDomain", () -> {
            api.deleteClientPrevalidatedDomain(registered.getUuid());
            refused(404, () -> api.getClientPrevalidatedDomain(registered.getUuid()));
        });
        return steps;
    }

    private IssueRequest request() {
        return new IssueRequest()
                .productReference(product.getUuid())
                .csr(desk.csr)
                .tags(List.of("first"))
                .synchrone(true)
                .includeCertificateChain(true);
    }

    private List<String> found(SearchCertificateOrder wanted) throws ApiException {
        return api.getCertificateOrders(wanted).stream().map(CertificateOrder::getUuid).toList();
    }

    private void published(Desk.Step operation) throws Exception {
        if (product.getPublishCertificate()) {
            operation.run();
        } else {
            refused(400, operation);
        }
    }

    private static void require(boolean holds, String what) {
        Desk.require(holds, what);
    }

    private static void refused(int status, Desk.Step ask) throws Exception {
        require(Desk.refused(status, ask).contains("errorMessages"), "a refusal is an APIError");
    }

    public static void main(String[] arguments) throws Exception {
        new Version2(new Desk(arguments)).steps().forEach(Desk::operation);
    }
}
