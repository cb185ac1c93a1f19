"""Save an address into linkding. https://linkding.link/api, Create, Check.

An address that is sent again is overwritten: what is not said of it anew is emptied. So linkding is asked first
whether it has it, and what it has is only ever added to, and only where that is asked for.
"""

from __future__ import annotations

from typing import Any

from vaultsync.errors import ConfigError
from vaultsync.hookspecs import Save, Saved
from vaultsync.sources.linkding import sendable
from vaultsync.sources.linkding.documents import ARCHIVE, page_of
from vaultsync.sources.linkding.record import KEY, KeptBookmark, settled
from vaultsync.sources.linkding.service import Service

_LEFT = "linkding has it already. It was left as it is; --again adds to it what you give."
_NOTHING = "linkding has it already, with all of that; nothing was sent."
_ADDED = "linkding had it already; added: {}."
_KEPT = " Its {} stayed."


def saved(service: Service, save: Save, base_url: str) -> Saved:
    """Save an address, or add to what linkding has of it. Raises SourceError, ConfigError."""
    _refuse(save)
    known = service.known(save.url)
    if known is not None:
        return _again(service, save, settled(known), base_url)
    made = service.saved(posted(save))
    if save.location == ARCHIVE and not made.is_archived:  # versions that take no such word with a new bookmark
        service.moved(str(made.id), to_archive=True)
    return Saved(f"{KEY}{made.id}", page_of(made.id, base_url), is_new=True)


def posted(save: Save) -> dict[str, Any]:
    """What to send of a new address; what is empty is left out, for linkding to fill in from the page.

    >>> posted(Save("https://example.org/a", tags=("to read",), unread=True))
    {'url': 'https://example.org/a', 'tag_names': ['to-read'], 'unread': True}
    """
    fields = {
        "url": save.url,
        "title": save.title,
        "description": save.summary,
        "notes": save.note,
        "tag_names": list(sendable.spelled(save.tags)),
        "unread": save.unread,
        "shared": save.shared,
        "is_archived": save.location == ARCHIVE,
    }
    return {name: value for name, value in fields.items() if value}


def added(save: Save, kept: KeptBookmark) -> dict[str, Any]:
    """What to change of a bookmark so that all of this is said of it, and nothing it says is lost."""
    there = {tag.casefold() for tag in kept.tags}
    tags = [tag for tag in sendable.spelled(save.tags) if tag.casefold() not in there]
    note = save.note.strip() if save.note.strip() not in kept.notes else ""
    fields = {
        "title": save.title if not kept.title else "",
        "description": save.summary if not kept.description else "",
        "notes": f"{kept.notes}\n\n{note}".strip() if note else "",
        "tag_names": [*kept.tags, *tags] if tags else [],
        "unread": save.unread and not kept.unread,
        "shared": save.shared and not kept.shared,
    }
    return {name: value for name, value in fields.items() if value}


def _again(service: Service, save: Save, kept: KeptBookmark, base_url: str) -> Saved:
    """Deal with an address that linkding has."""
    done = Saved(f"{KEY}{kept.id}", page_of(kept.id, base_url), is_new=False, left=True, remark=_LEFT)
    if not save.again:
        return done
    changes, moves = added(save, kept), save.location == ARCHIVE and not kept.is_archived
    if changes:
        service.patched(str(kept.id), changes)
    if moves:
        service.moved(str(kept.id), to_archive=True)
    names = [*(_CALLED.get(name, name) for name in changes), *(["archived"] if moves else [])]
    remark = _ADDED.format(", ".join(names)) if names else _NOTHING
    had = (("title", save.title, kept.title), ("summary", save.summary, kept.description))
    stayed = [name for name, given, there in had if given and there and given != there]
    return Saved(
        done.key, done.service_url, is_new=False, remark=remark + (_KEPT.format(" and ".join(stayed)) if stayed else "")
    )


_CALLED = {"description": "summary", "notes": "note", "tag_names": "tags"}


def _refuse(save: Save) -> None:
    """Raise ConfigError for what linkding has no place for, before anything is sent."""
    unfit = [sendable.unfit_tag(tag) for tag in sendable.spelled(save.tags)]
    if save.title:
        unfit.append(sendable.unfit_title(save.title))
    if save.location not in ("", ARCHIVE):
        unfit.append(f'linkding has no place called "{save.location}"; it has an archive (--archived), and --unread.')
    if save.html:
        unfit.append("linkding takes no pages, only addresses; leave out --html.")
    why = next(filter(None, unfit), "")
    if why:
        raise ConfigError("linkding can't save that. Nothing was saved.", hint=why)
