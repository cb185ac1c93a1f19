"""What Readwise and Reader take of an edit: by which name, in which form, and why not the rest. Pure.

Readwise changes highlights and the tags of books, Reader changes documents; limits are those of their documents:
https://readwise.io/api_deets, https://readwise.io/reader_api.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from vaultsync.hookspecs import Edit, NewHighlight
from vaultsync.model import Document, Highlight
from vaultsync.sources.readwise.documents import PLURALS
from vaultsync.sources.readwise.settings import ReadwiseSettings

HIGHLIGHT_FIELDS = ("note", "text", "color", "location", "url")
# By the names Reader's update has for them.
READER_NAMES = {
    "title": "title",
    "author": "author",
    "summary": "summary",
    "note": "notes",
    "published": "published_date",
    "cover": "image_url",
    "location": "location",
    "category": "category",
}
COLORS = ("yellow", "blue", "pink", "orange", "green", "purple")
LOCATIONS = ("new", "later", "archive")
CATEGORIES = {PLURALS[name]: name for name in ("article", "email", "pdf", "epub", "tweet", "video")}

_LONGEST = {"note": 8191, "text": 8191, "url": 4095}  # characters
_LONGEST_TAG, _LONGEST_BOOK_TAG = 127, 512


def refusal(document: Document, edit: Edit, settings: ReadwiseSettings) -> str:
    """Why an edit can't be sent, as a sentence that says what to do; "" if it can."""
    highlight = next((one for one in document.highlights if one.id == edit.owner), None)
    if document.deleted or (edit.owner and (highlight is None or highlight.deleted)):
        gone = "highlight" if edit.owner else "document"
        return f"The {gone} is gone at Readwise, so nothing can be sent; keep what you wrote in text of your own."
    immutable = _immutable_highlight(highlight, edit) if highlight else _immutable_document(document, edit, settings)
    if immutable:
        return immutable
    if edit.field not in settings.push:
        return f'`{edit.field}` is not sent: add "{edit.field}" to push of [sources.readwise] in vaultsync.toml.'
    if edit.field == "tags":
        return _unfit_tag(edit, _LONGEST_TAG if highlight else _LONGEST_BOOK_TAG)
    unfit = (_UNFIT_HIGHLIGHT if highlight else _UNFIT_DOCUMENT).get(edit.field)
    return unfit(_text(edit)) if unfit else ""


def unfit(document: Document, new: NewHighlight) -> str:
    """Why a passage can't be made a highlight of a document, as a sentence that says what to do; "" if it can."""
    if document.deleted:
        return "The document is gone at Readwise, so nothing can be highlighted in it."
    if not document.id.startswith("readwise:") or document.location or document.extra.get("source") == "reader":
        return "The document is Reader's, and Reader lets no other program highlight in it; highlight it there."
    too_long = _too_long("text", new.text) or _too_long("note", new.note)
    return too_long or _unfit_tag(Edit(document.id, "new", "tags", (), new.tags), _LONGEST_TAG)


_COMMAND = re.compile(r"\s*\.[A-Za-z]")


def command(edit: Edit) -> str:
    """Why Readwise would take a highlight's note for a command, as a sentence; "" if it would not.

    >>> command(Edit("readwise:1", "5", "note", "", ".h1 Chapter"))[:30]
    'It begins with a dot and a wor'
    """
    if edit.owner and edit.field == "note" and _COMMAND.match(str(edit.after)):
        return (
            "It begins with a dot and a word, which Readwise takes for a command (.tag, .h1); begin it otherwise, or "
            'run "vaultsync push --allow-inline-commands".'
        )
    return ""


def highlight_change(edit: Edit) -> dict[str, Any]:
    """What to send to Readwise for an edit of a highlight, tags excepted.

    >>> highlight_change(Edit("readwise:1", "5", "location", "", "45"))
    {'location': 45}
    """
    after = _text(edit)
    if edit.field == "location":
        return {"location": int(after)}
    # An address that is not there is null in every answer.
    return {edit.field: (after or None) if edit.field == "url" else after}


