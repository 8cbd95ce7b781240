import static java.util.stream.Collectors.toList;

import java.util.List;
import java.util.Objects;
import ra.api.ApiResponse;
import ra.api.model.*;
import ra.api.operations.ApiKeysApi;
import ra.api.operations.CatalogueApi;
import ra.api.operations.ClientsApi;
import ra.api.operations.RolesApi;
import ra.api.operations.UsersApi;

/** Who may do what: one's own account, Clients, users, roles and API keys. */
final class Access {
    private static final List<String> NETWORKS = List.of("192.0.2.0/24");

    private final ClientsApi clients;
    private final UsersApi users;
    private final RolesApi roles;
    private final ApiKeysApi keys;
    private final String name;
    private final CatalogueApi catalogue;
    private MadeClient made;
    private Comparison compared;
    private ApiResponse<?> shown;

    Access(Desk desk) {
        clients = new ClientsApi(desk.api);
        users = new UsersApi(desk.api);
        roles = new RolesApi(desk.api);
        keys = new ApiKeysApi(desk.api);
        catalogue = new CatalogueApi(desk.api);
        name = desk.domain.split("\\.")[0];
    }

    void work() {
        clients();
        roles();
        users();
        keys();
        catalogue();
        Desk.operation("delete_role", () -> {
            roles.deleteRole(name);
            Desk.refused(404, () -> roles.getRole(name));
        });
    }

    private void catalogue() {
        Desk.operation("get_catalogue", () -> Desk.require(
                catalogue.getCatalogue().getText().contains(name), "the new Client is in it"));
        Desk.operation("compare_catalogue", () -> {
            compared = catalogue.compareCatalogue(catalogue.getCatalogue(), null);
            Desk.require(
                    compared.getChanges().stream().allMatch(one -> one.getDifferences().isEmpty()),
                    "it differs in nothing from itself");
        });
        Desk.operation("apply_catalogue", () -> {
            CatalogueToApply wanted = new CatalogueToApply()
                    .text(catalogue.getCatalogue().getText()).digest(compared.getDigest());
            Desk.require(
                    catalogue.applyCatalogue(wanted, null).getChanges().equals(compared.getChanges()),
                    "what was compared is applied");
        });
    }

    private void clients() {
        Desk.operation("create_client", () -> {
            NewClient wanted = new NewClient().name(name).description("For a day");
            made = clients.createClient(wanted, "create-" + name);
            Desk.require(clients.createClient(wanted, "create-" + name).equals(made), "the same answer is given again");
            Desk.require(made.getAccount().getKey().getSecret().length() == 64, "the service account has a key");
            Desk.refused(409, () -> clients.createClient(wanted, null));
        });
        Desk.operation("list_clients", () -> Desk.require(
                clients.listClients(1, null, name).getItems().equals(List.of(made.getClient())),
                "the Client is found by its name"));
        Desk.operation("get_client", () -> {
            shown = clients.getClientWithHttpInfo(id());
            Desk.require(shown.getData().equals(made.getClient()), "a Client is the same everywhere");
        });
        Desk.operation("change_client", () -> {
            String tag = Desk.etag(shown);
            Client changed = clients.changeClient(id(), tag, new ClientChange().description("For two days"));
            Desk.require(changed.getDescription().equals("For two days"), "it has changed");
            Desk.require(changed.getSettings().equals(made.getClient().getSettings()), "the rest has not");
            Desk.refused(412, () -> clients.changeClient(id(), tag, new ClientChange().description("For three days")));
        });
        Desk.operation("suspend_client", () -> Desk.require(
                clients.suspendClient(id(), new Suspension().reason("A pause"), null).getSuspended(), "it is suspended"));
        Desk.operation("resume_client", () -> Desk.require(
                !clients.resumeClient(id(), null).getSuspended(), "it goes on"));
    }

    private void roles() {
        Desk.operation("create_role", () -> Desk.require(
                roles.createRole(new NewRole().name(name).permissions(List.of(Permission.ORDER_VIEW)), null)
                        .getPermissions().equals(List.of(Permission.ORDER_VIEW)),
                "it permits what was said"));
        Desk.operation("list_roles", () -> Desk.require(
                roles.listRoles().stream().anyMatch(one -> one.getName().equals(name)), "the list has it"));
        Desk.operation("get_role", () -> {
            ApiResponse<Role> role = roles.getRoleWithHttpInfo(name);
            shown = role;
            Desk.require(role.getData().getName().equals(name), "it is the same alone");
        });
        Desk.operation("change_role", () -> {
            List<Permission> wanted = List.of(Permission.CERTIFICATE_VIEW, Permission.ORDER_VIEW);
            Role changed = roles.changeRole(name, Desk.etag(shown), new RoleContent().permissions(wanted));
            Desk.require(changed.getPermissions().equals(wanted), "it permits what is said now");
        });
    }

