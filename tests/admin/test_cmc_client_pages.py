"""The pages of CMC clients: registered with a CSR, changed, disabled and enabled."""

import re

import pytest

from ca_core.access import cmc_clients
from ca_core.model.cmc_clients import CmcRight
from ca_core.model.errors import TriviumError
from ca_core.model.products import Road
from ca_core.orders.cmc_expiry import end_of
from tests.access.people import Office
from tests.admin.visitor import Shown, Visitor
from tests.orders.workshop import CONSOLE
from tests.rest.shop import Shop, pem_request


async def test_a_cmc_client_from_its_registration_to_its_end(office: Office, shop: Shop, chief: Visitor) -> None:
    """A mail gateway is set up from this page alone: what it shows must be enough, and what it does must count."""
    assert Road.CMC in shop.product.roads
    assert "There is no CMC client" in (await chief.see("/admin/cmc-clients")).text
    form: dict[str, str | list[str]] = {
        "name": "mail",
        "client": office.client_id,
        "product": shop.product.id,
        "right": ["issue", "query"],
        "networks": "192.0.2.0/24 2001:db8::/32",
        "csr": pem_request(common_name="mail"),
    }
    made = await chief.send("/admin/cmc-clients", form)
    assert made.status == 201, made.text
    assert made.text.count("-----BEGIN CERTIFICATE-----") == 2
    assert "https://ra.example.com/cmc" in made.text
    assert "openssl cms -sign" in made.text
    known = await cmc_clients.get(office.core, "mail", CONSOLE)
    assert known.rights == {CmcRight.ISSUE, CmcRight.QUERY}
    assert known.networks == ("192.0.2.0/24", "2001:db8::/32")
    listed = await chief.see("/admin/cmc-clients")
    end = end_of(known)
    assert end is not None
    for text in ("mail", "active", "issue, query", shop.product.name, f"{end:%Y-%m-%d}"):
        assert text in listed.text, text
    assert "allowed" not in listed.text
    page = await chief.see("/admin/cmc-clients/mail")
    assert known.id in page.text
    change: dict[str, str | list[str]] = {"product": shop.product.id, "right": ["issue"], "sha1": "yes"}
    assert (await chief.change("/admin/cmc-clients/mail", change)).location == "/admin/cmc-clients/mail?notice=saved"
    assert (await chief.send("/admin/cmc-clients/mail/disable", {})).status == 303
    known = await cmc_clients.get(office.core, "mail", CONSOLE)
    assert known.rights == {CmcRight.ISSUE}
    assert (known.sha1, known.disabled, known.networks) == (True, True, ())
    listed = await chief.see("/admin/cmc-clients")
    assert ("allowed" in listed.text, "disabled" in listed.text) == (True, True)
    assert (await chief.send("/admin/cmc-clients/mail/enable", {})).status == 303
    assert not (await cmc_clients.get(office.core, "mail", CONSOLE)).disabled


async def test_a_secret_is_shared_and_shown_once(office: Office, shop: Shop, chief: Visitor) -> None:
    """A client without a certificate proves itself by what this page shows; read again, somebody else would be it."""
    form = {"name": "mail", "client": office.client_id, "product": shop.product.id, "right": "issue"}
    neither = await chief.send("/admin/cmc-clients", form)
    assert (neither.status, "a certificate or a secret" in neither.text) == (400, True)
    path = "/admin/cmc-clients/mail"
    first = secret_on(await chief.send("/admin/cmc-clients", {**form, "secret": "yes"}))
    assert await shared(office) == first
    second = secret_on(await chief.send(f"{path}/secret", {}))
    assert second != first
    assert await shared(office) == second
    for page in (await chief.see("/admin/cmc-clients"), await chief.see(path)):
        assert not {first, second} & {*page.text.split()}
    alone = await chief.send(f"{path}/secret/end", {})
    assert (alone.status, "needs its secret" in alone.text) == (400, True)
    change = {"product": shop.product.id, "right": "issue", "csr": pem_request(common_name="mail")}
    assert "BEGIN CERTIFICATE" in (await chief.change(path, change)).text
    assert (await chief.send(f"{path}/secret/end", {})).location == f"{path}?notice=saved"
    assert f"{path}/secret/end" not in (await chief.see(path)).links
    with pytest.raises(TriviumError, match="No secret is shared"):
        await shared(office)


async def test_a_registration_that_is_refused_keeps_what_was_typed(office: Office, shop: Shop, chief: Visitor) -> None:
    """Nobody types a form twice because of one wrong field."""
    form = {"name": "mail", "client": office.client_id, "product": shop.product.id, "right": "issue", "csr": "no CSR"}
    refused = await chief.send("/admin/cmc-clients", form)
    assert refused.status == 400
    assert "neither PEM nor base64" in refused.text
    assert "no CSR" in refused.text
    assert 'value="mail"' in refused.html


async def test_another_client_s_cmc_clients_are_not_there(
    office: Office, shop: Shop, chief: Visitor, bob: Visitor
) -> None:
    """Abuse 46: a name that was overheard must open nothing."""
    form = {"name": "mail", "client": office.client_id, "product": shop.product.id, "right": "issue"}
    made = await chief.send("/admin/cmc-clients", {**form, "csr": pem_request(common_name="mail")})
    assert made.status == 201, made.text
    assert (await bob.see("/admin/cmc-clients/mail")).status == 404
    for act in ("", "/disable", "/enable", "/secret", "/secret/end"):
        assert (await bob.send(f"/admin/cmc-clients/mail{act}", {"right": "issue"})).status == 404


def secret_on(page: Shown) -> str:
    """Return the secret that a page shows, of 160 bits in base32."""
    assert page.status == 201, page.text
    [secret] = re.findall(r">([A-Z2-7]{32})<", page.html)
    return str(secret)


async def shared(office: Office) -> str:
    """Return the secret that is shared with the CMC client."""
    return (await cmc_clients.by_identification(office.core, "mail"))[1].decode()
