r"""RFC 8555 (ACME): the clauses that bind the server, by section.

python -m conformance.acme.rfc8555 --directory https://127.0.0.1:8443/acme/directory --ca root.pem \
    --http-port 8056 --dns-control http://127.0.0.1:8055
"""

from conformance.acme.probe.clauses import clauses_of
from conformance.acme.rfc8555 import (
    section_6_2_authentication,
    section_6_3_requests,
    section_6_5_nonces,
    section_6_7_errors,
    section_7_1_resources,
    section_7_3_4_binding,
    section_7_3_5_key_rollover,
    section_7_3_accounts,
    section_7_4_2_certificates,
    section_7_4_orders,
    section_7_5_authorization,
    section_7_6_revocation,
    section_8_challenges,
)

TITLE = "RFC 8555: what binds an ACME server"
CLAUSES = clauses_of(
    (
        section_6_2_authentication,
        section_6_3_requests,
        section_6_5_nonces,
        section_7_1_resources,
        section_7_3_accounts,
        section_7_3_4_binding,
        section_7_3_5_key_rollover,
        section_7_4_orders,
        section_7_4_2_certificates,
        section_7_5_authorization,
        section_7_6_revocation,
        section_8_challenges,
        section_6_7_errors,
    )
)
"""Those of section 6.7 come last, because they look at every problem document of the run."""
