"""Where in a TOML file a setting stands, for sentences about it: the parser of the library does not say."""

import re
from typing import Final

_HEADER: Final = re.compile(r"\s*(\[\[?)([A-Za-z0-9_. \t-]+)\]\]?\s*(#.*)?")
_SPACE: Final = re.compile(r"\s+")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=")


class TomlLines:
    """The lines of the settings in the tables of a file, which is known to be TOML."""

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str, int, str], int] = {}
        counts: dict[str, int] = {}
        array, prefix = "", ""
        for number, line in enumerate(text.splitlines(), 1):
            header, key = _HEADER.fullmatch(line), _KEY.match(line)
            if header:
                name = _SPACE.sub("", header[2])
                if header[1] == "[[" and "." not in name:
                    counts[name] = counts.get(name, -1) + 1
                array, _, prefix = name.partition(".")
                self._add(array, counts, prefix, number)
            elif key:
                path = _SPACE.sub("", key[1])
                self._add(array, counts, f"{prefix}.{path}" if prefix else path, number)

    def _add(self, array: str, counts: dict[str, int], path: str, number: int) -> None:
        self._lines.setdefault((array, counts.get(array, 0), path), number)

    def of(self, array: str, index: int, path: str) -> int | None:
        """Return the line of ``path`` (``policy.public``) in the table ``index`` of ``array``; None: it is not set."""
        return self._lines.get((array, index, path))
