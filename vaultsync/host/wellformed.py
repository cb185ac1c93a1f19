"""Whether a document is what it should be, for those made by code that is not ours. No I/O."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from vaultsync.model import Document, Highlight

_ID = re.compile(r"[a-z][a-z0-9_-]*:\S+")
_BLOCK_ID = re.compile(r"[A-Za-z0-9-]+")
# What would break a note, or be taken for a mark while it is rendered.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")


def problem(document: Document) -> str:
    """What is wrong with a document, in a few words; "" if nothing.

    >>> problem(Document(id="shelf:1", title="Walden")), problem(Document(id="1", title="Walden"))
    ('', "id: '1' is not a prefix, a colon and an id")
    """
    return _wrong_type(document) or next(_problems(document), "")


def _wrong_type(document: Document) -> str:
    """What msgspec says of values that are not of their field's type: nothing checks them when a struct is made."""
    if not isinstance(document, Document):
        return f"it is of type {type(document).__name__}"
    wrong = next((one for one in document.highlights if not isinstance(one, Highlight)), None)
    if wrong is not None:
        return f"highlights: one of them is of type {type(wrong).__name__}"
    try:
        plain = msgspec.to_builtins(document, builtin_types=(datetime, date))
        msgspec.convert(plain, Document)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        return str(error)
    return ""


def _problems(document: Document) -> Iterator[str]:
    if not _ID.fullmatch(document.id):
        yield f"id: {document.id!r} is not a prefix, a colon and an id"
    for name in ("id", "block_id"):
        counts = Counter(getattr(highlight, name) for highlight in document.highlights)
        yield from (f"highlights: {name} {value!r} is there twice" for value, count in counts.items() if count > 1)
    for highlight in document.highlights:
        if not _BLOCK_ID.fullmatch(highlight.block_id):
            yield f"highlights: block_id {highlight.block_id!r} has more than letters, digits and dashes"
    yield from _of_fields(document)
    for highlight in document.highlights:
        yield from (f"highlight {highlight.id}: {wrong}" for wrong in _of_fields(highlight))


def _of_fields(owner: Document | Highlight) -> Iterator[str]:
    values: dict[str, Any] = {name: getattr(owner, name) for name in owner.__struct_fields__}
    # All at once, for hardly ever is there anything to find.
    if _UNFIT.search("\n".join(text for value in values.values() for text in _texts(value))):
        for name, value in values.items():
            wrong = next((text for text in _texts(value) if _UNFIT.search(text)), None)
            if wrong is not None:
                yield f"{name}: {wrong!r:.60} has a character no note can hold"
    for name, value in values.items():
        if isinstance(value, datetime) and value.utcoffset() != timedelta(0):
            yield f"{name}: {value.isoformat()} is not in UTC"


def _texts(value: Any) -> tuple[str, ...]:
    """The texts a field holds; of `extra` and the highlights, none."""
    if type(value) is str:
        return (value,)
    return tuple(one for one in value if type(one) is str) if type(value) is tuple else ()
