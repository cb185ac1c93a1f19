"""Read a document's values back from the properties of a note, by key and value. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from vaultsync.lens.inverse import Unread, Value, read_back, same_text, service_names
from vaultsync.note import ID_KEY
from vaultsync.properties import read_properties
from vaultsync.rendering.tracked import AS_DAY, AS_FLAG, Property

NOT_TEXT = "its property is not text; put it in quotes"
NOT_FLAG = "its property is neither true nor false; write one of the two"
NOT_DAY = "its property is no day; write it as 2026-01-31"
NOT_LIST = "its property is not a list of tags"


def property_values(
    base: str, ours: str, owned: Iterable[Property], values: dict[str, Value], names: Iterable[str]
) -> Iterator[tuple[str, Value | Unread]]:
    """What the note's properties say, by the document's field. values: the base's, by field.

    base, ours: front matter. A key that is not there says nothing; one without a value says that the field is empty.
    """
    writable = [one for one in owned if one.field in values and one.key != ID_KEY]
    if base == ours:
        yield from ((one.field, values[one.field]) for one in writable)
        return
    was, now = read_properties(base), read_properties(ours)
    for one in writable:
        if one.key in now:
            same = _is_same(was.get(one.key), now[one.key])
            value = values[one.field]
            yield one.field, value if same else _typed(now[one.key], one, value, names)


def _is_same(was: Any, now: Any) -> bool:
    if isinstance(was, str) and isinstance(now, str):
        return same_text(was, now)
    return was == now and type(was) is type(now)


def _typed(now: Any, owned: Property, base: Value, names: Iterable[str]) -> Value | Unread:
    if owned.via == AS_FLAG:
        return ("true" if now else "false") if isinstance(now, bool) else Unread(NOT_FLAG)
    if owned.via == AS_DAY:
        return _day(now)
    if isinstance(base, str) or owned.via:
        if not isinstance(now, str | None):
            return Unread(NOT_TEXT)
        return read_back(now or "", owned.via, base, names)
    items = now if isinstance(now, list) else (now or "").split(",") if isinstance(now, str | None) else None
    if items is None or any(isinstance(item, list | dict) for item in items):
        return Unread(NOT_LIST)
    tags = [_tag(item) for item in items if item is not None]
    return service_names([tag for tag in tags if tag], base, names)


def _day(now: Any) -> Value | Unread:
    """A day as it is sent; an empty property is no day, and whether that can be is the source's to say."""
    text = "" if now is None else now.strip() if isinstance(now, str) else None
    try:
        known = text is not None and (not text or date.fromisoformat(text).isoformat() == text)
    except ValueError:
        known = False
    return text if known and text is not None else Unread(NOT_DAY)


def _tag(item: Any) -> str:
    return str(item).lower() if isinstance(item, bool) else str(item).strip().removeprefix("#")
