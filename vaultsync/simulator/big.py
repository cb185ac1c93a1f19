"""Make libraries as large as a benchmark wants them, the same ones every time.

Like a real account of that size: highlights of 300 characters on average, 30 % with a note, 40 % with tags, 2 %
of the titles twice, some CJK, Cyrillic and accented text; about 22 KB of JSON for a book of 25.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from vaultsync.simulator.library import Library
from vaultsync.simulator.records import Book, Highlight, Tag

# fmt: off
_WORDS = (
    "the", "of", "a", "lamp", "river", "morning", "because", "paper", "never", "quite", "letter", "window",
    "whoever", "stone", "answers", "kept", "under", "harbour", "slowly", "in", "and", "to", "is", "that",
    "which", "memory", "house", "winter", "reader", "forgets", "sentence", "margin", "ink", "salt", "bridge",
    "garden", "measure", "silence", "between", "we", "they", "carried", "found", "again", "until", "weather",
    "table", "voice", "map", "nothing", "already",
)
# fmt: on
_FOREIGN = (
    "Каждое утро он выходил к реке и считал лодки.",
    "雨の音だけが、長い手紙のように続いていた。",
    "L’été s’achève ; déjà les façades ont pâli, à côté du marché.",
    "Die Fähre fährt über den Fluß, früh, bevor die Züge gehen.",
    "El señor del añil soñó con pingüinos y cigüeñas.",
    "书页之间夹着一片去年的银杏叶。",
)
_TAGS = ("philosophy", "history of science", "favorite", "2024", "writing/craft", "economics", "nature", "Übersicht")
_COLORS = ("yellow", "blue", "pink", "orange")
_START = datetime(2019, 1, 5, 7, 30, tzinfo=UTC)


def big_library(books: int, highlights_per_book: int, *, seed: int = 7) -> Library:
    """Return a library of Kindle books, highlights_per_book in each."""
    library, chance = Library(seed=seed), Random(seed)
    phrases = [_phrase(chance) for _ in range(600)]
    titles: list[str] = []
    for number in range(books):
        is_twin = bool(titles) and chance.random() < 0.02
        titles.append(chance.choice(titles) if is_twin else _title(number, chance))
        made = _START + timedelta(hours=number * 5 % 50_000, microseconds=chance.randrange(1_000_000))
        book = Book(id=library.new_id("book"), title=titles[-1], updated=made, changed=made)
        book.author = chance.choice(("Ines Halloran", "Анна Белова", "夏目 一郎", "José Núñez", "T. Rey & P. Raman"))
        book.asin = f"B{number:09d}"
        book.highlights = [_highlight(library, book, chance, phrases) for _ in range(highlights_per_book)]
        for place, highlight in enumerate(book.highlights):
            highlight.location = 40 + place * 17
        book.updated = book.changed = max((h.updated for h in book.highlights), default=made)
        library.shelve(book)
    return library


def _highlight(library: Library, book: Book, chance: Random, phrases: list[str]) -> Highlight:
    marked = book.updated + timedelta(minutes=chance.randrange(40_000))
    highlight = Highlight(
        id=library.new_id("highlight"),
        book_id=book.id,
        text=" ".join(chance.choices(phrases, k=chance.randint(2, 6))),
        created=marked,
        updated=marked,
        highlighted_at=marked.replace(second=0, microsecond=0),
        location_type="location",
        color=chance.choice(_COLORS),
    )
    if chance.random() < 0.3:
        highlight.note = " ".join(chance.choices(phrases, k=2))
    if chance.random() < 0.4:
        names = dict.fromkeys(chance.choices(_TAGS, k=chance.randint(1, 5)))
        highlight.tags = [Tag(id=library.new_id("tag"), name=name) for name in names]
    return highlight


def _phrase(chance: Random) -> str:
    if chance.random() < 0.06:
        return chance.choice(_FOREIGN)
    words = " ".join(chance.choices(_WORDS, k=chance.randint(9, 18)))
    return words.capitalize() + "."


def _title(number: int, chance: Random) -> str:
    first, second = chance.sample(_WORDS[1:], 2)
    foreign = chance.choice((" в снегу", "の書", ": Élégies", "")) if number % 9 == 0 else ""
    return f"{first.capitalize()} and {second.capitalize()} {number}{foreign}"
