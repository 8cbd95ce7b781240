"""Structures of CMS that asn1crypto does not have: RFC 5083, 5084 and 5753. Structures only."""

from asn1crypto import cms, core
from asn1crypto.algos import AlgorithmIdentifier


class GcmParameters(core.Sequence):
    """RFC 5084 section 3.2: ``SEQUENCE { aes-nonce OCTET STRING, aes-ICVlen INTEGER DEFAULT 12 }``."""

    _fields = [("nonce", core.OctetString), ("icv_length", core.Integer, {"default": 12})]


class AuthEnvelopedData(core.Sequence):
    """RFC 5083 section 2.1.

    AuthEnvelopedData ::= SEQUENCE {
        version CMSVersion, originatorInfo [0] IMPLICIT OriginatorInfo OPTIONAL, recipientInfos RecipientInfos,
        authEncryptedContentInfo EncryptedContentInfo, authAttrs [1] IMPLICIT AuthAttributes OPTIONAL,
        mac MessageAuthenticationCode, unauthAttrs [2] IMPLICIT UnauthAttributes OPTIONAL }
    """

    _fields = [
        ("version", cms.CMSVersion),
        ("originator_info", cms.OriginatorInfo, {"implicit": 0, "optional": True}),
        ("recipient_infos", cms.RecipientInfos),
        ("encrypted_content_info", cms.EncryptedContentInfo),
        ("auth_attrs", cms.CMSAttributes, {"implicit": 1, "optional": True}),
        ("mac", core.OctetString),
        ("unauth_attrs", cms.CMSAttributes, {"implicit": 2, "optional": True}),
    ]


class SharedInfo(core.Sequence):
    """RFC 5753 section 7.2.

    ECC-CMS-SharedInfo ::= SEQUENCE {
        keyInfo AlgorithmIdentifier, entityUInfo [0] EXPLICIT OCTET STRING OPTIONAL,
        suppPubInfo [2] EXPLICIT OCTET STRING }
    """

    _fields = [
        ("key_info", AlgorithmIdentifier),
        ("entity_u_info", core.OctetString, {"explicit": 0, "optional": True}),
        ("supp_pub_info", core.OctetString, {"explicit": 2}),
    ]