def reader_change(edit: Edit) -> dict[str, Any]:
    """What to send to Reader for an edit of a document, tags excepted.

    >>> reader_change(Edit("reader:01gk", "", "published", "", "2024-05-01"))
    {'published_date': '2024-05-01T00:00:00+00:00'}
    """
    after = _text(edit)
    if edit.field == "published":
        after = f"{after}T00:00:00+00:00"
    elif edit.field == "category":
        after = CATEGORIES[after]
    return {READER_NAMES[edit.field]: after}


def as_text(value: object) -> str:
    """Write a field of the model as an edit does: dates as 2026-01-31, no value as ""."""
    return "" if value is None else str(value)


def _text(edit: Edit) -> str:
    assert isinstance(edit.after, str), f"{edit.field} is text"
    return edit.after


def _immutable_highlight(highlight: Highlight, edit: Edit) -> str:
    if highlight.extra.get("external_id") == highlight.id:  # Readwise's are numbers, and name Reader's beside them
        return "Only Reader has this highlight, and it lets no other program change one; change it in Reader."
    if edit.field not in (*HIGHLIGHT_FIELDS, "tags"):
        return f"Readwise has no way to change the `{edit.field}` of a highlight; put back what stood there."
    return ""


def _immutable_document(document: Document, edit: Edit, settings: ReadwiseSettings) -> str:
    if edit.field == "tags":
        return ""
    if edit.field not in READER_NAMES:
        return f"Readwise has no way to change the `{edit.field}` of a document; put back what stood there."
    if document.id.startswith("reader:") or document.location or document.extra.get("reader_url"):
        return ""
    if settings.documents == "none":
        return (
            f"Only Reader can change the `{edit.field}` of a document, and it is not read: "
            'set documents = "highlighted" in [sources.readwise] of vaultsync.toml, if it is there.'
        )
    return f"Readwise has no way to change the `{edit.field}` of what is not in Reader; change it at readwise.io."


def _unfit_tag(edit: Edit, longest: int) -> str:
    for tag in edit.after:
        if tag in edit.before:
            continue
        if not tag.strip():
            return "A tag has to have a name; take out the empty one."
        if len(tag) > longest:
            return f'The tag "{tag[:20]}…" has {len(tag)} characters, and Readwise takes {longest}; shorten it.'
    return ""


def _too_long(field: str, after: str) -> str:
    longest = _LONGEST[field]
    return f"`{field}` has {len(after)} characters, and Readwise takes {longest}; shorten it." * (len(after) > longest)


def _unfit_text(after: str) -> str:
    if not after.strip():
        return "A highlight can't be without text; delete it at Readwise if it is to go."
    return _too_long("text", after)


def _unfit_number(after: str) -> str:
    if re.fullmatch(r"\d{1,9}", after, re.ASCII):
        return ""
    return f'"{after}" is no location of a highlight; write a whole number.'


def _unfit_title(after: str) -> str:
    return "" if after.strip() else "A document can't be without a title; write one."


def _unfit_date(after: str) -> str:
    try:
        whole = date.fromisoformat(after).isoformat() == after
    except ValueError:
        whole = False
    return "" if whole else f'"{after}" is no day that can be sent; write it as 2026-01-31.'


def _unfit_location(after: str) -> str:
    if after == "shortlist":
        return 'Reader\'s shortlist is a tag to other programs; add the tag "shortlist" instead.'
    return _other_than(after, LOCATIONS)


def _other_than(after: str, allowed: tuple[str, ...]) -> str:
    return "" if after in allowed else f'"{after}" is not taken; write one of {", ".join(allowed)}.'


_UNFIT_HIGHLIGHT: Mapping[str, Callable[[str], str]] = {
    "note": lambda after: _too_long("note", after),
    "text": _unfit_text,
    "url": lambda after: _too_long("url", after),
    "color": lambda after: _other_than(after, COLORS),
    "location": _unfit_number,
}
_UNFIT_DOCUMENT: Mapping[str, Callable[[str], str]] = {
    "title": _unfit_title,
    "published": _unfit_date,
    "location": _unfit_location,
    "category": lambda after: _other_than(after, tuple(CATEGORIES)),
}
