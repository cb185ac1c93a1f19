"""What `[sources.readwise]` of vaultsync.toml may hold, and what each option means. No I/O."""

from __future__ import annotations

from typing import Literal

import msgspec

Location = Literal["new", "later", "shortlist", "archive", "feed"]
Pushed = Literal[
    "note",
    "tags",
    "color",
    "text",
    "location",
    "url",
    "title",
    "author",
    "summary",
    "published",
    "cover",
    "category",
]


class ReadwiseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section, with its defaults.

    highlights: pull from Readwise at all. documents: which Reader documents get notes; "highlighted" still reads
    Reader, for what Readwise doesn't know of them, "none" does not. children: also list Reader's own highlights
    and notes, five times the requests, for those Readwise lacks. push: fields sent back, of highlights and documents
    alike; none is one-way. locations: of Reader, that are listed. full_text: put the text of Reader documents into
    `document.content`. categories, tags: only documents of one of these; empty means all. path: where new notes go,
    instead of notes.path. on_local_delete: what deleting a note here means for its document there.
    new_highlights: passages marked in notes become highlights, unless push is empty.
    """

    base_url: str = "https://readwise.io/api"
    highlights: bool = True
    documents: Literal["highlighted", "all", "none"] = "highlighted"
    children: bool = False
    push: tuple[Pushed, ...] = ("note", "tags")
    locations: tuple[Location, ...] = ("new", "later", "shortlist", "archive")
    full_text: bool = False
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    path: str = ""
    on_local_delete: Literal["keep", "delete"] = "keep"
    new_highlights: bool = True
