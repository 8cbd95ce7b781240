"""What is stored as JSON comes back, also as an older program wrote it."""

import pytest

from ca_core.model.products import Policy
from store import codecs
from tests.store.samples import PRODUCT

ADDED_LATER = ("reuse_authorizations", "requested_validity", "publish_ldap")


def test_a_policy_of_an_older_program_is_read() -> None:
    """An order placed before an update could not be issued after it: the version it was placed with must be read."""
    stored = codecs.encode_policy(PRODUCT.policy)
    assert codecs.decode_policy(stored) == PRODUCT.policy
    older = codecs.decode_policy({name: value for name, value in stored.items() if name not in ADDED_LATER})
    assert (older.reuse_authorizations, older.requested_validity, older.publish_ldap) == (False, False, False)
    assert older.profile == PRODUCT.policy.profile


def test_a_policy_of_a_newer_shape_is_refused() -> None:
    """A policy read in part would issue what nobody allowed."""
    with pytest.raises(ValueError, match="version 2"):
        codecs.decode_policy(
            codecs.encode_policy(Policy(public=False, profile=PRODUCT.policy.profile)) | {"version": 2}
        )
