"""Ids on the wire: a prefix that says what it is the id of, and a UUID."""

from typing import Annotated, Any

from pydantic import Field


def _id(prefix: str, of: str, *, other: str = "") -> Any:
    return Field(
        pattern=f"^{f'({prefix}|{other})' if other else prefix}-[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$",
        examples=[f"{prefix}-0193a6f0-7b9c-7d3e-8f10-2b4c6d8e0a12"],
        description=f"The id of the {of}.",
    )


ClientId = Annotated[str, _id("cli", "Client")]
ProductId = Annotated[str, _id("pma", "product")]
OrderId = Annotated[str, _id("ord", "order")]
JobId = Annotated[str, _id("job", "job")]
CertificateId = Annotated[str, _id("crt", "certificate")]
ExternalCertificateId = Annotated[str, _id("ext", "external certificate")]
IssuerId = Annotated[str, _id("iss", "issuer")]
DomainId = Annotated[str, _id("cld", "pre-validated domain")]
AccountId = Annotated[str, _id("acc", "ACME account")]
ChallengeId = Annotated[str, _id("chl", "challenge")]
AuthorizationId = Annotated[str, _id("azn", "authorization")]
ExternalAccountKeyId = Annotated[str, _id("eab", "external account key")]
CmcClientId = Annotated[str, _id("cmc", "CMC client")]
UserId = Annotated[str, _id("usr", "user")]
ApiKeyId = Annotated[str, _id("key", "API key")]
CommentId = Annotated[str, _id("cmt", "comment")]
DocumentId = Annotated[str, _id("doc", "registration document")]
WebhookId = Annotated[str, _id("whk", "webhook")]
AuditRecordId = Annotated[str, _id("aud", "audit record", other="err")]
