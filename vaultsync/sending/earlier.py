"""What highlights said before their last news, as a copy of a block from back then still does. No I/O.

A block may be copied, and then only one of the copies gets news. If that one is deleted, the other stands for the
highlight, and what it says looks like an edit that takes the news back. So digests of earlier values are kept beside
the aliases of an entry, and such an edit is not sent.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from hashlib import blake2b

from vaultsync.hookspecs import Edit
from vaultsync.model import Document, Highlight, Value
from vaultsync.sending.aliases import Alias

# Fields of aliases: digests of values the source had before, oldest first; and: its block stood in its note twice.
EARLIER, COPIED = "earlier", "copied"
_KEPT = 40


def with_earlier(aliases: Iterable[Alias], was: Document, now: Document) -> tuple[Alias, ...]:
    """The aliases, with what the news of highlights take the place of. was, now: as the note spells them."""
    known = {one.id: one for one in was.highlights}
    gone = {one.id: _replaced(known[one.id], one) for one in now.highlights if one != known.get(one.id, one)}
    kept = {one.owner: one.ours for one in aliases if one.field == EARLIER}
    told = {
        owner: Alias(owner, EARLIER, "", tuple(dict.fromkeys((*kept.get(owner, ()), *more)))[-_KEPT:])
        for owner, more in gone.items()
        if more
    }
    return (*(one for one in aliases if one.field != EARLIER or one.owner not in told), *told.values())


def with_copied(aliases: Iterable[Alias], copies: Iterable[str], *, unsent: bool) -> tuple[Alias, ...]:
    """The aliases, with highlights whose block stands in its note twice. unsent: the note says other than the source.

    While it does, one that stood there twice may be what is left.
    """
    before = {one.owner for one in aliases if one.field == COPIED} if unsent else set()
    told = (Alias(owner, COPIED, "", "") for owner in sorted(before.union(copies)))
    return (*(one for one in aliases if one.field != COPIED), *told)


def says_what_was(aliases: Iterable[Alias], edit: Edit, *, elsewhere: Collection[str]) -> bool:
    """Whether an edit is what a copy from before the news would say. elsewhere: owners of blocks in other notes."""
    mine = [one for one in aliases if one.owner == edit.owner]
    copied = edit.owner in elsewhere or any(one.field == COPIED for one in mine)
    return copied and any(_digest(edit.field, edit.after) in one.ours for one in mine if one.field == EARLIER)


def _replaced(was: Highlight, now: Highlight) -> tuple[str, ...]:
    names = (name for name in was.__struct_fields__ if getattr(was, name) != getattr(now, name))
    values = ((name, getattr(was, name)) for name in names)
    return tuple(_digest(name, value) for name, value in values if isinstance(value, str | tuple))


def _digest(field: str, value: Value) -> str:
    """Of a value; tags in any order and case are the same."""
    same = sorted(tag.casefold() for tag in value) if isinstance(value, tuple) else value
    return blake2b(json.dumps([field, same]).encode(), digest_size=6).hexdigest()
