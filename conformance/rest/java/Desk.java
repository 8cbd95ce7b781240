import com.fasterxml.jackson.databind.DeserializationFeature;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import ra.api.ApiClient;
import ra.api.ApiException;
import ra.api.ApiResponse;

/**
 * Who works, what he was given, and how his day's work is told: a line for each operation.
 *
 * <p>Arguments and output are those of the days in Python.
 */
final class Desk {
    interface Step {
        void run() throws Exception;
    }

    final String tlsCa, user, key, domain, csr, otherCsr, cmcCsr;
    final ApiClient api;
    String token = "";
    private final String url, dnsCommands;
    private final SSLContext trust;

    Desk(String[] arguments) throws Exception {
        url = arguments[0];
        tlsCa = Files.readString(Path.of(arguments[1]));
        trust = trusting(Path.of(arguments[1]));
        user = arguments[2];
        key = arguments[3];
        domain = arguments[4];
        dnsCommands = arguments[5];
        csr = Files.readString(Path.of(arguments[6]));
        otherCsr = Files.readString(Path.of(arguments[7]));
        cmcCsr = Files.readString(Path.of(arguments[8]));
        api = newApi(() -> token);
    }

    /** Returns the client of somebody whose token is empty until he has one. */
    ApiClient newApi(Supplier<String> token) {
        ApiClient generated = new ApiClient();
        generated.updateBaseUri(url);
        generated.setHttpClientBuilder(HttpClient.newBuilder().sslContext(trust));
        // Clients of older generators refuse members that they do not know.
        generated.setObjectMapper(ApiClient.createDefaultObjectMapper()
                .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, true));
        generated.setRequestInterceptor(request -> {
            if (!token.get().isEmpty()) {
                request.header("Authorization", "Bearer " + token.get());
            }
        });
        return generated;
    }

    /** Says {@code ok NAME} or {@code FAIL NAME: REASON}; the day goes on either way. */
    static void operation(String name, Step step) {
        try {
            step.run();
            System.out.println("ok " + name);
        } catch (Exception error) {
            System.out.println("FAIL " + name + ": " + error.toString().replaceAll("\\s+", " "));
        }
    }

    static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("it should be so that " + what);
        }
    }

    /** Requires that the server refuses; returns what it says. */
    static String refused(int status, Step ask) throws Exception {
        try {
            ask.run();
        } catch (ApiException error) {
            require(error.getCode() == status, "the refusal is " + status + ", not " + error.getMessage());
            return error.getResponseBody();
        }
        throw new IllegalStateException("it should be refused with " + status);
    }

    static String etag(ApiResponse<?> answer) {
        return answer.getHeaders().get("etag").get(0);
    }

    /** Puts a value into a TXT record of the domain. */
    void setText(String value) throws Exception {
        String record = "{\"host\": \"" + domain + ".\", \"value\": \"" + value + "\"}";
        HttpRequest request = HttpRequest.newBuilder(URI.create(dnsCommands + "/set-txt"))
                .version(HttpClient.Version.HTTP_1_1)
                .POST(HttpRequest.BodyPublishers.ofString(record))
                .build();
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.discarding());
    }

    private static SSLContext trusting(Path file) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream pem = Files.newInputStream(file)) {
            int count = 0;
            for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
                trusted.setCertificateEntry("ca" + count++, certificate);
            }
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }
}
