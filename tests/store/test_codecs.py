"""What is stored as JSON comes back, also as an older program wrote it."""

from dataclasses import replace

import pytest

from ca_core.model.clients import ClientSettings
from ca_core.model.products import ApprovalPolicy, Policy
from store import codecs
from tests.store.samples import PRODUCT

ADDED_LATER = (
    "reuse_authorizations",
    "requested_validity",
    "publish_ldap",
    "renewal_notice",
    "fields",
    "dns_owner_rule",
    "approval",
)


def test_a_policy_of_an_older_program_is_read() -> None:
    """An order placed before an update could not be issued after it: the version it was placed with must be read."""
    stored = codecs.encode_policy(PRODUCT.policy)
    assert codecs.decode_policy(stored) == PRODUCT.policy
    kept = {name: value for name, value in stored.items() if name not in ADDED_LATER}
    kept["keys"] = {name: kept["keys"][name] for name in ("rsa_bits", "curves")}
    older = codecs.decode_policy(kept)
    assert (older.reuse_authorizations, older.requested_validity, older.publish_ldap) == (False, False, False)
    assert older.renewal_notice == 30 * 86400
    assert (older.fields, older.approval) == ((), ApprovalPolicy())
    assert older.dns_owner_rule, "control of names must be shown, whatever the row does not say"
    assert older.keys == replace(PRODUCT.policy.keys, key_type=None)
    assert older.profile == PRODUCT.policy.profile


def test_a_client_of_an_older_program_has_cmc_off() -> None:
    """A road that an update opens by itself is open without anybody having decided it."""
    assert codecs.decode_settings({"version": 1, "plain_get": False, "require_eab": True}) == ClientSettings(
        require_eab=True
    )


def test_a_policy_of_a_newer_shape_is_refused() -> None:
    """A policy read in part would issue what nobody allowed."""
    with pytest.raises(ValueError, match="version 2"):
        codecs.decode_policy(
            codecs.encode_policy(Policy(public=False, profile=PRODUCT.policy.profile)) | {"version": 2}
        )
