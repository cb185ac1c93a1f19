"""Save an address into Reader. https://readwise.io/reader_api, Document CREATE.

Reader can't be asked whether it has an address: only the answer to saving it tells (201 new, 200 known), and by then
a known document is back in the inbox. What else was sent is left aside for a known one.
"""

from __future__ import annotations

from typing import Any

import msgspec

from vaultsync.errors import ConfigError, UnexpectedReply
from vaultsync.hookspecs import Save, Saved
from vaultsync.http import Reply
from vaultsync.sources.readwise.service import Service

_MOVED_BACK = "Reader had it already, and has moved it back to the inbox; its title, tags and note are as they were."
_MOVED = "Reader had it already; it is in {} now, its title, tags and note are as they were."


class _Receipt(msgspec.Struct):
    id: str
    url: str = ""


def saved(service: Service, save: Save) -> Saved:
    """Save an address, and where Reader had it already, move it where it was asked to be.

    Raises SourceError; ConfigError for what Reader has no place for.
    """
    if save.unread or save.shared:
        why = "In Reader what is in the inbox is unread, and nothing is shared; leave out --unread and --shared."
        raise ConfigError("Reader can't save that. Nothing was saved.", hint=why)
    reply = service.saved(posted(save))
    receipt = _read(reply)
    if reply.status == 201:
        return Saved(f"reader:{receipt.id}", receipt.url, is_new=True)
    remark = _MOVED_BACK
    if save.location not in ("", "new"):
        service.change("PATCH", f"v3/update/{receipt.id}/", {"location": save.location})
        remark = _MOVED.format(save.location)
    return Saved(f"reader:{receipt.id}", receipt.url, is_new=False, remark=remark)


def posted(save: Save) -> dict[str, Any]:
    """What to send; what is empty is left out.

    >>> posted(Save("https://example.org/a", tags=("later",)))
    {'url': 'https://example.org/a', 'tags': ['later'], 'saved_using': 'vaultsync'}
    """
    fields = {
        "url": save.url,
        "title": save.title,
        "summary": save.summary,
        "notes": save.note,
        "tags": list(save.tags),
        "location": save.location,
        "html": save.html,
        # Else Reader wants a title and an author beside the page.
        "should_clean_html": bool(save.html),
        "saved_using": "vaultsync",
    }
    return {name: value for name, value in fields.items() if value}


def _read(reply: Reply) -> _Receipt:
    try:
        return msgspec.json.decode(reply.body, type=_Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnexpectedReply(
            "readwise: it was saved, but the answer does not say as what.",
            source="readwise",
            status=reply.status,
            hint="Look for it in Reader.",
        ) from error
