"""The messages of CMC, RFC 10002 sections 3 to 5; the module's tags are implicit. Structures only.

PKCS #10 requests, CMS objects and the values of controls stay as they were sent: each has its own reader.
"""

from asn1crypto import core

from ca_core.certificates.crmf_asn1 import CertReqMsg

MAX_BODY_PART_ID = 4294967295


class BodyPartID(core.Integer):
    """RFC 10002 section 3.2.1: ``BodyPartID ::= INTEGER(0..4294967295)``; any other is a ValueError when it is read."""

    @property
    def native(self) -> int:
        """The number."""
        number: int = super().native
        if not 0 <= number <= MAX_BODY_PART_ID:
            raise ValueError("A body part id is out of its range.")
        return number


class AttributeValues(core.SetOf):
    """RFC 10002 section 3.2.1.1: ``SET OF AttributeValue``, where ``AttributeValue ::= ANY``."""

    _child_spec = core.Any


class TaggedAttribute(core.Sequence):
    """RFC 10002 section 3.2.1.1.

    TaggedAttribute ::= SEQUENCE {
        bodyPartID BodyPartID, attrType OBJECT IDENTIFIER, attrValues SET OF AttributeValue }
    """

    _fields = [
        ("body_part_id", BodyPartID),
        ("attr_type", core.ObjectIdentifier),
        ("attr_values", AttributeValues),
    ]


class ControlSequence(core.SequenceOf):
    """RFC 10002 section 3.2.1: ``SEQUENCE SIZE(0..MAX) OF TaggedAttribute``."""

    _child_spec = TaggedAttribute


class TaggedCertificationRequest(core.Sequence):
    """RFC 10002 section 3.2.1.2.1.

    TaggedCertificationRequest ::= SEQUENCE {
        bodyPartID BodyPartID, certificationRequest CertificationRequest }
    """

    _fields = [("body_part_id", BodyPartID), ("certification_request", core.Any)]


class Attribute(core.Sequence):
    """RFC 2986 section 4: ``Attribute ::= SEQUENCE { type OBJECT IDENTIFIER, values SET OF ANY }``."""

    _fields = [("type", core.ObjectIdentifier), ("values", AttributeValues)]


class Attributes(core.SetOf):
    """RFC 2986 section 4.1: ``Attributes ::= SET OF Attribute``."""

    _child_spec = Attribute


class OtherRequestMessage(core.Sequence):
    """RFC 10002 section 3.2.1.2.3.

    SEQUENCE { bodyPartID BodyPartID, requestMessageType OBJECT IDENTIFIER,
               requestMessageValue ANY DEFINED BY requestMessageType }
    """

    _fields = [
        ("body_part_id", BodyPartID),
        ("request_message_type", core.ObjectIdentifier),
        ("request_message_value", core.Any),
    ]


class TaggedRequest(core.Choice):
    """RFC 10002 section 3.2.1.2.

    TaggedRequest ::= CHOICE {
        tcr [0] TaggedCertificationRequest, crm [1] CertReqMsg, orm [2] SEQUENCE { ... } }
    """

    _alternatives = [
        ("tcr", TaggedCertificationRequest, {"implicit": 0}),
        ("crm", CertReqMsg, {"implicit": 1}),
        ("orm", OtherRequestMessage, {"implicit": 2}),
    ]


class ReqSequence(core.SequenceOf):
    """RFC 10002 section 3.2.1: ``SEQUENCE SIZE(0..MAX) OF TaggedRequest``."""

    _child_spec = TaggedRequest


class TaggedContentInfo(core.Sequence):
    """RFC 10002 section 3.2.1.3: ``SEQUENCE { bodyPartID BodyPartID, contentInfo ContentInfo }``."""

    _fields = [("body_part_id", BodyPartID), ("content_info", core.Any)]


class CmsSequence(core.SequenceOf):
    """RFC 10002 section 3.2.1: ``SEQUENCE SIZE(0..MAX) OF TaggedContentInfo``."""

    _child_spec = TaggedContentInfo


class OtherMsg(core.Sequence):
    """RFC 10002 section 3.2.1.4.

    OtherMsg ::= SEQUENCE {
        bodyPartID BodyPartID, otherMsgType OBJECT IDENTIFIER, otherMsgValue ANY DEFINED BY otherMsgType }
    """

    _fields = [
        ("body_part_id", BodyPartID),
        ("other_msg_type", core.ObjectIdentifier),
        ("other_msg_value", core.Any),
    ]


class OtherMsgSequence(core.SequenceOf):
    """RFC 10002 section 3.2.1: ``SEQUENCE SIZE(0..MAX) OF OtherMsg``."""

    _child_spec = OtherMsg


