"""Version 3: the catalogue, compared before it is applied."""

from typing import Any

from ca_core.model.permissions import Permission
from tests.access.people import Office
from tests.rest.conversation import Answer, Conversation

ACCOUNT = '[[clients]]\nname = "shop"\ndescription = "The web shop"\n'
UNKNOWN = '[[products]]\nname = "x"\nclient = "default"\nissuer = "nobody"\nroads = ["rest"]\n'


async def current(chief: Conversation) -> str:
    """Return the text in force."""
    shown = await chief.get("/v3/catalogue")
    assert shown.headers["etag"]
    text: str = shown.json["text"]
    return text


async def compared(chief: Conversation, text: str) -> Any:
    """Compare a text."""
    answer = await chief.post("/v3/catalogue/compare", {"text": text})
    assert answer.status == 200, answer.body
    return answer.json


async def applied(chief: Conversation, text: str, digest: str) -> Answer:
    """Apply a text as it was compared."""
    return await chief.post("/v3/catalogue/apply", {"text": text, "digest": digest})


async def test_a_product_is_changed_as_it_was_seen(alice: Conversation) -> None:
    """Who changes a product in a browser would find out by its certificates what he has changed (rule 94)."""
    chief = alice.by(alice.office.chief)
    text = await current(chief)
    assert "[[issuers]]" not in text
    assert (await compared(chief, text))["changes"] == []
    edited = text.replace("wildcards = false", "wildcards = true", 1)
    found = await compared(chief, edited)
    [change] = found["changes"]
    assert change["action"] == "product.change"
    assert change["differences"] == [{"member": "policy.names.wildcards", "before": "false", "after": "true"}]
    assert await current(chief) == text
    done = await applied(chief, edited, found["digest"])
    assert (done.json["changes"], done.json["accounts"]) == ([change], []), done.body
    assert await current(chief) == edited
    (await applied(chief, edited, found["digest"])).refused(409, "conflict")
    audit = (await chief.get("/v3/audit?action=product.change")).json["items"]
    assert [one["actor"] for one in audit] == [f"api-user:{alice.office.chief.user.id}"]


async def test_what_changed_since_the_comparison_is_not_applied(alice: Conversation) -> None:
    """Two operators would undo each other's changes without either of them seeing it."""
    chief = alice.by(alice.office.chief)
    text = await current(chief)
    first = text.replace("order_lifetime = 604800", "order_lifetime = 86400", 1)
    second = text.replace("wildcards = false", "wildcards = true", 1)
    digests = [(await compared(chief, one))["digest"] for one in (first, second)]
    assert (await applied(chief, first, digests[0])).status == 200
    (await applied(chief, second, digests[1])).refused(409, "conflict")
    assert await current(chief) == first


async def test_a_new_client_gets_its_account_and_nothing_is_deleted(alice: Conversation) -> None:
    """The key of the new Client's service account would be lost, or what a text leaves out would be gone."""
    chief = alice.by(alice.office.chief)
    text = await current(chief)
    found = await compared(chief, ACCOUNT)
    assert [one["summary"] for one in found["changes"]] == ["add Client shop"]
    assert {"member": "description", "before": None, "after": '"The web shop"'} in found["changes"][0]["differences"]
    done = await applied(chief, ACCOUNT, found["digest"])
    [account] = done.json["accounts"]
    assert (account["user"], len(account["key"]["secret"])) == ("service-shop", 64)
    after = (await current(chief)).splitlines()
    assert all(line in after for line in text.splitlines())


async def test_what_is_in_force_can_be_applied_again(alice: Conversation) -> None:
    """An emoji in one Client's description would keep everybody from editing the catalogue."""
    chief = alice.by(alice.office.chief)
    path = f"/v3/clients/{alice.office.client_id}"
    described = await chief.patch(path, {"description": 'Shop 🎉 \u007f "quoted" \\ back'}, If_Match="*")
    assert described.status == 200, described.body
    assert (await compared(chief, await current(chief)))["changes"] == []


