import ra.api.model.Credentials;
import ra.api.operations.ApiKeysApi;

/** A day's work of an administrator with version 3 and the client that is generated for Java, resource by resource. */
public final class Version3 {
    private Version3() {}

    public static void main(String[] arguments) throws Exception {
        Desk desk = new Desk(arguments);
        ApiKeysApi api = new ApiKeysApi(desk.api);
        Desk.operation("issue_token", () -> {
            Credentials wrong = new Credentials().user(desk.user).secret("0".repeat(64));
            Desk.require(Desk.refused(401, () -> api.issueToken(wrong)).contains("unauthenticated"), "it says why");
            desk.token = api.issueToken(new Credentials().user(desk.user).secret(desk.key)).getToken();
        });
        for (Desk.Step resources : new Desk.Step[] {new Access(desk)::work, new Ordering(desk)::work, new Parties(desk)::work}) {
            try {
                resources.run();
            } catch (Exception error) {
                System.out.println("The rest of a resource was not done: " + error);
            }
        }
    }
}
