"""The laws every source keeps, one test each. Only pytest is needed to run them; see `vaultsync.testing`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from vaultsync.accounts import Account
from vaultsync.errors import SourceError
from vaultsync.hookspecs import Edit, Page, Source
from vaultsync.host.answers import NAME
from vaultsync.host.fenced import Fenced
from vaultsync.host.names import Names
from vaultsync.host.wellformed import problem
from vaultsync.model import Document, Highlight
from vaultsync.testing.laws import arrived, law, plain, same
from vaultsync.testing.pulling import Pulled

Make = Callable[[], Source]
_NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
_PAGES = 5  # at so many ends of pages a listing is interrupted
# What is typed into the fields that are tried; `SourceContract.typed` may know better.
_TYPED = {"color": "blue", "published": "2026-01-31"}
_FIELDS = {
    "": ("note", "tags", "title", "author", "summary", "published"),
    "highlight": ("note", "tags", "text", "color"),
}


class SourceContract:
    """Inherit from it in a test module, under a name that begins with "Test", and say what `service` is."""

    # Whether the service can delete, so that its settings have on_local_delete.
    removes = True

    def service(self, tmp_path: Path) -> Make:
        """Return what makes the source, each time anew before the same service.

        The service holds two documents at least, one of them with two highlights, if it knows such a thing.
        """
        raise NotImplementedError("say what the service is: def service(self, tmp_path): return lambda: MySource(...)")

    def silent(self, tmp_path: Path) -> Make | None:  # noqa: ARG002  # for whoever overrides it
        """Return what makes the source before a service that does not answer, if you can."""
        return None

    def typed(self, edit: Edit) -> str | tuple[str, ...]:
        """What a user may have typed into a field, as the service would give it back. edit.after: a guess."""
        return edit.after

    # Who it is.

    def test_its_names_can_be_used(self, tmp_path: Path) -> None:
        """Name and prefixes are small letters, digits, dashes and underscores; it has a prefix at least."""
        source = self.service(tmp_path)()
        names = (source.name, *source.prefixes)
        law(all(NAME.fullmatch(name) for name in names), f"{names} are small letters, digits, - and _")
        law(bool(source.prefixes), "it has a prefix")

    def test_it_takes_its_token(self, tmp_path: Path) -> None:
        """A service in order says so by saying nothing."""
        answer: Any = self.service(tmp_path)().check_token()  # type: ignore[func-returns-value]
        law(answer is None, "check_token returns nothing")

    # Asking.

    def test_every_page_is_of_its_own(self, tmp_path: Path) -> None:
        """Keys have its prefixes, cursors and labels are text."""
        source, pages, _ = self._pulled(tmp_path)
        for page in pages:
            law(isinstance(page.cursor, str), f"the cursor {page.cursor!r} is text")
            for key in (*(piece.key for piece in page.pieces), *page.listed):
                law(key.partition(":")[0] in source.prefixes, f"{key} begins with one of {source.prefixes}")

    def test_interrupted_listing_goes_on_where_it_was(self, tmp_path: Path) -> None:
        """Whoever stops after a page, and goes on later from its cursor, ends with the same documents."""
        make = self.service(tmp_path)
        _, pages, whole = self._pulled(tmp_path, make)
        for number in range(1, min(len(pages), _PAGES) + 1):
            pulled = Pulled()
            list(islice(pulled.pulling(make()), number))
            pulled.pull(make())
            same(pulled.documents(make()), whole.documents(make()), f"after an interruption at page {number}")

    def test_without_news_nothing_changes(self, tmp_path: Path) -> None:
        """Asked again from the last cursor, it says nothing new."""
        make = self.service(tmp_path)
        _, _, pulled = self._pulled(tmp_path, make)
        before = pulled.documents(make())
        pulled.pull(make())
        same(pulled.documents(make()), before, "after a fetch without news")

    def test_known_digests_may_be_skipped(self, tmp_path: Path) -> None:
        """Listed again in full, with every digest known, it says nothing new, and counts what it skips."""
        make = self.service(tmp_path)
        _, first, pulled = self._pulled(tmp_path, make)
        before = pulled.documents(make())
        again = pulled.pull(make(), full=True)
        same(pulled.documents(make()), before, "after a full listing without news")
        had = sum(piece.digest is not None for page in first for piece in page.pieces)
        got = sum(len(page.pieces) + page.unchanged for page in again)
        law(got >= had, f"{had} pieces came with a digest; of {got} it was heard again, or counted as unchanged")

    def test_complete_listing_names_everything(self, tmp_path: Path) -> None:
        """A listing that names all documents names those it sent, and counts them."""
        _, pages, _ = self._pulled(tmp_path)
        for listing in (page.listing for page in pages if page.listing is not None and page.listing.names_all):
            listed = {key for page in pages for key in page.listed if key.startswith(listing.prefix)}
            sent = {piece.key for page in pages for piece in page.pieces if piece.key.startswith(listing.prefix)}
            law(sent <= listed, f"{sent - listed} were sent, but not listed")
            law(listing.count == len(listed), f"{len(listed)} were listed, and {listing.count} counted")

    def test_two_accounts_of_a_kind_are_apart(self, tmp_path: Path) -> None:
        """Asked in turn, one under its own name and one under another, each tells what it tells alone."""
        make = self.service(tmp_path)
        source, _, alone = self._pulled(tmp_path, make)
        names = Names(Account("another-one", source.name))
        both = [(make(), Pulled()), (Fenced(names.account, make), Pulled())]
        for _ in zip_longest(*(pulled.pulling(one) for one, pulled in both)):
            pass
        wanted = alone.documents(source)
        renamed = {names.key(identity): names.document(document) for identity, document in wanted.items()}
        for (one, pulled), documents in zip(both, (wanted, renamed), strict=True):
            same(pulled.documents(one), documents, "asked in turn with another account")

    def test_one_document_can_be_asked_for(self, tmp_path: Path) -> None:
        """Asked for one key, it tells of that document, and of no other."""
        make = self.service(tmp_path)
        source, _, pulled = self._pulled(tmp_path, make)
        before = pulled.documents(source)
        for identity in list(before)[:3]:
            home = pulled.homes[identity]
            pages = pulled.pull(make(), only=pulled.keys(home))
            told = {pulled.homes[piece.key] for page in pages for piece in page.pieces}
            law(told == {home}, f"asked for {identity}, it told of {told}")
        same(pulled.documents(source), before, "after documents were asked for by name")

    def test_what_was_listed_is_there(self, tmp_path: Path) -> None:
        """Asked whether it still has what it just listed, it has."""
        source, pages, _ = self._pulled(tmp_path)
        for key in islice((key for page in pages for key in page.listed), 5):
            law(source.still_there(key) is True, f"{key} is still there")

    def test_service_that_does_not_answer_is_a_source_error(self, tmp_path: Path) -> None:
        """Then pages raises a SourceError that says what to do."""
        make = self.silent(tmp_path)
        if make is None:
            import pytest

            pytest.skip("say what makes it before a silent service: def silent(self, tmp_path)")
        try:
            Pulled().pull(make())
        except SourceError as error:
            law(error.message.endswith(".") and bool(error.hint), f"{error.message!r} is a sentence, with a hint")
        else:
            law(False, "a service that does not answer is a SourceError")

    # Records.

    def test_absorbing_is_pure_and_twice_is_once(self, tmp_path: Path) -> None:
        """The same piece gives the same bytes; worked in again, it changes nothing."""
        source, pages, _ = self._pulled(tmp_path)
        for piece in (piece for page in pages for piece in page.pieces):
            once = source.absorb(None, piece)
            law(isinstance(once, bytes), f"the record of {piece.key} is bytes")
            law(source.absorb(None, piece) == once, f"absorbing {piece.key} is pure")
            law(source.absorb(once, piece) == once, f"absorbing {piece.key} twice is once")

    def test_documents_are_in_order(self, tmp_path: Path) -> None:
        """Each is a valid document of this source, the same whenever it is read, with ids of its own."""
        source, _, pulled = self._pulled(tmp_path)
        law(len(pulled.records) > 1, "the service holds two documents")
        names: Counter[str] = Counter()
        for record in pulled.records.values():
            document = source.document(record)
            law(not problem(document), f"{document.id} is in order, but {problem(document)}")
            law(source.document(record) == document, f"{document.id} is the same whenever it is read")
            law(source.identity(record) == document.id, f"{source.identity(record)} is {document.id}")
            law(document.source == source.name, f"{document.id} names its source, {source.name}")
            law(pulled.homes.get(document.id) is not None, f"{document.id} is a key it goes by")
            for answer in (source.wanted(document), source.listable(document)):
                law(isinstance(answer, bool), "wanted and listable answer True or False")
            names.update(highlight.block_id for highlight in document.highlights)
        twice = [name for name, count in names.items() if count > 1]
        law(not twice, f"no two highlights have one block id, as {twice} do")

    def test_a_note_can_be_made_of_every_document(self, tmp_path: Path) -> None:
        """The default template takes it."""
        from vaultsync.rendering.templates import load, ready

        source, _, pulled = self._pulled(tmp_path)
        templates = ready(load(tmp_path, ""), {})
        for document in pulled.documents(source).values():
            law(document.id in templates.render(document, now=_NOW).text, f"a note of {document.id} bears its id")

    def test_joining_a_record_with_itself_changes_nothing(self, tmp_path: Path) -> None:
        """Nor does it lose anything."""
        source, _, pulled = self._pulled(tmp_path)
        for record in pulled.records.values():
            document = source.document(record)
            same({document.id: source.document(source.joined(record, record))}, {document.id: document}, "joined")

    def test_document_without_any_of_its_keys_is_deleted(self, tmp_path: Path) -> None:
        """Of what is gone at the service, the record says so; said twice is said once."""
        source, _, pulled = self._pulled(tmp_path)
        for home, record in pulled.records.items():
            for key in pulled.keys(home):
                record = source.without(record, key)
                law(source.without(record, key) == record, f"without {key} twice is once")
            law(source.document(record).deleted, f"{home} is deleted once all its keys are gone")

    # Changing.

    def test_refusals_are_sentences(self, tmp_path: Path) -> None:
        """What can't be sent is refused with a sentence that says what to do; of what is gone, everything is."""
        source, _, pulled = self._pulled(tmp_path)
        for document in pulled.documents(source).values():
            gone = msgspec.structs.replace(document, deleted=True)
            for edit in self._edits(document):
                for said in (source.refusal(document, edit), source.command(edit), source.refusal(gone, edit)):
                    law(isinstance(said, str), f"what is said of {edit.field} is text")
                    law(not said or said.rstrip("`\"')").endswith((".", "?")), f"{said!r} is a sentence")
                law(bool(source.refusal(gone, edit)), f"{edit.field} of a document that is gone is refused")

    def test_fresh_look_changes_nothing_if_nothing_changed(self, tmp_path: Path) -> None:
        """Nothing can be told from nothing new."""
        source, _, pulled = self._pulled(tmp_path)
        for record, edit in self._sendable(source, pulled):
            looked = {edit.document: source.document(source.refreshed(record, edit.owner))}
            same(looked, {edit.document: source.document(record)}, "after a fresh look")

    def test_edit_that_is_sent_is_there(self, tmp_path: Path) -> None:
        """The answer, a fresh look and a new listing all say what was typed."""
        make = self.service(tmp_path)
        source, _, pulled = self._pulled(tmp_path, make)
        for record, edit in list(self._sendable(source, pulled)):
            what = f"{edit.field} of {edit.document}{f', highlight {edit.owner}' if edit.owner else ''}"
            fresh = source.refreshed(record, edit.owner)
            answered = source.applied(fresh, edit)
            arrived(source.document(answered), edit, f"the answer to {what}")
            arrived(source.document(source.refreshed(answered, edit.owner)), edit, f"a fresh look at {what}")
            again = Pulled()
            again.pull(make())
            arrived(again.documents(source)[edit.document], edit, f"a new listing after {what}")

    def test_what_is_removed_is_gone_and_can_be_made_again(self, tmp_path: Path) -> None:
        """A highlight that was deleted is gone, of a document one of its keys at least; or a sentence says why not."""
        source, _, pulled = self._pulled(tmp_path)
        owners = {edit.owner: record for record, edit in self._sendable(source, pulled)}
        for owner, record in owners.items() if self.removes else ():
            fresh = source.refreshed(record, owner)
            try:
                gone = source.document(source.removed(fresh, owner))
            except SourceError as error:
                law(error.message.endswith("."), f"{error.message!r} is a sentence")
                continue
            if owner:
                law(all(one.id != owner for one in gone.live), f"the highlight {owner} is gone")
            else:
                keys = pulled.keys(pulled.homes[gone.id])
                law(gone.deleted or not all(map(source.still_there, keys)), f"{gone.id} is gone, or a part of it")
            source.recreate(fresh, owner)

    # What the laws are tried on.

    def _pulled(self, tmp_path: Path, make: Make | None = None) -> tuple[Source, list[Page], Pulled]:
        source, pulled = (make or self.service(tmp_path))(), Pulled()
        return source, pulled.pull(source), pulled

    def _edits(self, document: Document) -> Iterator[Edit]:
        """An edit of each field, of the document and of its first highlight."""
        owners: list[tuple[str, Document | Highlight]] = [("", document)]
        owners += [(highlight.id, highlight) for highlight in document.live[:1]]
        for name, owner in owners:
            for field in _FIELDS["highlight" if name else ""]:
                before = plain(getattr(owner, field))
                guess = (*before, "contract") if isinstance(before, tuple) else _TYPED.get(field, f"{before} Typed")
                edit = Edit(document.id, name, field, before, guess)
                yield replace(edit, after=self.typed(edit))

    def _sendable(self, source: Source, pulled: Pulled) -> Iterator[tuple[bytes, Edit]]:
        """One edit of each field the source takes, of documents and of highlights, with the record it is of."""
        seen: set[tuple[bool, str]] = set()
        for record in pulled.records.values():
            document = source.document(record)
            for edit in self._edits(document):
                kind = (bool(edit.owner), edit.field)
                if kind not in seen and not source.refusal(document, edit):
                    seen.add(kind)
                    yield record, edit
