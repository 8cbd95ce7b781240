"""Makes bad input from good: bytes, JSON, base64 and DER, each with the structure left whole or broken on purpose."""

import base64
from dataclasses import dataclass, replace
from random import Random
from typing import Any

STRANGE_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**64, 10**19, 1.5, 1e308, "", " ", "\x7f", "é", "\u202e", "\ud83d\ude00"),
    *("a" * 300, "a" * 9000, "=", "====", "AAAA", "A", "-_", "../../etc/passwd", "%00", "' OR 1=1 --", "\r\nX: y"),
    *("http://[::1", "https://localhost/acme/account/1", "urn:x", "2030-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"),
    *("mailto:", "mailto:a@b?cc=x", "*.", "*.*.x.test", "xn--", "xn--a", "1.2.3.4", "::1", "0x7f.1", "a..b", "\u3002"),
    *([], {}, [[]], [None], [{}], {"": ""}, {"type": "dns"}, {"type": "ip", "value": "::ffff:1.2.3.4"}),
    *([{"type": "dns", "value": "a.test"}] * 101, [[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]),
)
"""Values of every JSON type that some parser was once not ready for."""

STRANGE_BYTES = (
    *(b"", b"\x00", b"\xff", b"\x00" * 40, b"\xff" * 40, b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xef\xbb\xbf"),
    *(b'"', b"\\", b"\\u0000", b"\\ud800", b"{", b"}", b"[" * 2000, b"1e999", b"-0", b"NaN", b"9" * 500, b"\r\n\r\n"),
    *(b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x06\x01\x80", b"\x02\x00", b"\x05\x01\x00", b"\x00\x00"),
)


def mutated_bytes(data: bytes, chance: Random) -> bytes:
    """Change a few places of ``data``: bits, bytes, pieces left out, repeated, put in, or the end cut off."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        at, length = chance.randrange(len(changed) + 1), chance.randrange(1, 33)
        kind = chance.randrange(7)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and at < len(changed):
            changed[at] = chance.randrange(256)
        elif kind == 2:
            del changed[at : at + length]
        elif kind == 3:
            changed[at:at] = changed[at : at + length] * chance.choice((1, 2, 100))
        elif kind == 4:
            changed[at:at] = chance.choice(STRANGE_BYTES)
        elif kind == 5:
            changed[at : at + length] = chance.choice(STRANGE_BYTES)
        elif chance.random() < 0.2:
            del changed[at:]
    return bytes(changed)


def mutated_json(value: Any, chance: Random) -> Any:
    """Replace, remove, add or repeat one part of a JSON value."""
    if not value or chance.random() < 0.15:
        return chance.choice(STRANGE_VALUES)
    if isinstance(value, dict):
        return _mutated_object(value, chance)
    if isinstance(value, list):
        at = chance.randrange(len(value))
        if chance.random() < 0.2:
            return value * chance.choice((0, 2, 101))
        return [*value[:at], mutated_json(value[at], chance), *value[at + 1 :]]
    if isinstance(value, str) and chance.random() < 0.6:
        return mutated_bytes(value.encode("utf-8", "surrogatepass"), chance).decode(
            chance.choice(("latin-1", "utf-8")), "replace"
        )
    return chance.choice(STRANGE_VALUES)


def _mutated_object(value: dict[str, Any], chance: Random) -> dict[str, Any]:
    name = chance.choice(sorted(value))
    kind = chance.randrange(6)
    if kind == 0:
        return {key: item for key, item in value.items() if key != name}
    if kind == 1:
        return value | {chance.choice(("", "crit", "b64", "zip", "signatures", name.upper())): value[name]}
    return value | {name: mutated_json(value[name], chance)}


def mutated_base64url(data: bytes, chance: Random) -> str:
    """Write bytes in a base64url that is not quite one."""
    text = base64.urlsafe_b64encode(data).decode()
    kind = chance.randrange(6)
    if kind == 0:
        return text + "="  # padded, or padded twice
    if kind == 1:
        return base64.b64encode(data + b"\xfb\xff").decode()
    at = chance.randrange(len(text) + 1)
    return text.rstrip("=")[:at] + chance.choice(("\n", " ", "!", "=", "\u00e9", "A", "")) + text[at:].rstrip("=")


@dataclass(frozen=True)
class Tlv:
    """A DER element: primitive content, or what stands in a constructed one."""

    tag: int
    content: bytes = b""
    children: tuple["Tlv", ...] | None = None

    def encode(self) -> bytes:
        """Return the element as DER, its length right again."""
        content = self.content if self.children is None else b"".join(child.encode() for child in self.children)
        return bytes([self.tag]) + _length(len(content)) + content

    def size(self) -> int:
        """Return how many elements it has, itself included."""
        return 1 + sum(child.size() for child in self.children or ())


def _length(length: int) -> bytes:
    if length < 128:
        return bytes([length])
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([0x80 | len(octets)]) + octets


def parse_der(data: bytes) -> list[Tlv]:
    """Parse good DER with short tags."""
    elements = []
    while data:
        tag, length, start = data[0], data[1], 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[2:start])
        content = data[start : start + length]
        elements.append(Tlv(tag, children=tuple(parse_der(content))) if tag & 0x20 else Tlv(tag, content))
        data = data[start + length :]
    return elements


def mutated_der(data: bytes, chance: Random) -> bytes:
    """Change one element of good DER, and keep the lengths around it right: the parser has to look at what changed."""
    [tree] = parse_der(data)
    return _mutated_at(tree, chance.randrange(tree.size()), chance).encode()


def _mutated_at(tree: Tlv, index: int, chance: Random) -> Tlv:
    """Return the tree with its element ``index``, counted in depth, mutated."""
    if index == 0:
        return _mutated_element(tree, chance)
    children = list(tree.children or ())
    index -= 1
    for position, child in enumerate(children):
        if index < child.size():
            children[position] = _mutated_at(child, index, chance)
            break
        index -= child.size()
    return replace(tree, children=tuple(children))


def _mutated_element(element: Tlv, chance: Random) -> Tlv:
    kind = chance.randrange(5)
    if kind == 0:
        tag = chance.choice((0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x13, 0x16, 0x17, 0x1E, 0x30, 0x31, 0x82, 0xA0))
        return replace(element, tag=tag)
    if element.children is None:
        return replace(element, content=mutated_bytes(element.content, chance))
    children = list(element.children)
    if kind == 1 or not children:
        return replace(element, children=())
    at = chance.randrange(len(children))
    if kind == 2:
        return replace(element, children=(*children, *children[at : at + 1] * chance.choice((1, 2, 300))))
    if kind == 3:
        return replace(element, children=(*children[:at], *children[at + 1 :]))
    chance.shuffle(children)
    return replace(element, children=tuple(children))
