"""What templates see of documents and highlights: the names they may ask for, and a tracked value for each. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vaultsync.model import EXTRA, PUBLISHED, Document, Highlight
from vaultsync.rendering.tracked import TagList, Tracked, day, flag, tracked

_TEXT, _TAGS, _PLAIN = "text", "tags", "plain"
HIGHLIGHT_FIELDS: Mapping[str, str] = {
    **dict.fromkeys(("id", "text", "note", "color", "location_type", "url", "service_url"), _TEXT),
    "tags": _TAGS,
    **dict.fromkeys(
        ("location", "highlighted_at", "created", "updated", "favorite", "discarded", "deleted", "extra"),
        _PLAIN,
    ),
}
DOCUMENT_FIELDS: Mapping[str, str] = {
    **dict.fromkeys(
        ("id", "title", "author", "category", "source", "account", "url", "service_url", "cover", "summary",
         "note", "location", "view", "site_name", "content"),
        _TEXT,
    ),
    "tags": _TAGS,
    **dict.fromkeys(
        ("cover_file", "published", "created", "updated", "word_count", "reading_progress", "deleted", "extra"), _PLAIN
    ),
}  # fmt: skip


def prints_as_field(owner: str, name: str) -> bool:
    """Whether the place of a field is known wherever a template prints it. owner: "" for the document."""
    return (HIGHLIGHT_FIELDS if owner else DOCUMENT_FIELDS).get(name) in (_TEXT, _TAGS)


class HighlightView:
    """A highlight as a template sees it; `anchor` is what ends its block."""

    __slots__ = ("_highlight",)

    def __init__(self, highlight: Highlight) -> None:
        self._highlight = highlight

    def __str__(self) -> str:
        raise TypeError("a highlight was printed; print one of its fields, as in {{ h.text }}")


class DocumentView:
    """A document as a template sees it."""

    __slots__ = ("_document", "_highlights")

    def __init__(self, document: Document) -> None:
        self._document = document
        self._highlights = tuple(map(HighlightView, document.live))

    def __str__(self) -> str:
        raise TypeError("the document was printed; print one of its fields, as in {{ document.title }}")


NO_FIELD = object()
"""What a view has under a name that is none of its fields'."""


def highlight_field(view: HighlightView, name: str) -> Any:
    """A field of a highlight, as a template gets it; NO_FIELD if there is none of that name."""
    # In one piece, for a template asks hundreds of times in every note.
    highlight = view._highlight
    kind = HIGHLIGHT_FIELDS.get(name)
    if kind is _TEXT:
        value = Tracked(getattr(highlight, name))
        value.owner, value.field = highlight.id, name
        return value
    if kind is _PLAIN:
        found = getattr(highlight, name)
        return _Extra(found) if name == "extra" else found
    if kind is _TAGS:
        return TagList(highlight.tags, highlight.id)
    return tracked(f"^{highlight.block_id}", highlight.id, "anchor") if name == "anchor" else NO_FIELD


def document_field(view: DocumentView, name: str) -> Any:
    """A field of a document, as a template gets it; NO_FIELD if there is none of that name."""
    if name == "highlights":
        return view._highlights
    kind = DOCUMENT_FIELDS.get(name)
    if kind is None:
        return NO_FIELD
    if kind is _TEXT:
        return tracked(getattr(view._document, name), "", name)
    if kind is _TAGS:
        return TagList(view._document.tags, "")
    if name == "extra":
        return _DocumentExtra(view._document.extra)
    value = getattr(view._document, name)
    return day(value, PUBLISHED) if name == PUBLISHED and value is not None else value


class _Extra(dict[str, Any]):
    """What else a service says. What another service says is empty here, so that one template does for all.

    A specimen is strict, so that a name no service knows is found when a template is tried.
    """

    def __init__(self, found: Mapping[str, Any]) -> None:
        super().__init__(found)
        self._is_strict = type(found) is not dict

    def __missing__(self, key: str) -> str:
        if self._is_strict or key.startswith("_"):
            raise KeyError(key)
        return ""


class _DocumentExtra(_Extra):
    """Of a document; its truth values are fields, and can be edited as properties."""

    def __getitem__(self, key: str) -> Any:
        return _tracked_flag(key, super().__getitem__(key))

    def get(self, key: str, default: Any = None) -> Any:
        """As of any dict."""
        return _tracked_flag(key, super().get(key, default))


def _tracked_flag(key: str, value: Any) -> Any:
    return flag(value, f"{EXTRA}{key}") if type(value) is bool else value


def no_such_field(view: object, name: str) -> str:
    """What is said of a name that is none of a view's fields."""
    what, fields = ("highlight", HIGHLIGHT_FIELDS) if type(view) is HighlightView else ("document", DOCUMENT_FIELDS)
    more = ("anchor",) if what == "highlight" else ("highlights",)
    return f"a {what} has no field '{name}'; it has {', '.join((*fields, *more))}"
