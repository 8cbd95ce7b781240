"""The values of the controls of RFC 10002 section 6 that are more than a string or a number. Structures only."""

from asn1crypto import core, crl, x509
from asn1crypto.algos import AlgorithmIdentifier

from ca_core.certificates.crmf_asn1 import CertTemplate, Extensions
from gateway.cmc.asn1 import Attributes, BodyPartID, BodyPartList, BodyPartPath, BodyPartReferences, TaggedRequest


class AddExtensions(core.Sequence):
    """RFC 10002 section 6.5.2.

    AddExtensions ::= SEQUENCE {
        pkiDataReference BodyPartID, certReferences SEQUENCE OF BodyPartID, extensions SEQUENCE OF Extension }
    """

    _fields = [
        ("pki_data_reference", BodyPartID),
        ("cert_references", BodyPartList),
        ("extensions", Extensions),
    ]


class ModCertTemplate(core.Sequence):
    """RFC 10002 section 6.5.1.

    ModCertTemplate ::= SEQUENCE {
        pkiDataReference BodyPartPath, certReferences BodyPartList, replace BOOLEAN DEFAULT TRUE,
        certTemplate CertTemplate }
    """

    _fields = [
        ("pki_data_reference", BodyPartPath),
        ("cert_references", BodyPartList),
        ("replace", core.Boolean, {"default": True}),
        ("cert_template", CertTemplate),
    ]


class IdentityProofV2(core.Sequence):
    """RFC 10002 section 6.2.1.

    IdentifyProofV2 ::= SEQUENCE {
        proofAlgID AlgorithmIdentifier, macAlgId AlgorithmIdentifier, witness OCTET STRING }
    """

    _fields = [
        ("proof_alg_id", AlgorithmIdentifier),
        ("mac_alg_id", AlgorithmIdentifier),
        ("witness", core.OctetString),
    ]


class PopLinkWitnessV2(core.Sequence):
    """RFC 10002 section 6.3.1.1.

    PopLinkWitnessV2 ::= SEQUENCE {
        keyGenAlgorithm AlgorithmIdentifier, macAlgorithm AlgorithmIdentifier, witness OCTET STRING }
    """

    _fields = [
        ("key_gen_algorithm", AlgorithmIdentifier),
        ("mac_algorithm", AlgorithmIdentifier),
        ("witness", core.OctetString),
    ]


class EncryptedPOP(core.Sequence):
    """RFC 10002 section 6.7.

    EncryptedPOP ::= SEQUENCE {
        request TaggedRequest, cms ContentInfo, thePOPAlgID AlgorithmIdentifier, witnessAlgID AlgorithmIdentifier,
        witness OCTET STRING }
    """

    _fields = [
        ("request", TaggedRequest),
        ("cms", core.Any),
        ("the_pop_alg_id", AlgorithmIdentifier),
        ("witness_alg_id", AlgorithmIdentifier),
        ("witness", core.OctetString),
    ]


class DecryptedPOP(core.Sequence):
    """RFC 10002 section 6.7.

    DecryptedPOP ::= SEQUENCE { bodyPartID BodyPartID, thePOPAlgID AlgorithmIdentifier, thePOP OCTET STRING }
    """

    _fields = [
        ("body_part_id", BodyPartID),
        ("the_pop_alg_id", AlgorithmIdentifier),
        ("the_pop", core.OctetString),
    ]


class LraPopWitness(core.Sequence):
    """RFC 10002 section 6.8.

    LraPopWitness ::= SEQUENCE { pkiDataBodyid BodyPartID, bodyIds SEQUENCE OF BodyPartID }
    """

    _fields = [("pki_data_body_id", BodyPartID), ("body_ids", BodyPartList)]


class IssuerName(core.Choice):
    """RFC 10002 section 6.9, ``GeneralName``, of which a directory name is used.

    Dogtag's client writes a bare Name in its place: both are taken.
    """

    _alternatives = [("directory_name", x509.Name, {"explicit": 4}), ("name", x509.RDNSequence)]


class GetCert(core.Sequence):
    """RFC 10002 section 6.9: ``GetCert ::= SEQUENCE { issuerName GeneralName, serialNumber INTEGER }``."""

    _fields = [("issuer_name", IssuerName), ("serial_number", core.Integer)]


class GetCRL(core.Sequence):
    """RFC 10002 section 6.10.

    GetCRL ::= SEQUENCE {
        issuerName Name, cRLName GeneralName OPTIONAL, time GeneralizedTime OPTIONAL, reasons ReasonFlags OPTIONAL }
    """

    _fields = [
        ("issuer_name", x509.Name),
        ("crl_name", x509.GeneralName, {"optional": True}),
        ("time", core.GeneralizedTime, {"optional": True}),
        ("reasons", core.BitString, {"optional": True}),
    ]


