"""What the operator sees of an order at the console."""

import json
from typing import Any

from tests.running_gateway import RunningGateway


def orders_for(gateway: RunningGateway, name: str) -> list[dict[str, Any]]:
    """Return what `trivium order list` says about the orders for a name, newest first."""
    found: list[dict[str, Any]] = json.loads(gateway.trivium("order", "list", "--identifier", name, "--json"))
    return found


def newest_order(gateway: RunningGateway, name: str) -> dict[str, Any]:
    """Return what `trivium order show` says about the newest order for a name: order, authorizations, jobs."""
    shown: dict[str, Any] = json.loads(gateway.trivium("order", "show", orders_for(gateway, name)[0]["id"], "--json"))
    return shown


def validated_methods(shown: dict[str, Any]) -> set[str]:
    """Return the methods by which control of the order's names was shown."""
    challenges = [challenge for item in shown["authorizations"] for challenge in item["challenges"]]
    return {challenge["method"] for challenge in challenges if challenge["status"] == "valid"}
