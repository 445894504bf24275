"""RFC 7240. A preference that is unknown, or that makes no sense, is passed over."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

_MAX_WAIT = 30  # seconds
_PREFERENCE = re.compile(
    r'[ \t]*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)[ \t]*(?:=[ \t]*(?:"([^"\\]*)"|([!#$%&\'*+.^_`|~0-9A-Za-z-]+)))?[ \t]*(?:;.*)?'
)
_SECONDS = re.compile(r"[1-9]\d?")


@dataclass(frozen=True, slots=True)
class Preferences:
    respond_async: bool = False
    wait: timedelta | None = None
    minimal: bool = False


_NONE = Preferences()


def read_preferences(headers: Sequence[str]) -> Preferences:
    """Of a preference that is there twice, the first counts."""
    if not headers:
        return _NONE
    named: dict[str, str] = {}
    for element in ",".join(headers).split(","):
        if match := _PREFERENCE.fullmatch(element):
            named.setdefault(match[1].lower(), match[2] or match[3] or "")
    wait = named.get("wait", "")
    seconds = int(wait) if _SECONDS.fullmatch(wait) else 0
    return Preferences(
        respond_async=named.get("respond-async") == "",
        wait=timedelta(seconds=seconds) if 1 <= seconds <= _MAX_WAIT else None,
        minimal=named.get("return", "").lower() == "minimal",
    )