    private void users() {
        Desk.operation("get_own_account", () -> {
            ApiResponse<OwnAccount> own = users.getOwnAccountWithHttpInfo();
            shown = own;
            Desk.require(own.getData().getEverywhere().contains(Permission.CLIENT_CREATE), "he may make Clients");
        });
        Desk.operation("change_own_account", () -> {
            Personal wanted = new Personal().firstName("Ada").language("de");
            Desk.require(
                    users.changeOwnAccount(Desk.etag(shown), wanted).getPersonal().getFirstName().equals("Ada"),
                    "it has what was said");
        });
        Desk.operation("create_user", () -> {
            NewUser wanted = new NewUser().name(name).kind(UserKind.OPERATOR).role("ra-operator").client(id()).withKey(false);
            Desk.require(users.createUser(wanted, null).getKey() == null, "no key was asked for");
        });
        Desk.operation("list_users", () -> Desk.require(
                users.listUsers(null, null, id(), null).getItems().stream().anyMatch(one -> one.getName().equals(name)),
                "the Client's users have him"));
        Desk.operation("get_user", () -> {
            ApiResponse<User> user = users.getUserWithHttpInfo(name);
            shown = user;
            Desk.require(user.getData().getKind() == UserKind.OPERATOR, "he is what he was made");
        });
        Desk.operation("invite_user", () -> Desk.refused(400, () -> users.inviteUser(name, null)));
        Desk.operation("create_sign_in_link", () -> Desk.require(
                users.createSignInLink(name, null).getAddress().startsWith("https://"), "it is an address of the page"));
        Desk.operation("change_user", () -> {
            UserChange wanted = new UserChange().email(name + "@example.com");
            Desk.require(users.changeUser(name, Desk.etag(shown), wanted).getEmail().startsWith(name), "he has the address");
        });
        Desk.operation("suspend_user", () -> Desk.require(
                users.suspendUser(name, new Suspension().reason("On leave"), null).getSuspended().equals("On leave"),
                "the reason is shown"));
        Desk.operation("resume_user", () -> Desk.require(users.resumeUser(name, null).getSuspended() == null, "he goes on"));
        Desk.operation("assign_role", () -> Desk.require(
                users.assignRole(name, new Assignment().role(name).client(id()), null).size() == 2, "he has two roles"));
        Desk.operation("list_user_roles", () -> Desk.require(
                users.listUserRoles(name).stream().map(Assignment::getRole).collect(toList()).contains(name),
                "the list has the role"));
        Desk.operation("withdraw_role", () -> {
            users.withdrawRole(name, name, id());
            Desk.require(users.listUserRoles(name).size() == 1, "he has one role");
        });
    }

    private void keys() {
        MadeApiKey[] key = new MadeApiKey[1];
        Desk.operation("create_api_key", () -> {
            key[0] = keys.createApiKey(name, new NewApiKey().client(id()), null);
            Desk.require(key[0].getSecret().length() == 64, "the secret is shown once");
        });
        ApiKey made = Objects.requireNonNull(key[0]).getKey();
        Desk.operation("list_api_keys", () -> Desk.require(
                keys.listApiKeys(name).equals(List.of(made)), "it is his only key"));
        Desk.operation("get_api_key", () -> {
            shown = keys.getApiKeyWithHttpInfo(made.getId());
            Desk.require(shown.getData().equals(made), "it is the same alone");
        });
        Desk.operation("restrict_api_key", () -> Desk.require(
                keys.restrictApiKey(made.getId(), Desk.etag(shown), new Restriction().networks(NETWORKS))
                        .getNetworks().equals(NETWORKS),
                "it is bound to the network"));
        Desk.operation("suspend_api_key", () -> Desk.require(
                keys.suspendApiKey(made.getId(), new Suspension().reason("Lost"), null).getSuspended().equals("Lost"),
                "it is suspended"));
        Desk.operation("resume_api_key", () -> Desk.require(
                keys.resumeApiKey(made.getId(), null).getSuspended() == null, "it counts again"));
        Desk.operation("renew_api_key", () -> {
            Desk.require(keys.renewApiKey(made.getId(), null).getKey().getNetworks().equals(NETWORKS), "bound as the old one");
            Desk.require(keys.getApiKey(made.getId()).getExpiresAt() != null, "the old one ends");
        });
        Desk.operation("delete_api_key", () -> {
            keys.deleteApiKey(made.getId());
            Desk.refused(404, () -> keys.getApiKey(made.getId()));
        });
    }

    private String id() {
        return made.getClient().getId();
    }
}
