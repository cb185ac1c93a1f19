"""What linkding takes of an edit: by which name, in which form, and why not the rest. Pure.

Tested against linkding 1.46.2; https://linkding.link/api says little of its limits.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from vaultsync.hookspecs import Edit
from vaultsync.merging.merge import merge_tags
from vaultsync.model import Document
from vaultsync.sources.linkding.documents import ARCHIVE
from vaultsync.sources.linkding.record import KeptBookmark
from vaultsync.sources.linkding.settings import LinkdingSettings

# By the names linkding has for them.
NAMES = {"note": "notes", "summary": "description", "title": "title"}
FLAGS = {"extra.unread": "unread", "extra.shared": "shared"}
# What has to be listed in `push` for a field to be sent, if that is not its own name.
_LISTED_AS = {"location": "archived", "extra.is_archived": "archived", **FLAGS}

_LONGEST_TITLE, _LONGEST_TAG = 512, 64


def refusal(document: Document, edit: Edit, settings: LinkdingSettings) -> str:
    """Why an edit can't be sent, as a sentence that says what to do; "" if it can."""
    if document.deleted:
        return "The bookmark is gone at linkding, so nothing can be sent; keep what you wrote in text of your own."
    if edit.field not in (*NAMES, "tags", *_LISTED_AS):
        return f"The `{edit.field}` of a bookmark can't be changed from a note; change it at linkding."
    listed = _LISTED_AS.get(edit.field, edit.field)
    if listed not in settings.push:
        return f'`{edit.field}` is not sent: add "{listed}" to push of [sources.linkding] in vaultsync.toml.'
    if edit.field == "tags":
        return next(
            filter(None, (unfit_tag(tag) for tag in spelled(edit.after, edit.before) if tag not in edit.before)), ""
        )
    if edit.field == "title":
        return unfit_title(str(edit.after))
    if edit.field == "location" and edit.after not in ("", ARCHIVE):
        return f'"{edit.after}" is no place at linkding; write "{ARCHIVE}", or leave it empty.'
    return ""


def change(kept: KeptBookmark, edit: Edit) -> dict[str, Any]:
    """What to send for an edit of a field; empty if linkding says so already. kept: just looked at."""
    if edit.field == "tags":
        tags = merge_tags(spelled(edit.before, kept.tags), spelled(edit.after, kept.tags), kept.tags)
        return {} if _folded(tags) == _folded(kept.tags) else {"tag_names": list(tags)}
    name = FLAGS.get(edit.field) or NAMES[edit.field]
    after = edit.after == "true" if edit.field in FLAGS else edit.after
    return {} if getattr(kept, name) == after else {name: after}


def archiving(edit: Edit) -> bool | None:
    """Whether an edit puts its bookmark into the archive (True) or takes it out (False); None if it is of a field."""
    return {"location": edit.after == ARCHIVE, "extra.is_archived": edit.after == "true"}.get(edit.field)


def removed(edit: Edit) -> frozenset[str]:
    """The tags an edit takes out, case folded."""
    return frozenset(_folded(spelled(edit.before)) - _folded(spelled(edit.after)))


def created(kept: KeptBookmark) -> Mapping[str, Any]:
    """A bookmark as `POST bookmarks/` takes it. Its dates are taken from 1.45 on, and ignored before."""
    fields = {
        "url": kept.url,
        "title": kept.title,
        "description": kept.description,
        "notes": kept.notes,
        "is_archived": kept.is_archived,
        "unread": kept.unread,
        "shared": kept.shared,
        "tag_names": list(kept.tags),
    }
    return fields | ({"date_added": kept.added.isoformat()} if kept.added else {})


def spelled(tags: str | tuple[str, ...], known: Container[str] = ()) -> tuple[str, ...]:
    """Tags as linkding keeps them: without blanks, but for those it is known to have.

    >>> spelled(("to read", "green", "from an import"), ("from an import",))
    ('to-read', 'green', 'from an import')
    """
    assert isinstance(tags, tuple), "tags are names"
    return tuple(dict.fromkeys(tag if tag in known else "-".join(tag.split()) for tag in tags))


def _folded(tags: tuple[str, ...]) -> set[str]:
    return {tag.casefold() for tag in tags}


def unfit_tag(tag: str) -> str:
    """Why linkding would not take a tag, spelled as it does; "" if it would."""
    if not tag.strip():
        return "A tag has to have a name; take out the empty one."
    # It would split the one and rename the other, and say that all is well.
    if "," in tag:
        return f'linkding takes a comma in a tag for its end; write "{tag}" without one.'
    if len(tag) > _LONGEST_TAG:
        return f'The tag "{tag[:20]}…" has {len(tag)} characters, and linkding takes {_LONGEST_TAG}; shorten it.'
    return ""


def unfit_title(title: str) -> str:
    """Why linkding would not take a title; "" if it would."""
    if not title.strip():
        return "A bookmark without a title shows its address; write a title, or delete it at linkding."
    if len(title) > _LONGEST_TITLE:
        return f"`title` has {len(title)} characters, and linkding takes {_LONGEST_TITLE}; shorten it."
    return ""
