"""Check what a client sent to linkding, field by field. Pure. The framework is the one of the other services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from vaultsync.simulator.exchange import Refusal
from vaultsync.simulator.fields import Field, Invalid, Moment, Text

_TRUE = ("t", "y", "yes", "true", "on", "1")
_FALSE = ("f", "n", "no", "false", "off", "0")
_SCHEMES = ("http", "https", "ftp", "ftps")
_LONGEST_URL = 2048
_NO_URL = "Enter a valid URL."


@dataclass(frozen=True, slots=True)
class Trimmed:
    """Text without the blanks around it. longest: in characters."""

    longest: int | None = None
    blank: bool = True

    def read(self, value: Any) -> Any:
        """Return the text."""
        text = Text(blank=self.blank).read(value)
        return Text(longest=self.longest).read(text.strip() if text else text)


class Switch:
    """A truth value, however it is written."""

    def read(self, value: Any) -> bool:
        """Return the truth value."""
        said = str(value).lower()
        if said not in (*_TRUE, *_FALSE):
            raise Invalid("Must be a valid boolean.")
        return said in _TRUE


class TagNames:
    """A list of names; what is wrong with one is told under its position."""

    def read(self, value: Any) -> list[str]:
        """Return the names."""
        if value is None:
            raise Invalid("This field may not be null.")
        if not isinstance(value, list):
            raise Invalid(f'Expected a list of items but got type "{type(value).__name__}".')
        return [Trimmed(blank=False).read(name) for name in value]


FIELDS: Mapping[str, Field] = {
    "url": Trimmed(blank=False),
    "title": Trimmed(longest=512),
    "description": Trimmed(),
    "notes": Trimmed(),
    "is_archived": Switch(),
    "unread": Switch(),
    "shared": Switch(),
    "tag_names": TagNames(),
    "date_added": Moment(),
    "date_modified": Moment(),
}


def checked_bookmark(data: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """Return what a client says of a bookmark, unknown names left out. Refused with 400 and the trouble by field.

    whole: its address has to be among it.
    """
    trouble: dict[str, Any] = {"url": ["This field is required."]} if whole and "url" not in data else {}
    values: dict[str, Any] = {}
    for name, field in FIELDS.items():
        if name in data:
            try:
                values[name] = field.read(data[name])
            except Invalid as problem:
                trouble[name] = _by_position(data[name]) or [str(problem)]
    if "url" in values and (faults := _url_faults(values["url"])):
        trouble["url"] = faults
    if trouble:
        raise Refusal(400, trouble)
    return values


def _by_position(names: Any) -> dict[str, list[str]]:
    """What is wrong with which name of a list; empty if that is no list."""
    found = {}
    for at, name in enumerate(names if isinstance(names, list) else ()):
        try:
            Trimmed(blank=False).read(name)
        except Invalid as problem:
            found[str(at)] = [str(problem)]
    return found


def _url_faults(url: str) -> list[str]:
    is_long = len(url) > _LONGEST_URL
    too_long = [f"Ensure this field has no more than {_LONGEST_URL} characters."] if is_long else []
    parts = urlsplit(url)
    fits = parts.scheme.lower() in _SCHEMES and parts.netloc and " " not in url and not is_long
    return too_long if fits else [_NO_URL, *too_long]