class PKIData(core.Sequence):
    """RFC 10002 section 3.2.1.

    PKIData ::= SEQUENCE {
        controlSequence SEQUENCE SIZE(0..MAX) OF TaggedAttribute, reqSequence SEQUENCE SIZE(0..MAX) OF TaggedRequest,
        cmsSequence SEQUENCE SIZE(0..MAX) OF TaggedContentInfo, otherMsgSequence SEQUENCE SIZE(0..MAX) OF OtherMsg }
    """

    _fields = [
        ("control_sequence", ControlSequence),
        ("req_sequence", ReqSequence),
        ("cms_sequence", CmsSequence),
        ("other_msg_sequence", OtherMsgSequence),
    ]


class PKIResponse(core.Sequence):
    """RFC 10002 section 4.2.1.

    PKIResponse ::= SEQUENCE {
        controlSequence SEQUENCE SIZE(0..MAX) OF TaggedAttribute, cmsSequence SEQUENCE SIZE(0..MAX) OF
        TaggedContentInfo, otherMsgSequence SEQUENCE SIZE(0..MAX) OF OtherMsg }
    """

    _fields = [
        ("control_sequence", ControlSequence),
        ("cms_sequence", CmsSequence),
        ("other_msg_sequence", OtherMsgSequence),
    ]


class BodyPartPath(core.SequenceOf):
    """RFC 10002 section 3.2.2: ``BodyPartPath ::= SEQUENCE SIZE (1..MAX) OF BodyPartID``."""

    _child_spec = BodyPartID


class BodyPartReference(core.Choice):
    """RFC 10002 section 6.1.1: ``CHOICE { bodyPartID BodyPartID, bodyPartPath BodyPartPath }``."""

    _alternatives = [("body_part_id", BodyPartID), ("body_part_path", BodyPartPath)]


class BodyPartReferences(core.SequenceOf):
    """RFC 10002 section 6.1.1: ``SEQUENCE SIZE (1..MAX) OF BodyPartReference``."""

    _child_spec = BodyPartReference


class BodyPartList(core.SequenceOf):
    """RFC 10002 section 3.2.2: ``BodyPartList ::= SEQUENCE SIZE (1..MAX) OF BodyPartID``."""

    _child_spec = BodyPartID


class PendInfo(core.Sequence):
    """RFC 10002 section 6.1.1: ``PendInfo ::= SEQUENCE { pendToken OCTET STRING, pendTime GeneralizedTime }``."""

    _fields = [("pend_token", core.OctetString), ("pend_time", core.GeneralizedTime)]


class ExtendedFailInfo(core.Sequence):
    """RFC 10002 section 6.1.1.

    ExtendedFailInfo ::= SEQUENCE { failInfoOID OBJECT IDENTIFIER, failInfoValue ANY DEFINED BY failInfoOID }
    """

    _fields = [("fail_info_oid", core.ObjectIdentifier), ("fail_info_value", core.Any)]


class StatusInfo(core.Choice):
    """RFC 10002 section 6.1.1.

    CHOICE { failInfo CMCFailInfo, pendInfo PendInfo, extendedFailInfo [1] ExtendedFailInfo }
    """

    _alternatives = [
        ("fail_info", core.Integer),
        ("pend_info", PendInfo),
        ("extended_fail_info", ExtendedFailInfo, {"implicit": 1}),
    ]


class CMCStatusInfoV2(core.Sequence):
    """RFC 10002 section 6.1.1.

    CMCStatusInfoV2 ::= SEQUENCE {
        cMCStatus CMCStatus, bodyList SEQUENCE SIZE (1..MAX) OF BodyPartReference,
        statusString UTF8String OPTIONAL, statusInfo CHOICE { ... } OPTIONAL }
    """

    _fields = [
        ("cmc_status", core.Integer),
        ("body_list", BodyPartReferences),
        ("status_string", core.UTF8String, {"optional": True}),
        ("status_info", StatusInfo, {"optional": True}),
    ]


class OtherInfo(core.Choice):
    """RFC 10002 section 6.1.2: ``CHOICE { failInfo CMCFailInfo, pendInfo PendInfo }``."""

    _alternatives = [("fail_info", core.Integer), ("pend_info", PendInfo)]


class CMCStatusInfo(core.Sequence):
    """RFC 10002 section 6.1.2, what clients of RFC 2797 know.

    CMCStatusInfo ::= SEQUENCE {
        cMCStatus CMCStatus, bodyList BodyPartList, statusString UTF8String OPTIONAL,
        otherInfo CHOICE { ... } OPTIONAL }
    """

    _fields = [
        ("cmc_status", core.Integer),
        ("body_list", BodyPartList),
        ("status_string", core.UTF8String, {"optional": True}),
        ("other_info", OtherInfo, {"optional": True}),
    ]
