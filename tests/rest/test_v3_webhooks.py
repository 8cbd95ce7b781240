"""Version 3: webhooks of a Client."""

from tests.rest.conversation import Conversation


async def test_a_webhook_from_its_making_to_its_end(alice: Conversation) -> None:
    """A program would have to ask again and again what has happened."""
    chief, office = alice.by(alice.office.chief), alice.office
    wanted = {"client": office.client_id, "url": "https://hooks.example.com/ra", "events": ["order.issued"]}
    made = await chief.post("/v3/webhooks", wanted)
    assert made.status == 201, made.body
    webhook = made.json["webhook"]
    path = f"/v3/webhooks/{webhook['id']}"
    read = await chief.get(path)
    assert read.json == webhook
    assert made.json["secret"].encode() not in read.body
    assert [one["id"] for one in (await chief.get("/v3/webhooks")).json["items"]] == [webhook["id"]]
    tested = await chief.post(f"{path}/test")
    assert (tested.status, tested.json["event"], tested.json["state"]) == (202, "webhook.test", "pending")
    assert [one["id"] for one in (await chief.get(f"{path}/deliveries")).json["items"]] == [tested.json["id"]]
    (await chief.post(f"/v3/webhook-deliveries/{tested.json['id']}/redeliver")).refused(409, "not_ready")
    renewed = await chief.post(f"{path}/secret")
    assert renewed.json["secret"] != made.json["secret"]
    changed = await chief.patch(path, {"enabled": False}, If_Match=read.headers["etag"])
    assert (changed.json["enabled"], changed.json["url"]) == (False, wanted["url"]), changed.body
    (await chief.patch(path, {"enabled": True}, If_Match=read.headers["etag"])).refused(412, "precondition_failed")
    changes: list[dict[str, object]] = [
        {"url": "ftp://x"},
        {"url": "https://u:p@hooks.example.com"},
        {"events": []},
        {"secret": "x"},
    ]
    for bad in changes:
        answer = await chief.patch(path, bad, If_Match="*")
        assert answer.status == 400, (bad, answer.body)
    bob = alice.by(office.bob)
    for method, suffix, body in (
        ("GET", "", None),
        ("PATCH", "", {"enabled": True}),
        ("DELETE", "", None),
        ("POST", "/secret", None),
        ("POST", "/test", None),
        ("GET", "/deliveries", None),
    ):
        (await bob.ask(method, path + suffix, body, {"If-Match": "*"})).refused(404, "not_found")
    (await bob.post("/v3/webhooks", wanted)).refused(404, "not_found")
    (await bob.post(f"/v3/webhook-deliveries/{tested.json['id']}/redeliver")).refused(404, "not_found")
    assert (await chief.delete(path)).status == 204
    (await chief.get(path)).refused(404, "not_found")