class RevokeRequest(core.Sequence):
    """RFC 10002 section 6.11.

    RevokeRequest ::= SEQUENCE {
        issuerName Name, serialNumber INTEGER, reason CRLReason, invalidityDate GeneralizedTime OPTIONAL,
        passphrase OCTET STRING OPTIONAL, comment UTF8String OPTIONAL }
    """

    _fields = [
        ("issuer_name", x509.Name),
        ("serial_number", core.Integer),
        ("reason", crl.CRLReason),
        ("invalidity_date", core.GeneralizedTime, {"optional": True}),
        ("passphrase", core.OctetString, {"optional": True}),
        ("comment", core.UTF8String, {"optional": True}),
    ]


class CMCCertId(core.Sequence):
    """RFC 10002 section 6.14: ``CMCCertId ::= IssuerAndSerialNumber``."""

    _fields = [("issuer", x509.Name), ("serial_number", core.Integer)]


class _Names(core.SequenceOf):
    _child_spec = x509.RDNSequence


class WrappedCertId(core.Sequence):
    """What Dogtag's client writes for CMCCertId: the issuer in a SEQUENCE of its own."""

    _fields = [("issuers", _Names), ("serial_number", core.Integer)]


class Hashes(core.SequenceOf):
    """RFC 10002 sections 6.15 and 6.18: ``SEQUENCE OF OCTET STRING``."""

    _child_spec = core.OctetString


class TrustAnchors(core.Sequence):
    """RFC 10002 section 6.15 (publishTrustAnchors).

    PublishTrustAnchors ::= SEQUENCE {
        seqNumber INTEGER, hashAlgorithm AlgorithmIdentifier, anchorHashes SEQUENCE OF OCTET STRING }
    """

    _fields = [
        ("seq_number", core.Integer),
        ("hash_algorithm", AlgorithmIdentifier),
        ("anchor_hashes", Hashes),
    ]


class SinglePubInfo(core.Sequence):
    """RFC 4211 section 6.3: ``SinglePubInfo ::= SEQUENCE { pubMethod INTEGER, pubLocation GeneralName OPTIONAL }``."""

    _fields = [("pub_method", core.Integer), ("pub_location", x509.GeneralName, {"optional": True})]


class SinglePubInfos(core.SequenceOf):
    """RFC 4211 section 6.3: ``SEQUENCE SIZE (1..MAX) OF SinglePubInfo``."""

    _child_spec = SinglePubInfo


class PKIPublicationInfo(core.Sequence):
    """RFC 4211 section 6.3.

    PKIPublicationInfo ::= SEQUENCE {
        action INTEGER { dontPublish(0), pleasePublish(1) }, pubInfos SEQUENCE ... OF SinglePubInfo OPTIONAL }
    """

    _fields = [("action", core.Integer), ("pub_infos", SinglePubInfos, {"optional": True})]


class CMCPublicationInfo(core.Sequence):
    """RFC 10002 section 6.18.

    CMCPublicationInfo ::= SEQUENCE {
        hashAlg AlgorithmIdentifier, certHashes SEQUENCE OF OCTET STRING, pubInfo PKIPublicationInfo }
    """

    _fields = [
        ("hash_alg", AlgorithmIdentifier),
        ("cert_hashes", Hashes),
        ("pub_info", PKIPublicationInfo),
    ]


class CmcAddAttributes(core.Sequence):
    """The szOID_CMC_ADD_ATTRIBUTES of Windows (its Certificate Enrollment API, "CMC Attributes").

    CmcAddAttributes ::= SEQUENCE {
        pkiDataReference BodyPartID, certReferences SEQUENCE OF BodyPartID, attributes SET OF Attribute }
    """

    _fields = [
        ("pki_data_reference", BodyPartID),
        ("cert_references", BodyPartList),
        ("attributes", Attributes),
    ]


class ControlsProcessed(core.Sequence):
    """RFC 10002 section 6.19: ``ControlsProcessed ::= SEQUENCE { bodyList SEQUENCE ... OF BodyPartReference }``."""

    _fields = [("body_list", BodyPartReferences)]


class ChangeSubjectName(core.SequenceOf):
    """RFC 10002 section 7.1: ``SEQUENCE { subject Name OPTIONAL, subjectAlt [1] GeneralNames OPTIONAL }``.

    RFC 6402 section 2.8 had no tag there; whoever reads the members tells them apart.
    """

    _child_spec = core.Any
