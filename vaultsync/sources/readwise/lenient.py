"""Read what the typed decoder refuses, so that a field of the wrong type costs that field and not the document.

Pure. Every mended or emptied field is told; only a thing without a usable id is given up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import msgspec

from vaultsync.hookspecs import Problem
from vaultsync.sources.readwise import wire
from vaultsync.sources.readwise.clean import clean, one_line

T = TypeVar("T", bound=msgspec.Struct)

_MILLISECONDS = 10**11  # a number of seconds this big would be in the year 5138
_NESTED: dict[Any, type[msgspec.Struct]] = {
    list[wire.Tag] | None: wire.Tag,
    list[wire.OwnTag] | None: wire.OwnTag,
    list[wire.Highlight] | None: wire.Highlight,
}


def read(raw: bytes, into: type[T]) -> tuple[T | None, tuple[Problem, ...]]:
    """Read one result. None if nothing in it says whose it is."""
    try:
        data = wire.loose_json(raw)
    except ValueError:
        return None, (Problem("a result", "left out: it is not JSON."),)
    return _struct(data, into)


def _struct(data: object, into: type[T]) -> tuple[T | None, tuple[Problem, ...]]:
    if not isinstance(data, dict):
        return None, (Problem("a result", "left out: it is not an object."),)
    about = _about(data)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in msgspec.structs.fields(into):
        if field.encode_name not in data:
            if field.required:
                return None, (Problem(about, "left out: it has no id."),)
            continue
        given = data[field.encode_name]
        value, fits, inner = _value(given, field.type)
        if field.required and value in (None, ""):
            return None, (Problem(about, f"left out: {_shown(given)} is no id."),)
        values[field.name] = value
        problems += inner
        if not fits:
            problems.append(Problem(about, f"{field.name} came as {_shown(given)}; {_mended(value)}."))
    return into(**values), tuple(problems)


def _value(given: object, wanted: Any) -> tuple[Any, bool, tuple[Problem, ...]]:
    """Make the best of one field: the value, whether it came as documented, and what was lost inside it."""
    if wanted in _NESTED and isinstance(given, list):
        return _items(given, _NESTED[wanted])
    if isinstance(given, str):
        given = clean(given)
    try:
        return _cleaned(msgspec.convert(given, wanted)), True, ()
    except (msgspec.ValidationError, OverflowError):
        return _cleaned(_coerced(given, wanted)), False, ()


def _items(given: list[Any], item: type[msgspec.Struct]) -> tuple[list[Any], bool, tuple[Problem, ...]]:
    items: list[Any] = []
    problems: list[Problem] = []
    for one in given:
        if item is wire.Tag and isinstance(one, str):
            one = {"name": one}
        value, lost = _struct(one, item)
        problems += lost
        if value is not None:
            items.append(value)
    return items, True, tuple(problems)


def _coerced(given: object, wanted: Any) -> Any:
    """Turn a value of the wrong type into the right one where both mean the same, else None."""
    if wanted == wire.ReaderTags:
        return _reader_tags(given)
    if wanted == wire.Moment:
        return _moment(given)
    if wanted in (wire.Key, wire.Text, str | int | None):
        return str(given) if isinstance(given, (int, float)) and not isinstance(given, bool) else None
    if isinstance(given, float) and wanted in (wire.Id, wire.Whole):
        given = int(given) if given == given and abs(given) < 2**62 else None  # noqa: PLR0124, NaN
    try:
        return msgspec.convert(given, wanted, strict=False)
    except (msgspec.ValidationError, OverflowError):
        return None


def _moment(given: object) -> datetime | None:
    """Read a time without a zone as UTC, which the documents call the default, and numbers as Unix time."""
    try:
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            return datetime.fromtimestamp(given / 1000 if abs(given) >= _MILLISECONDS else given, UTC)
        found = datetime.fromisoformat(cast(str, given))
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _reader_tags(given: object) -> list[str] | None:
    if isinstance(given, dict):
        return [str(tag["name"] if isinstance(tag, dict) and tag.get("name") else key) for key, tag in given.items()]
    if isinstance(given, list):
        names = [tag.get("name") if isinstance(tag, dict) else tag for tag in given]
        return [str(name) for name in names if isinstance(name, (str, int))]
    return None


def _cleaned(value: Any) -> Any:
    """Clean text one level down; deeper text is cleaned by whoever builds the struct around it."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean(item) if isinstance(item, str) else item for item in value]
    if isinstance(value, dict):
        return {clean(key): wire.ReaderTag(clean(tag.name or "")) for key, tag in value.items()}
    return value


def _about(data: dict[str, Any]) -> str:
    """Name a thing as its reader would know it: by title, text or id."""
    for key in ("title", "text", "content", "user_book_id", "id"):
        if isinstance(data.get(key), (str, int)) and str(data[key]).strip():
            return one_line(clean(str(data[key])))[:80]
    return "a result"


def _shown(given: object) -> str:
    return clean(repr(given))[:40]


def _mended(value: object) -> str:
    return "left empty" if value in (None, "", []) else "read as well as possible"
