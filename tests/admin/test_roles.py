"""The pages of roles: what each permits, made, changed and deleted."""

from starlette.types import ASGIApp

from ca_core.access import roles
from ca_core.model.permissions import Permission
from gateway.admin.permissions import ACTS, OBJECTS
from tests.access.people import Office
from tests.admin.visitor import Visitor
from tests.orders.workshop import CONSOLE


def test_every_permission_is_in_the_table() -> None:
    """A permission that the table lacks could not be given here, and would be taken away by saving a role."""
    shown = {permission for one in OBJECTS for act in ACTS if (permission := one.permission(act))}
    assert shown == {*Permission}


async def test_a_role_is_made_changed_and_deleted(chief: Visitor, office: Office) -> None:
    """Duties differ from one installation to the next, so roles must."""
    fields: dict[str, str | list[str]] = {"name": "helpdesk", "description": "<i>Looks</i>"}
    ticked = ["ORDER_VIEW", "CERTIFICATE_VIEW"]
    refused = await chief.send("/admin/roles", {**fields, "name": "help desk", "permission": ticked})
    assert refused.status == 400
    assert 'value="ORDER_VIEW" aria-label="ORDER_VIEW" checked' in refused.html
    assert 'value="USER_VIEW" aria-label="USER_VIEW" checked' not in refused.html
    assert "<i>" not in refused.html
    made = await chief.send("/admin/roles", {**fields, "permission": ticked})
    assert made.location == "/admin/roles/helpdesk?notice=role-made"
    assert (await chief.send("/admin/roles", {**fields, "permission": ticked})).status == 409
    changed = await chief.change(
        "/admin/roles/helpdesk", {"description": "", "for_every_client": "yes", "permission": "AUDIT_VIEW"}
    )
    assert changed.location == "/admin/roles/helpdesk?notice=saved"
    kept = await roles.get(office.core, "helpdesk", CONSOLE)
    assert (kept.permissions, kept.for_every_client) == (frozenset({Permission.AUDIT_VIEW}), True)
    assert (await chief.send("/admin/roles/helpdesk/delete", {})).location == "/admin/roles?notice=role-deleted"
    assert (await chief.see("/admin/roles/helpdesk")).status == 404


async def test_a_role_that_somebody_has_stays(chief: Visitor) -> None:
    """Deleting it would take away rights that nobody meant to take."""
    assert (await chief.send("/admin/roles/ra-operator/delete", {})).status == 409
    assert "/admin/roles/ra-operator" in (await chief.see("/admin/roles")).links


async def test_who_may_only_look_sees_the_table_and_no_form(admin: ASGIApp, alice: Visitor, office: Office) -> None:
    """Whoever audits reads what a role permits; whoever may not read roles is not led to them."""
    auditor = await Visitor.of(admin, await office.person("auditor", "auditor", office.client_id))
    page = await auditor.see("/admin/roles/ra-operator")
    assert (page.status, "Revoke" in page.text or "revoke" in page.text) == (200, True)
    assert '<input type="checkbox"' not in page.html
    assert "/admin/roles/-/new" not in (await auditor.see("/admin/roles")).links
    for target in ("/admin/roles", "/admin/roles/ra-operator", "/admin/roles/ra-operator/delete"):
        assert (await auditor.send(target, {"name": "mine", "permission": "AUDIT_VIEW"})).status == 403, target
    assert (await alice.see("/admin/roles")).status == 403
