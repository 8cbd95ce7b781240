"""certbot renews when ACME Renewal Information says so, and orders by profile."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.end_to_end.certbot import RELEASES, Certbot
from tests.end_to_end.orders import newest_order
from tests.end_to_end.relying_party import certificate_of
from tests.running_gateway import RunningGateway

THREE_DAYS_ON = ("faketime", "-f", "+3d")


@pytest.fixture
def current(gateway: RunningGateway, tmp_path: Path) -> Certbot:
    """Give the certbot that knows both; Debian's knows neither."""
    return Certbot(release=RELEASES["current"], gateway=gateway, directory=tmp_path / "certbot")


def test_certbot_renews_before_a_planned_revocation(
    current: Certbot, gateway: RunningGateway, new_name: Callable[[], str]
) -> None:
    """A subscriber would find its certificate revoked one morning (RFC 9773 section 4.2)."""
    names = [new_name(), new_name()]
    serials = [certificate_of(current.obtain(name).certificate).serial_number for name in names]
    certificate_id = newest_order(gateway, names[0])["order"]["certificate_id"]
    at = (datetime.now(UTC) + timedelta(days=4)).isoformat(timespec="seconds")
    plan = ("plan-revocation", certificate_id, "--at", at, "--reason", "superseded")
    planned = json.loads(gateway.trivium("certificate", *plan, "--json"))
    assert datetime.fromisoformat(planned["renewal_until"]) < datetime.now(UTC) + timedelta(days=2)

    replace(current, under=THREE_DAYS_ON).run("renew", *current.standalone, "--no-random-sleep-on-renew")
    renewed, kept = (certificate_of(current.lineage(name).certificate).serial_number for name in names)
    assert renewed != serials[0]
    assert kept == serials[1]


def test_certbot_is_not_told_to_renew_once_the_plan_is_withdrawn(
    current: Certbot, gateway: RunningGateway, new_name: Callable[[], str]
) -> None:
    """Subscribers would renew for nothing, or an operator could not take a wrong plan back."""
    name = new_name()
    serial = certificate_of(current.obtain(name).certificate).serial_number
    certificate_id = newest_order(gateway, name)["order"]["certificate_id"]
    at = (datetime.now(UTC) + timedelta(days=4)).isoformat(timespec="seconds")
    gateway.trivium("certificate", "plan-revocation", certificate_id, "--at", at, "--reason", "superseded")
    gateway.trivium("certificate", "withdraw-revocation", certificate_id)
    replace(current, under=THREE_DAYS_ON).run("renew", *current.standalone, "--no-random-sleep-on-renew")
    assert certificate_of(current.lineage(name).certificate).serial_number == serial


def test_certbot_orders_by_profile(current: Certbot, gateway: RunningGateway, new_name: Callable[[], str]) -> None:
    """Users could not choose a product with the client they have (draft-ietf-acme-profiles-00)."""
    first, second, third = new_name(), new_name(), new_name()
    current.obtain(first, options=("--required-profile", "tls"))
    assert newest_order(gateway, first)["order"]["product_name"] == "tls"
    current.obtain(second, options=("--preferred-profile", "there-is-none"))
    assert newest_order(gateway, second)["order"]["product_name"] == "tls"
    refusal = current.refused_certificate(third, options=("--required-profile", "there-is-none"))
    assert "choose one of: tls" in refusal