async def test_bad_catalogues(alice: Conversation) -> None:
    """A text from a form must be refused with what is wrong in it, and read no file of the machine."""
    chief = alice.by(alice.office.chief)
    issuer = (
        '[[issuers]]\nid = "iss-1"\nname = "new"\nkind = "issuing"\ncertificate = "/etc/passwd"\n'
        'crl_url = "http://ca.example.com/crl"\ncertificate_url = "http://ca.example.com/ca"\n'
    )
    nested = f"x = {'[' * 5000}"
    long = f"{'a.' * 5000}b = 1"
    for text, said in (
        ("[[clients]", "TOML"),
        ('[[clients]]\nname = "a b"\n', "is not a name"),
        ("[[clients]]\nname = 1\n", "clients.0.name"),
        (UNKNOWN, "policy"),
        (issuer, "trivium apply"),
        (nested, "TOML"),
        (f"x = {'9' * 5000}", "TOML"),
        ('[[clients]]\nname = "a\\u0000"\n', "NUL"),
        (long, "characters"),
        (f'x = """\n[{" " * 8000}!\n"""', "not a setting"),
    ):
        for path, body in (("compare", {"text": text}), ("apply", {"text": text, "digest": "0" * 64})):
            assert said in (await chief.post(f"/v3/catalogue/{path}", body)).refused(400, "malformed"), text[:40]
    (await chief.post("/v3/catalogue/compare", {"text": " " * 262145})).refused(400, "malformed")
    renamed = (await current(chief)).replace('issuer = "issuing"', 'issuer = "nobody"', 1)
    assert "nobody" in (await chief.post("/v3/catalogue/compare", {"text": renamed})).refused(400, "malformed")


async def test_only_the_operator_of_the_ca_has_a_catalogue(alice: Conversation) -> None:
    """Whoever applies a catalogue says who issues what to whom: no operator of a Client may, nor who looks only."""
    office = alice.office
    auditor = await office.person("looks", "auditor", None)
    for person in (office.alice, office.bob, auditor):
        caller = alice.by(person)
        (await caller.get("/v3/catalogue")).refused(403, "forbidden")
        (await caller.post("/v3/catalogue/compare", {"text": "["})).refused(403, "forbidden")
        (await caller.post("/v3/catalogue/apply", {"text": "[", "digest": "0" * 64})).refused(403, "forbidden")


async def test_nobody_gives_himself_more_by_a_catalogue(alice: Conversation) -> None:
    """Who may change products would make his role one that may do everything (rule 45)."""
    chief, office = alice.by(alice.office.chief), alice.office
    keeper = await product_keeper(chief, office)
    text = await current(chief)
    mine = text[text.index('[[roles]]\nname = "keeper"') :].split("[[roles]]\n")[1]
    more = "[[roles]]\n" + mine.replace('"ROLE_UPDATE"', '"ROLE_UPDATE", "AUDIT_VIEW"')
    found = await compared(keeper, more)
    assert [one["summary"] for one in found["changes"]] == ["change role keeper"]
    assert "AUDIT_VIEW" in (await applied(keeper, more, found["digest"])).refused(403, "forbidden")
    found = await compared(keeper, ACCOUNT)
    assert "CLIENT_CREATE" in (await applied(keeper, ACCOUNT, found["digest"])).refused(403, "forbidden")
    assert await current(chief) == text
    edited = text.replace("wildcards = false", "wildcards = true", 1)
    assert (await applied(keeper, edited, (await compared(keeper, edited))["digest"])).status == 200


async def product_keeper(chief: Conversation, office: Office) -> Conversation:
    """Return somebody who may change products and roles of the whole installation, and no more."""
    seen = {Permission.CLIENT_VIEW, Permission.PRODUCT_VIEW, Permission.ISSUER_VIEW, Permission.ROLE_VIEW}
    permissions = sorted(seen | {Permission.PRODUCT_UPDATE, Permission.ROLE_UPDATE})
    role = {"name": "keeper", "description": "", "forEveryClient": True, "permissions": permissions}
    assert (await chief.post("/v3/roles", role)).status == 201
    return chief.by(await office.person("keeper", "keeper", None))
