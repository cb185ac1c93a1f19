"""Change the tags of a highlight or book one by one, as Readwise wants it: by ids that are good for that thing only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from vaultsync.errors import SourceError, Unreachable
from vaultsync.hookspecs import Edit
from vaultsync.http import Reply
from vaultsync.sources.readwise import settle, wire
from vaultsync.sources.readwise.reading import OWN_TAG
from vaultsync.sources.readwise.service import Service, Thing

_TRIES = 3  # to add one tag, looking after each whether it is there
_MOST_FRESH = 20


class TagChanges(msgspec.Struct, frozen=True):
    """What is left to do. added: names. removed: names, case folded. respelled: new spellings, by name case folded."""

    added: tuple[str, ...] = ()
    removed: frozenset[str] = frozenset()
    respelled: Mapping[str, str] = msgspec.field(default_factory=dict)


def tag_changes(edit: Edit, there: Iterable[str]) -> TagChanges:
    """What an edit changes in the tags that are there: three-way, as sets, whatever their case.

    >>> tag_changes(Edit("readwise:1", "", "tags", ("a", "b", "c"), ("A", "c", "d")), ("a", "b", "theirs"))
    TagChanges(added=('d',), removed=frozenset({'b'}), respelled={'a': 'A'})
    """
    before, after, present = (_by_name(tags) for tags in (edit.before, edit.after, there))
    return TagChanges(
        added=tuple(tag for name, tag in after.items() if name not in before and name not in present),
        removed=frozenset(name for name in before if name not in after and name in present),
        respelled={
            name: tag
            for name, tag in after.items()
            if name in before and before[name] != tag and present.get(name, tag) != tag
        },
    )


def retagged(there: Sequence[str], edit: Edit) -> tuple[str, ...]:
    """The tags there with an edit worked in: in their order, new ones behind.

    >>> retagged(("theirs", "b"), Edit("readwise:1", "", "tags", ("a", "b"), ("a", "mine")))
    ('theirs', 'mine')
    """
    changes = tag_changes(edit, there)
    stays = [tag for tag in there if tag.casefold() not in changes.removed]
    return settle.names([*(changes.respelled.get(tag.casefold(), tag) for tag in stays), *changes.added])


class Tagging:
    """Adds, removes and respells tags.

    Their ids come with every fresh look at a highlight or book, and a push looks before it sends; what was seen is
    remembered until it is used, once, so that it need not be asked for twice in a row.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._fresh: dict[Thing, list[wire.OwnTag]] = {}

    def remember(self, thing: Thing, tags: list[wire.OwnTag] | None) -> None:
        """Keep what was just seen."""
        self._fresh.pop(thing, None)
        if tags is not None:
            if len(self._fresh) >= _MOST_FRESH:
                del self._fresh[next(iter(self._fresh))]
            self._fresh[thing] = tags

    def changed(self, thing: Thing, edit: Edit, *, adding: bool = True) -> tuple[str, ...]:
        """Work an edit in, and return the names of the tags that are there then. Raises SourceError.

        adding: its new tags too, not only what it removes and respells.
        """
        there = [tag for tag in self._there(thing) if tag.name]
        changes = tag_changes(edit, [tag.name or "" for tag in there])
        added = [self._added(thing, name) for name in changes.added] if adding else []
        return settle.names([*(self._kept(thing, tag, changes) for tag in there), *added])

    def _there(self, thing: Thing) -> list[wire.OwnTag]:
        seen = self._fresh.pop(thing, None)
        return self._asked(thing) if seen is None else seen

    def _asked(self, thing: Thing) -> list[wire.OwnTag]:
        tags = self._service.tags(thing)
        if tags is None:
            raise SourceError(
                f"readwise: {thing.path} is gone. Its tags were not changed.",
                source="readwise",
                hint='"vaultsync export" brings the news.',
            )
        return tags

    def _kept(self, thing: Thing, tag: wire.OwnTag, changes: TagChanges) -> str | None:
        """Deal with a tag that is there; its name afterwards, None if it has none any more."""
        assert tag.name is not None
        path, name = f"{thing.path}tags/{tag.id}/", tag.name.casefold()
        if name in changes.removed:
            self._service.change("DELETE", path)
            return None
        wanted = changes.respelled.get(name, tag.name)
        if wanted == tag.name:
            return tag.name
        reply = self._service.change("PATCH", path, {"name": wanted})
        return None if reply is None else _name(reply) or self._found(thing, wanted)

    def _added(self, thing: Thing, name: str) -> str:
        """Add a tag once. If no answer comes it may be there all the same, so it is looked for before trying again."""
        for _ in range(_TRIES):
            try:
                reply = self._service.change("POST", f"{thing.path}tags/", {"name": name}, once=True)
            except Unreachable:
                reply = None
            spelled = (_name(reply) if reply else None) or self._found(thing, name)
            if spelled:
                return spelled
        raise Unreachable(
            f'readwise: {thing.path} did not get the tag "{name}": it was sent {_TRIES} times and is not there.',
            source="readwise",
            hint="It is tried again at the next run.",
        )

    def _found(self, thing: Thing, name: str) -> str | None:
        """Ask whether a tag is there, and how it is spelled."""
        return _by_name(tag.name or "" for tag in self._asked(thing)).get(name.casefold())


def _name(reply: Reply) -> str | None:
    """The tag's name as the service answers it; None if that is no answer."""
    tag, _problems = OWN_TAG.read(reply.body)
    return tag.name if tag else None


def _by_name(tags: Iterable[str]) -> dict[str, str]:
    """Spellings by name, case folded; of several the first."""
    spelled: dict[str, str] = {}
    for tag in tags:
        spelled.setdefault(tag.casefold(), tag)
    return spelled
