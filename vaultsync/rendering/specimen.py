"""Made-up documents that show what a template does before it meets a real one. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from msgspec.structs import replace

from vaultsync.lens.inverse import Value, same_text
from vaultsync.model import EXTRA, PUBLISHED, Document, Highlight

_WHEN = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)

# Keys that services fill; templates may ask for any of them, so a specimen has them all.
_DOCUMENT_EXTRA = [
    "source",
    "reader_source",
    "asin",
    "readable_title",
    "unique_url",
    "external_id",
    "reader_url",
    "reading_time",
    "listening_time",
    "saved_at",
    "first_opened_at",
    "last_opened_at",
    "last_moved_at",
    # Of bookmarks.
    "website_title",
    "website_description",
    "web_archive_snapshot_url",
    "favicon_url",
    # Of reviews.
    "review",
    "day",
    "completed",
]


# Truth values among them.
FLAGS = ("unread", "shared", "is_archived")


class Names(dict[str, Any]):
    """Every name a service fills; any other is a mistake in the template."""


_HIGHLIGHT_EXTRA: Mapping[str, str | None] = {
    **dict.fromkeys(("end_location", "external_id")),
    # Of one in a review.
    **{"document": "specimen:1", "title": "A Title", "author": "An Author", "link": "A Title#^rw1"},
}


def _rich_highlight(number: int) -> Highlight:
    return Highlight(
        id=str(number),
        block_id=f"rw{number}",
        text=f"A passage, number {number}.\n\nIts second paragraph.",
        note="What I thought.\n\nAnd then again.",
        tags=("to read", "2024"),
        color="yellow",
        location=number,
        location_type="page",
        url="https://example.org/passage",
        service_url="https://example.org/open",
        highlighted_at=_WHEN,
        created=_WHEN,
        updated=_WHEN,
        favorite=number == 1,
        extra=Names({**_HIGHLIGHT_EXTRA, **({} if number % 2 else {"link": ""})}),
    )


def specimens(category: str) -> tuple[Document, ...]:
    """Three documents of a category: everything given, nothing given, and no highlights."""
    rich = Document(
        id="specimen:1",
        title="A Title: with a colon",
        author="An Author",
        category=category,
        source="specimen",
        account="specimen",
        url="https://example.org/",
        service_url="https://example.org/service",
        cover="https://example.org/cover.png",
        cover_file="cover-0dee0bc371a3ec81.png",
        summary="In short.",
        note="My note on all of it.",
        tags=("philosophy/stoicism", "2024"),
        highlights=(_rich_highlight(1), _rich_highlight(2)),
        published=date(2024, 2, 29),
        created=_WHEN,
        updated=_WHEN,
        location="later",
        view="later",
        site_name="example.org",
        word_count=1200,
        reading_progress=0.5,
        content="The full text.",
        extra=Names({**dict.fromkeys(_DOCUMENT_EXTRA, ""), **dict.fromkeys(FLAGS, True)}),
    )
    bare = Document(
        id="specimen:2",
        title="",
        category=category,
        highlights=(Highlight(id="3", block_id="rw3", text="", extra=Names.fromkeys(_HIGHLIGHT_EXTRA)),),
        extra=Names({**dict.fromkeys(_DOCUMENT_EXTRA), **dict.fromkeys(FLAGS, False)}),
    )
    extra = Names.fromkeys((*_DOCUMENT_EXTRA, *FLAGS))
    unread = Document(id="specimen:3", title="Unread", category=category, extra=extra)
    return rich, bare, unread


_T = TypeVar("_T")

_WORDS = (
    *("time", "river", "stone", "quiet", "memory", "old", "letter", "winter", "Größe", "naïveté", "мысль", "道"),
    *("[[Marcus Aurelius]]", "**so**", "==yes==", "#idea", "(c)", "https://example.org/?q=1&r=(2)"),
)
# What stands between words, and between the values of many a template.
_JOINTS = (", ", ": ", " - ", "; ", " — ", "? ")
_TAGS = ("to read", "2024", "philosophy/ethics", "favorite", "Ideas", "été")
_NEW_TAGS = ("new", "idea-2", "deep/er")
_LINKS = (
    "https://example.org/",
    "https://example.org/a_(b)?c=d,e",
    "https://example.net/x-y",
    "http://example.com/1#2",
)
# Fields that hold one of a few words.
_NAMED: Mapping[str, tuple[str, ...]] = {
    "color": ("yellow", "blue", "pink", "orange", "green", "purple"),
    "category": ("books", "articles", "tweets", "podcasts", "emails", "videos"),
    "location": ("new", "later", "shortlist", "archive"),
    "url": _LINKS,
    "cover": _LINKS,
}
_SEVERAL = ("note", "summary")
_LONG = ("One thing and another. " * 40, "Quite another story. " * 40)


def long_texts(name: str) -> tuple[str, str]:
    """Two texts for a field of this name, too long for whatever cuts texts; tags without blanks."""
    if name.startswith(EXTRA):
        return "true", "false"
    if name == PUBLISHED:
        return "2024-02-29", "2025-12-31"
    one, other, *_ = _NEW_TAGS if name == "tags" else _NAMED.get(name, _LONG)
    return one, other


class Chance:
    """Choices as if by chance, the same ones every time."""

    def __init__(self) -> None:
        self._state = 1

    def below(self, count: int) -> int:
        """A number from 0 on, less than count."""
        # A linear congruential generator with Knuth's constants (MMIX); its high bits are the good ones.
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return (self._state >> 33) % count

    def pick(self, choices: Sequence[_T]) -> _T:
        """One of the choices."""
        return choices[self.below(len(choices))]


class Specimens:
    """Documents of a category, and values to type into their notes, with all that makes reading them back hard.

    joints: what a template prints between values, so that there are values with that inside.
    """

    def __init__(self, category: str) -> None:
        self.chance = Chance()
        self.joints: tuple[str, ...] = ()
        self._category = category

    def document(self) -> Document:
        """Another document: with up to three highlights, and some fields empty."""
        rich, bare, _ = specimens(self._category)
        made: dict[str, Any] = {name: self._some(name) for name in ("author", "summary", "note", "url", "cover")}
        made["highlights"] = tuple(self._highlight(number + 1) for number in range(self.chance.pick((2, 3, 1, 2, 0))))
        return replace(
            self.chance.pick((rich, rich, bare)),
            title=self._line(),
            tags=self._tags(),
            location=self._some("location"),
            **made,
        )

    def _highlight(self, number: int) -> Highlight:
        made: dict[str, Any] = {name: self._some(name) for name in ("note", "color", "url")}
        return replace(
            _rich_highlight(number),
            text=self.value("text", several=True),
            tags=self._tags(),
            location=self.chance.pick((None, 7 * number)),
            favorite=not self.chance.below(4),
            **made,
        )

    def _some(self, name: str) -> str:
        """A value or, a third of the time, none."""
        return self.value(name, several=name in _SEVERAL) if self.chance.below(3) else ""

    def value(self, name: str, *, several: bool = False) -> str:
        """A text for a field of this name. several: it may have more than one line."""
        if name in _NAMED:
            return self.chance.pick(_NAMED[name])
        if not several or self.chance.below(2):
            return self._line()
        between = self.chance.pick(("\n", "\n\n", "\n- "))
        return between.join(self._line() for _ in range(2 + self.chance.below(2)))

    def _line(self) -> str:
        words = [self.chance.pick(_WORDS) for _ in range(2 + self.chance.below(5))]
        start = self.chance.pick(("", "", "", "", "- ", "1. "))
        return start + words[0] + self._joint() + " ".join(words[1:])

    def _joint(self) -> str:
        """What stands between two words: mostly what the template has between values, if there is such a thing."""
        kind = self.chance.below(4)
        return " " if not kind else self.chance.pick(self.joints if self.joints and kind > 1 else _JOINTS)

    def _tags(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.chance.pick(_TAGS) for _ in range(self.chance.below(4))))

    def other(self, name: str, was: Value, *, several: bool = False) -> Value:
        """What a user makes of a field's value: something else, a bit more, or nothing."""
        if name.startswith(EXTRA):
            return "false" if was == "true" else "true"
        if name == PUBLISHED:
            return self.chance.pick(("2024-03-01", "1999-12-31", "0987-06-05"))
        while True:
            new = self._other_tags(was) if isinstance(was, tuple) else self._other_text(name, was, several)
            if isinstance(new, tuple) or isinstance(was, tuple):
                if set(new) != set(was):
                    return new
            elif not same_text(new, was):
                return new

    def _other_tags(self, was: tuple[str, ...]) -> tuple[str, ...]:
        kept = tuple(name for name in was if self.chance.below(2))
        return (*kept, self.chance.pick(_NEW_TAGS)) if self.chance.below(3) else kept

    def _other_text(self, name: str, was: str, several: bool) -> str:
        kind = self.chance.below(8)
        if not kind:
            return ""
        if name in _NAMED or not was or kind < 3:
            return self.value(name, several=several)
        if kind == 3:
            return self._line() + self._joint() + was
        if kind == 4 and several:
            return was + self.chance.pick(("\n", "\n\n", "\n- ")) + self._line()
        return was + self._joint() + self.chance.pick(_WORDS)
