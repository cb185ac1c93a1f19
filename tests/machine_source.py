"""What happens to an account at its service, and the ledger's entry of it; see test_machine.py."""

from __future__ import annotations

from collections.abc import Callable

from tests.machine_case import TOKEN, World
from tests.machine_ledger import Ledger
from vaultsync.simulator.records import Book, Highlight

# What an account's owner does at the service: all it takes, and the thing it is done to.
HighlightNews = Callable[[World, Ledger, Highlight], None]
BookNews = Callable[[World, Ledger, Book], None]


# Things people highlight, "{}" being a word.
_PASSAGES = (
    "{} is said",
    "{} is said\n\nand {} \N{FAMILY}\u200d\N{PERSONAL COMPUTER} e\u0301",
    "---\n{}: said\n---",
    "```\n{}\n```",
    "> [!note] {}\n> said",
    "# {}\n- said ^not-an-anchor\n\t{}",
    "%% {} <!-- said",
)


def _text(world: World, ledger: Ledger, highlight: Highlight) -> None:
    first, second = world.word("t"), world.word("t")
    passage = _PASSAGES[int(first[1:-1]) % len(_PASSAGES)].format(first, second)
    world.library.edit_highlight_in_app(highlight.id, text=passage)
    ledger.source_did(f"rw{highlight.id}", "text", *(word for word in (first, second) if word in passage))


def _noted(lines: int, *, loud: bool = False, between: str = "\n") -> HighlightNews:
    """Give it a note of so many lines. loud: where it was made, which incremental exports show."""

    def news(world: World, ledger: Ledger, highlight: Highlight) -> None:
        words = [world.word("n") for _ in range(lines)]
        edit = world.library.edit_highlight_at_source if loud else world.library.edit_highlight_in_app
        edit(highlight.id, note=between.join(words))
        ledger.source_did(f"rw{highlight.id}", "note", *words, loud=loud)

    return news


def _tag(world: World, ledger: Ledger, highlight: Highlight) -> None:
    word = world.word("g")
    world.library.retag_in_app(highlight.id, add=[word])
    ledger.source_did(f"rw{highlight.id}", "tags", word, loud=False)


def _untag(world: World, ledger: Ledger, highlight: Highlight) -> None:
    world.library.retag_in_app(highlight.id, remove=[tag.name for tag in highlight.tags][:1])
    ledger.source_did(f"rw{highlight.id}", "tags", loud=False)


def _color(world: World, ledger: Ledger, highlight: Highlight) -> None:
    world.library.edit_highlight_in_app(highlight.id, color=world.word("c"))
    ledger.source_did(f"rw{highlight.id}", "color", loud=False)


def _agree(world: World, ledger: Ledger, highlight: Highlight) -> None:
    """What the vault's user has typed, they type here as well."""
    note = "\n".join(world.shown(f"rw{highlight.id}", "note") or ())
    if note:
        world.library.edit_highlight_in_app(highlight.id, note=note)
        ledger.shared |= set(TOKEN.findall(note))
        ledger.source_did(f"rw{highlight.id}", "note", *TOKEN.findall(note), loud=False)


def _delete(world: World, ledger: Ledger, highlight: Highlight) -> None:
    world.library.delete_highlight(highlight.id)
    ledger.source_did(f"rw{highlight.id}", "deleted")


HIGHLIGHT_NEWS: dict[str, HighlightNews] = {
    "text": _text,
    "note": _noted(1),
    "long note": _noted(2),
    "essay": _noted(3, between="\n\n"),
    "list": _noted(3, between="\n- "),
    "loud note": _noted(1, loud=True),
    "no note": _noted(0),
    "tag": _tag,
    "no tag": _untag,
    "color": _color,
    "agree": _agree,
    "delete": _delete,
}


def _title(world: World, ledger: Ledger, book: Book) -> None:
    word = world.word("b")
    world.library.edit_book(book.id, title=word)
    ledger.source_did(f"readwise:{book.id}", "title", word)


def _author(world: World, ledger: Ledger, book: Book) -> None:
    world.library.edit_book(book.id, author=world.word("b"))
    ledger.source_did(f"readwise:{book.id}", "author")


def _retag(world: World, ledger: Ledger, book: Book) -> None:
    word = world.word("b")
    world.library.edit_book(book.id, tags=[*[tag.name for tag in book.tags][1:], word])
    ledger.source_did(f"readwise:{book.id}", "tags", word)


def _delete_book(world: World, _: Ledger, book: Book) -> None:
    world.library.delete_book(book.id)


def _highlighted(location: int) -> BookNews:
    """Highlight something at a place in the book."""

    def news(world: World, ledger: Ledger, book: Book) -> None:
        text, note, tag = (world.word(kind) for kind in "tng")
        told = f"{text} is said"
        highlight = world.library.add_highlight(book, told, note=note, tags=[tag], location=location)
        for name, word in (("text", text), ("note", note), ("tags", tag)):
            ledger.source_did(f"rw{highlight.id}", name, word)

    return news


BOOK_NEWS: dict[str, BookNews] = {
    "title": _title,
    "author": _author,
    "tags": _retag,
    "delete": _delete_book,
    "first highlight": _highlighted(0),
    "last highlight": _highlighted(99),
}


def add_book(world: World, ledger: Ledger, highlights: int) -> None:
    """Buy a book and highlight in it."""
    title = world.word("b")
    book = world.library.add_book(title)
    ledger.source_did(f"readwise:{book.id}", "title", title)
    for number in range(highlights):
        _highlighted(number + 1)(world, ledger, book)
