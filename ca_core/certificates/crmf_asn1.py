"""The structures of the Certificate Request Message Format, RFC 4211; tags are explicit where they hold a CHOICE.

Names, keys and extension values stay as they were sent, since what they say is read by one parser only.
"""

from asn1crypto import cms, core, x509
from asn1crypto.algos import AlgorithmIdentifier


class AttributeTypeAndValue(core.Sequence):
    """RFC 4211 section 6 (from RFC 5280).

    AttributeTypeAndValue ::= SEQUENCE { type OBJECT IDENTIFIER, value ANY DEFINED BY type }
    """

    _fields = [("type", core.ObjectIdentifier), ("value", core.Any)]


class Controls(core.SequenceOf):
    """RFC 4211 section 6: ``Controls ::= SEQUENCE SIZE(1..MAX) OF AttributeTypeAndValue``."""

    _child_spec = AttributeTypeAndValue


class Extension(core.Sequence):
    """RFC 5280 section 4.1, its value not looked into.

    Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
    """

    _fields = [
        ("extn_id", core.ObjectIdentifier),
        ("critical", core.Boolean, {"default": False}),
        ("extn_value", core.OctetString),
    ]


class Extensions(core.SequenceOf):
    """RFC 5280 section 4.1: ``Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension``."""

    _child_spec = Extension


class SubjectPublicKeyInfo(core.Sequence):
    """RFC 5280 section 4.1.

    SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }
    """

    _fields = [("algorithm", AlgorithmIdentifier), ("subject_public_key", core.BitString)]


class OptionalValidity(core.Sequence):
    """RFC 4211 section 5.

    OptionalValidity ::= SEQUENCE { notBefore [0] Time OPTIONAL, notAfter [1] Time OPTIONAL }
    """

    _fields = [
        ("not_before", x509.Time, {"explicit": 0, "optional": True}),
        ("not_after", x509.Time, {"explicit": 1, "optional": True}),
    ]


class CertTemplate(core.Sequence):
    """RFC 4211 section 5.

    CertTemplate ::= SEQUENCE {
        version [0] Version OPTIONAL, serialNumber [1] INTEGER OPTIONAL, signingAlg [2] AlgorithmIdentifier OPTIONAL,
        issuer [3] Name OPTIONAL, validity [4] OptionalValidity OPTIONAL, subject [5] Name OPTIONAL,
        publicKey [6] SubjectPublicKeyInfo OPTIONAL, issuerUID [7] UniqueIdentifier OPTIONAL,
        subjectUID [8] UniqueIdentifier OPTIONAL, extensions [9] Extensions OPTIONAL }
    """

    _fields = [
        ("version", core.Integer, {"implicit": 0, "optional": True}),
        ("serial_number", core.Integer, {"implicit": 1, "optional": True}),
        ("signing_alg", AlgorithmIdentifier, {"implicit": 2, "optional": True}),
        ("issuer", x509.Name, {"explicit": 3, "optional": True}),
        ("validity", OptionalValidity, {"implicit": 4, "optional": True}),
        ("subject", x509.Name, {"explicit": 5, "optional": True}),
        ("public_key", SubjectPublicKeyInfo, {"implicit": 6, "optional": True}),
        ("issuer_uid", core.BitString, {"implicit": 7, "optional": True}),
        ("subject_uid", core.BitString, {"implicit": 8, "optional": True}),
        ("extensions", Extensions, {"implicit": 9, "optional": True}),
    ]


class CertRequest(core.Sequence):
    """RFC 4211 section 5.

    CertRequest ::= SEQUENCE { certReqId INTEGER, certTemplate CertTemplate, controls Controls OPTIONAL }
    """

    _fields = [
        ("cert_req_id", core.Integer),
        ("cert_template", CertTemplate),
        ("controls", Controls, {"optional": True}),
    ]


class PKMACValue(core.Sequence):
    """RFC 4211 section 4.4: ``PKMACValue ::= SEQUENCE { algId AlgorithmIdentifier, value BIT STRING }``."""

    _fields = [("alg_id", AlgorithmIdentifier), ("value", core.BitString)]


class POPOSigningKeyAuthInfo(core.Choice):
    """RFC 4211 section 4.1: ``CHOICE { sender [0] GeneralName, publicKeyMAC PKMACValue }``."""

    _alternatives = [("sender", x509.GeneralName, {"explicit": 0}), ("public_key_mac", PKMACValue)]


class POPOSigningKeyInput(core.Sequence):
    """RFC 4211 section 4.1.

    POPOSigningKeyInput ::= SEQUENCE { authInfo CHOICE { ... }, publicKey SubjectPublicKeyInfo }
    """

    _fields = [("auth_info", POPOSigningKeyAuthInfo), ("public_key", SubjectPublicKeyInfo)]


class POPOSigningKey(core.Sequence):
    """RFC 4211 section 4.1.

    POPOSigningKey ::= SEQUENCE {
        poposkInput [0] POPOSigningKeyInput OPTIONAL, algorithmIdentifier AlgorithmIdentifier, signature BIT STRING }
    """

    _fields = [
        ("poposk_input", POPOSigningKeyInput, {"implicit": 0, "optional": True}),
        ("algorithm_identifier", AlgorithmIdentifier),
        ("signature", core.OctetBitString),
    ]


class POPOPrivKey(core.Choice):
    """RFC 4211 section 4.2.

    POPOPrivKey ::= CHOICE {
        thisMessage [0] BIT STRING, subsequentMessage [1] SubsequentMessage, dhMAC [2] BIT STRING,
        agreeMAC [3] PKMACValue, encryptedKey [4] EnvelopedData }
    """

    _alternatives = [
        ("this_message", core.BitString, {"implicit": 0}),
        ("subsequent_message", core.Integer, {"implicit": 1}),
        ("dh_mac", core.BitString, {"implicit": 2}),
        ("agree_mac", PKMACValue, {"implicit": 3}),
        ("encrypted_key", cms.EnvelopedData, {"implicit": 4}),
    ]


class ProofOfPossession(core.Choice):
    """RFC 4211 section 4.

    ProofOfPossession ::= CHOICE {
        raVerified [0] NULL, signature [1] POPOSigningKey, keyEncipherment [2] POPOPrivKey,
        keyAgreement [3] POPOPrivKey }
    """

    _alternatives = [
        ("ra_verified", core.Null, {"implicit": 0}),
        ("signature", POPOSigningKey, {"implicit": 1}),
        ("key_encipherment", POPOPrivKey, {"explicit": 2}),
        ("key_agreement", POPOPrivKey, {"explicit": 3}),
    ]


class CertReqMsg(core.Sequence):
    """RFC 4211 section 3.

    CertReqMsg ::= SEQUENCE {
        certReq CertRequest, popo ProofOfPossession OPTIONAL,
        regInfo SEQUENCE SIZE(1..MAX) OF AttributeTypeAndValue OPTIONAL }
    """

    _fields = [
        ("cert_req", CertRequest),
        ("popo", ProofOfPossession, {"optional": True}),
        ("reg_info", Controls, {"optional": True}),
    ]
