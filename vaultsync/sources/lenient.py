"""Read what the typed decoder refuses, so that a field of the wrong type costs that field and not the document.

Pure. Every mended or emptied field is told; only a thing without a usable id is given up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast, get_args, get_origin

import msgspec

from vaultsync.hookspecs import Problem
from vaultsync.sources.clean import clean, cleaned, one_line
from vaultsync.sources.fields import Id, Key, Moment, Text, Whole

T = TypeVar("T", bound=msgspec.Struct)
Shapes: TypeAlias = Mapping[Any, Callable[[Any], Any]]

# To find out about a type takes longer than to read a result.
_fields = cache(msgspec.structs.fields)
_MILLISECONDS = 10**11  # a number of seconds this big would be in the year 5138


class Lenient:
    """Reads results. shapes: by the type of a thing in a list, or of a field, what else it may come as is read by."""

    def __init__(self, shapes: Shapes | None = None) -> None:
        self._shapes = shapes or {}

    def read(self, raw: bytes, into: type[T]) -> tuple[T | None, tuple[Problem, ...]]:
        """Read one result. None if nothing in it says whose it is."""
        try:
            data = loose_json(raw)
        except ValueError:
            return None, (Problem("a result", "left out: it is not JSON."),)
        return self._struct(data, into)

    def _struct(self, data: object, into: type[T]) -> tuple[T | None, tuple[Problem, ...]]:
        if not isinstance(data, dict):
            return None, (Problem("a result", "left out: it is not an object."),)
        about = _about(data)
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for field in _fields(into):
            if field.encode_name not in data:
                if field.required:
                    return None, (Problem(about, "left out: it has no id."),)
                continue
            given = data[field.encode_name]
            value, fits, inner = self._value(given, field.type)
            if field.required and value in (None, ""):
                return None, (Problem(about, f"left out: {_shown(given)} is no id."),)
            values[field.name] = value
            problems += inner
            if not fits:
                problems.append(Problem(about, f"{field.name} came as {_shown(given)}; {_mended(value)}."))
        return into(**values), tuple(problems)

    def _value(self, given: object, wanted: Any) -> tuple[Any, bool, tuple[Problem, ...]]:
        """Make the best of one field: the value, whether it came as documented, and what was lost inside it."""
        item = _item(wanted)
        if item is not None and isinstance(given, list):
            return self._items(given, item)
        if isinstance(given, str):
            given = clean(given)
        try:
            return cleaned(msgspec.convert(given, wanted)), True, ()
        except (msgspec.ValidationError, OverflowError):
            return cleaned(self._coerced(given, wanted)), False, ()

    def _items(self, given: list[Any], item: type[msgspec.Struct]) -> tuple[list[Any], bool, tuple[Problem, ...]]:
        read = self._shapes.get(item, lambda one: one)
        items: list[Any] = []
        problems: list[Problem] = []
        for one in given:
            value, lost = self._struct(read(one), item)
            problems += lost
            if value is not None:
                items.append(value)
        return items, True, tuple(problems)

    def _coerced(self, given: object, wanted: Any) -> Any:
        """Turn a value of the wrong type into the right one where both mean the same, else None."""
        if wanted in self._shapes:
            return self._shapes[wanted](given)
        if wanted == Moment:
            return _moment(given)
        if wanted in (Key, Text, str | int | None):
            return str(given) if isinstance(given, (int, float)) and not isinstance(given, bool) else None
        if isinstance(given, float) and wanted in (Id, Whole):
            given = int(given) if given == given and abs(given) < 2**62 else None  # noqa: PLR0124, NaN
        try:
            return msgspec.convert(given, wanted, strict=False)
        except (msgspec.ValidationError, OverflowError):
            return None


def loose_json(raw: bytes) -> object:
    """Read JSON that the strict reader refuses: lone surrogates, bad UTF-8, raw controls. Raises ValueError."""
    try:
        data: object = json.loads(raw.decode("utf-8", "replace"), strict=False)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return data


def _item(wanted: Any) -> type[msgspec.Struct] | None:
    """What a field is a list of, if that is things of their own."""
    lists = [one for one in (wanted, *get_args(wanted)) if get_origin(one) is list]
    inner = get_args(lists[0])[0] if lists else None
    return inner if isinstance(inner, type) and issubclass(inner, msgspec.Struct) else None


def _moment(given: object) -> datetime | None:
    """Read a time without a zone as UTC, which the documents call the default, and numbers as Unix time."""
    try:
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            return datetime.fromtimestamp(given / 1000 if abs(given) >= _MILLISECONDS else given, UTC)
        found = datetime.fromisoformat(cast(str, given))
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


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
