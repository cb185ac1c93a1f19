"""What `[sources.linkding]` of vaultsync.toml may hold, and what each option means. No I/O."""

from __future__ import annotations

from typing import Literal

import msgspec

Pushed = Literal["note", "tags", "title", "summary", "archived", "unread", "shared"]


class LinkdingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section, with its defaults.

    base_url: where linkding's own pages are, its context path included; it has to be given. archived: what is archived
    gets notes too. tags: only bookmarks with one of these; empty means all. path: where new notes go, instead of
    notes.path. push: fields sent back; none is one-way; "archived" lets `document.location` be edited, and
    `document.extra.is_archived`. on_local_delete: what deleting a note here means for its bookmark there.
    """

    base_url: str = ""
    archived: bool = True
    tags: tuple[str, ...] = ()
    path: str = ""
    push: tuple[Pushed, ...] = ("note", "tags")
    on_local_delete: Literal["keep", "delete"] = "keep"
