"""What a registration document is, told by its content alone: neither its name nor its sender is believed.

A document has to begin and end as its format says, with nothing before or behind it, so that a file that is one thing
to us and another to a browser does not pass. What is between is not decoded: a viewer's parser is a viewer's risk.
"""

import re
import zlib
from collections.abc import Callable
from typing import Final

from ca_core.model.annotations import DocumentType

_PDF_HEADER: Final = re.compile(rb"%PDF-(1\.[0-7]|2\.0)[\r\n \t%]")
_PDF_END: Final = re.compile(rb"startxref[\r\n \t]+[0-9]{1,12}[\r\n \t]+%%EOF[\r\n \t]*\Z")
_PDF_TAIL: Final = 1024
"""ISO 32000-1 appendix H: readers look for the end of the file in its last 1024 bytes."""

_JPEG_START: Final = b"\xff\xd8\xff"
_JPEG_END: Final = b"\xff\xd9"

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PNG_LENGTH: Final = 4
_PNG_TYPE: Final = 4
_PNG_CRC: Final = 4
_PNG_MOST_CHUNKS: Final = 20_000


def document_type(content: bytes) -> DocumentType | None:
    """Return what the document is; None when it is none of them, or broken off, or carries something behind it."""
    return next((kind for kind, is_one in _KINDS.items() if is_one(content)), None)


def _is_pdf(content: bytes) -> bool:
    """ISO 32000-1 section 7.5: a header in the first line, and the cross-reference table's place at the end."""
    return _PDF_HEADER.match(content) is not None and _PDF_END.search(content[-_PDF_TAIL:]) is not None


def _is_jpeg(content: bytes) -> bool:
    """ITU-T T.81 annex B: start of image and a marker, end of image."""
    return content.startswith(_JPEG_START) and content.endswith(_JPEG_END)


def _is_png(content: bytes) -> bool:
    """PNG (third edition) section 5: the signature, then chunks with good checksums from IHDR to IEND."""
    if not content.startswith(_PNG_SIGNATURE):
        return False
    position, expected = len(_PNG_SIGNATURE), b"IHDR"
    for _ in range(_PNG_MOST_CHUNKS):
        length = int.from_bytes(content[position : position + _PNG_LENGTH])
        start = position + _PNG_LENGTH
        end = start + _PNG_TYPE + length
        kind = content[start : start + _PNG_TYPE]
        checksum = content[end : end + _PNG_CRC]
        if len(checksum) < _PNG_CRC or zlib.crc32(content[start:end]) != int.from_bytes(checksum):
            return False
        if expected and kind != expected:
            return False
        position, expected = end + _PNG_CRC, b""
        if kind == b"IEND":
            return position == len(content)
    return False


_KINDS: Final[dict[DocumentType, Callable[[bytes], bool]]] = {
    DocumentType.PDF: _is_pdf,
    DocumentType.JPEG: _is_jpeg,
    DocumentType.PNG: _is_png,
}
