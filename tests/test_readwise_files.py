"""The files Reader was given, fetched from its storage: another host, a signed address, and no token."""

from __future__ import annotations

import pytest

from tests.export_case import Reading, reader
from tests.readwise_case import Pushing, source_of
from vaultsync.errors import SourceError
from vaultsync.hookspecs import Asset
from vaultsync.simulator import Library, Simulator
from vaultsync.simulator.faults import cut_off, status
from vaultsync.simulator.records import Book, ReaderDocument

__all__ = ["reader"]
pytest_plugins = ("tests.simulator_case", "tests.readwise_case")

PDF = b"%PDF-1.7 " + bytes(range(256)) * 4096


@pytest.fixture
def paper(library: Library) -> ReaderDocument:
    return library.add_reader_document("On Noise", category="pdf", location="later", raw_file=PDF)


@pytest.fixture
def filing(paper: ReaderDocument, book: Book, simulator: Simulator) -> Pushing:
    """A source that has pulled a paper with a file, and a book that Reader does not have."""
    del paper, book
    return Pushing(simulator)


@pytest.fixture
def shelf(reader: Reading) -> tuple[Reading, ReaderDocument]:
    """A person whose vault has a note of a paper that was uploaded to Reader."""
    reader.configure(source='documents = "all"')
    paper = reader.library.add_reader_document("On Noise", category="pdf", location="later", raw_file=PDF)
    reader.export()
    return reader, paper


def test_the_command_brings_it_beside_the_note_once(shelf: tuple[Reading, ReaderDocument]) -> None:
    reader, paper = shelf
    name = f"On Noise (readwise-{paper.id}).pdf"
    assert reader.run("assets", "On Noise.md", "--download").out == f"Downloaded: {name}\n"
    assert (reader.vault / name).read_bytes() == PDF
    reader.library.highlight_in_reader(paper.id, "Quiet is a material.")
    reader.export()
    assert 'vaultsync_id: "readwise:' in reader.text("On Noise.md")
    (reader.vault / "Files").mkdir()
    (reader.vault / name).rename(reader.vault / "Files" / name)
    reader.simulator.log.clear()
    assert reader.run("assets", "On Noise.md", "--download").out == f"In the vault already: Files/{name}\n"
    assert [one.path for one in reader.simulator.log] == ["/api/v3/list/"]


def test_what_is_larger_than_the_limit_or_cut_off_leaves_nothing(shelf: tuple[Reading, ReaderDocument]) -> None:
    reader, paper = shelf
    paths = set(reader.contents())
    reader.simulator.faults.order(cut_off(), path="/storage/")
    assert reader.run("assets", "On Noise.md", "--download").code == 1
    paper.raw_file = PDF * 2
    assert reader.run("assets", "On Noise.md", "--download", "--limit", "1").code == 3
    assert set(reader.contents()) == paths


def test_a_review_has_no_files(shelf: tuple[Reading, ReaderDocument]) -> None:
    reader, paper = shelf
    reader.library.highlight_in_reader(paper.id, "Quiet is a material.")
    reader.export()
    reader.run("review")
    [review] = [path for path in reader.paths() if "Reviews" in path]
    assert "has no files." in reader.run("assets", review).out


def fetched(pushing: Pushing, thing: ReaderDocument, asset: Asset) -> bytes:
    with pushing.source.downloaded(pushing.record(thing), asset) as chunks:
        return b"".join(chunks)


def test_the_file_of_a_document_is_listed_and_fetched(filing: Pushing, paper: ReaderDocument) -> None:
    [asset] = filing.source.assets(filing.record(paper))
    assert asset == Asset(paper.id, "On Noise", "application/pdf", None, "complete", "pdf")
    assert fetched(filing, paper, asset) == PDF
    assert filing.requests == ["GET v3/list/", "GET v3/list/", f"GET /storage/{paper.id}/source.pdf"]


@pytest.mark.parametrize(
    ("category", "kind"), [("epub", "application/epub+zip"), ("article", "text/html"), ("email", "text/html")]
)
def test_a_file_is_of_what_its_document_is(simulator: Simulator, library: Library, category: str, kind: str) -> None:
    one = library.add_reader_document("A", category=category, location="new", html_content="<p>x</p>")
    pushing = Pushing(simulator)
    [asset] = pushing.source.assets(pushing.record(one))
    assert (asset.content_type, asset.kind) == (kind, category)


def test_the_token_goes_to_the_api_and_not_to_the_storage(
    filing: Pushing, paper: ReaderDocument, simulator: Simulator
) -> None:
    [asset] = filing.source.assets(filing.record(paper))
    fetched(filing, paper, asset)
    # The simulator refuses, as the storage does, what brings both a signature and a token.
    assert [one.status for one in simulator.log] == [200, 200, 200]


def test_an_address_that_has_expired_is_asked_for_anew(
    filing: Pushing, paper: ReaderDocument, simulator: Simulator
) -> None:
    [asset] = filing.source.assets(filing.record(paper))
    simulator.storage.hours += 1
    assert fetched(filing, paper, asset) == PDF


def test_what_has_no_file_lists_none(filing: Pushing, book: Book, library: Library) -> None:
    assert filing.source.assets(filing.record(book)) == ()
    bare = library.add_reader_document("Bare", location="later")
    filing.memory.pull(full=True)
    assert filing.source.assets(filing.record(bare)) == ()


def test_a_paper_that_may_not_be_had_says_so(filing: Pushing, paper: ReaderDocument) -> None:
    [asset] = filing.source.assets(filing.record(paper))
    paper.raw_file = None
    [withheld] = filing.source.assets(filing.record(paper))
    assert (asset.status, withheld.status) == ("complete", "not for download")
    with pytest.raises(SourceError, match="Reader does not give out On Noise"):
        fetched(filing, paper, asset)


def test_a_document_that_is_gone_has_no_file(filing: Pushing, paper: ReaderDocument, library: Library) -> None:
    record = filing.record(paper)
    library.delete_reader_document(paper.id)
    assert filing.source.assets(record) == ()


@pytest.mark.parametrize("url", ["http://192.0.2.7/a.pdf", "file:///etc/passwd", "ftp://example.org/a", "javascript:1"])
def test_an_address_that_is_no_safe_one_is_not_asked(
    filing: Pushing, paper: ReaderDocument, monkeypatch: pytest.MonkeyPatch, simulator: Simulator, url: str
) -> None:
    [asset] = filing.source.assets(filing.record(paper))
    monkeypatch.setattr(simulator.storage, "link", lambda *_: url)
    with pytest.raises(SourceError, match="at an address that is not asked") as raised:
        fetched(filing, paper, asset)
    assert url not in f"{raised.value}"


def test_what_goes_wrong_at_the_storage_is_told_without_the_address(
    filing: Pushing, paper: ReaderDocument, simulator: Simulator
) -> None:
    [asset] = filing.source.assets(filing.record(paper))
    for fault in (status(403), cut_off()):
        simulator.faults.order(fault, path="/storage/")
        with pytest.raises(SourceError) as raised:
            fetched(filing, paper, asset)
        assert "Signature" not in f"{raised.value.message} {raised.value.hint}"
        assert simulator.token not in f"{raised.value.message} {raised.value.hint}"
    assert source_of(simulator).name == "readwise"
