"""Certificate signing requests and certificates in a JSON body: PEM, or the base64 of their DER."""

from typing import Annotated, Final

from pydantic import Field

_EXAMPLE: Final = (
    "-----BEGIN CERTIFICATE REQUEST-----\n"
    "MIHpMIGPAgEAMAAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ3KBScTkjjoy5t\n"
    "O3EpSFMGCR56b/vF9SCEpDbokr+ORh3jtybrsW2QHKiomUoK6qrJ39a+PwJ71jD/\n"
    "i85uy+KtoC0wKwYJKoZIhvcNAQkOMR4wHDAaBgNVHREEEzARgg93d3cuZXhhbXBs\n"
    "ZS5jb20wCgYIKoZIzj0EAwIDSQAwRgIhAM1ViTk5iTvJ2LQ5Let4CgM2TbXu+mhN\n"
    "POXiImi63139AiEAkkC6b87HUaUO0HJ1PsUob2NdY6w/xiZEIOIm90tdVys=\n"
    "-----END CERTIFICATE REQUEST-----\n"
)

Csr = Annotated[
    str,
    Field(
        min_length=1,
        max_length=65536,
        description="The PKCS #10 request in PEM (RFC 7468), or the base64 of its DER.",
        examples=[_EXAMPLE],
    ),
]


Certificate = Annotated[
    str,
    Field(
        min_length=1,
        max_length=65536,
        description="A certificate in PEM (RFC 7468), or the base64 of its DER.",
        examples=["-----BEGIN CERTIFICATE-----\nMIIB...\n-----END CERTIFICATE-----\n"],
    ),
]

_CERTIFICATE: Final = (
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBPjCB5aADAgECAgQfLj1MMAoGCCqGSM49BAMCMBUxEzARBgNVBAMMCkVhcmxp\n"
    "ZXIgQ0EwHhcNMjYwMTAxMDAwMDAwWhcNMzYwMTAxMDAwMDAwWjAaMRgwFgYDVQQD\n"
    "DA93d3cuZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAS0fNnR\n"
    "xRUYKgR0EKtw3MDr2c6G1AfxsQiPNLRavRmn350emPa4zCc32to+oVRfMumM10P5\n"
    "APTBrnk6lEnec7I3ox4wHDAaBgNVHREEEzARgg93d3cuZXhhbXBsZS5jb20wCgYI\n"
    "KoZIzj0EAwIDSAAwRQIhAIHHiDJStcwYno7unJFm33Aw6R/wpjfOJNpdYDXumEzl\n"
    "AiA2BSITiaVKziZit8pX/dyR7OYKrVEpOGM4bNlpqaSWUQ==\n"
    "-----END CERTIFICATE-----\n"
)

Certificates = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1_000_000,
        description="Certificates in PEM (RFC 7468), one after the other.",
        examples=[_CERTIFICATE],
    ),
]
