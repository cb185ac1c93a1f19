"""Read a document's values back from the properties of a note, by key and value. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from vaultsync.lens.inverse import Unread, Value, read_back, same_text, service_names
from vaultsync.note import ID_KEY
from vaultsync.properties import read_properties
from vaultsync.rendering.tracked import AS_DAY, AS_FLAG, Property
from vaultsync.tags import local_tag, typed_tag

NOT_TEXT = "its property is not text; put it in quotes"
NOT_FLAG = "its property is neither true nor false; write one of the two"
NOT_DAY = "its property is no day; write it as 2026-01-31"
NOT_LIST = 'its property is not a list of tags; write each on a line of its own, as "- tag"'


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
            if same or one.via or isinstance(value, str):
                yield one.field, value if same else _typed(now[one.key], one, value, names)
            else:
                yield one.field, _tags(read_properties(ours, spelled=True)[one.key], value, names)


def _is_same(was: Any, now: Any) -> bool:
    if isinstance(was, str) and isinstance(now, str):
        return same_text(was, now)
    return was == now and type(was) is type(now)


def _typed(now: Any, owned: Property, base: Value, names: Iterable[str]) -> Value | Unread:
    """A value that is not a list of tags."""
    if owned.via == AS_FLAG:
        return ("true" if now else "false") if isinstance(now, bool) else Unread(NOT_FLAG)
    if owned.via == AS_DAY:
        return _day(now)
    return read_back(now or "", owned.via, base, names) if isinstance(now, str | None) else Unread(NOT_TEXT)


def _tags(now: Any, base: tuple[str, ...], names: Iterable[str]) -> Value | Unread:
    """Tags as they were typed. now: as spelled in the file, so that 2025, true and 007 are tags of these names."""
    items = now if isinstance(now, list) else (now or "").split(",") if isinstance(now, str | None) else None
    if items is None:
        return Unread(NOT_LIST)
    typed = tuple(tag for tag in map(_tag, items) if tag)
    for item, tag in zip(items, map(_tag, items), strict=True):
        if not isinstance(item, str | None) or (tag and tag not in base and not local_tag(tag)):
            return Unread(f'"{tag}" is no tag; write it with letters, or take it out.', typed)
    return service_names(typed, base, names)


def _tag(item: Any) -> str:
    """One item of the property; nothing for an empty one."""
    if isinstance(item, str | None):
        return typed_tag(item or "")
    return ", ".join(f"{key}: {value}" for key, value in item.items()) if isinstance(item, dict) else _listed(item)


def _listed(items: Iterable[Any]) -> str:
    return ", ".join(map(str, items))


def _day(now: Any) -> Value | Unread:
    """A day as it is sent; an empty property is no day, and whether that can be is the source's to say."""
    text = "" if now is None else now.strip() if isinstance(now, str) else None
    try:
        known = text is not None and (not text or date.fromisoformat(text).isoformat() == text)
    except ValueError:
        known = False
    return text if known and text is not None else Unread(NOT_DAY)
