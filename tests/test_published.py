"""The day a document was published, edited as a property of its note."""

from __future__ import annotations

import pytest

from tests.export_case import TEMPLATE, Reading, reader
from tests.test_push import push, writes
from vaultsync.simulator.records import ReaderDocument

__all__ = ["reader"]

DATED = TEMPLATE.replace(
    "tags:", "{% if document.published %}\npublished: {{ document.published }}\n{% endif %}\ntags:"
).replace("# {{ document.title }}", "# {{ document.title }}\n\nOf {{ document.published | date('%Y') }}.")


@pytest.fixture
def essay(reader: Reading) -> ReaderDocument:
    (reader.vault / "T/document.md").write_text(DATED)
    reader.configure(source='documents = "all"\npush = ["note", "tags", "published"]')
    made = reader.library.add_reader_document("Essay", location="later", published_date="2024-02-28")
    reader.export()
    return made


def typed(reader: Reading, day: str) -> str:
    text = reader.text("Essay.md")
    assert "\npublished: 2024-02-28\n" in text
    reader.write("Essay.md", text.replace("published: 2024-02-28", f"published: {day}".rstrip()))
    return reader.text("Essay.md")


@pytest.mark.parametrize("written", ["2023-12-31", '"2023-12-31"', "2023-12-31 # I looked it up"])
def test_another_day_is_sent_and_what_follows_from_it_arrives(
    reader: Reading, essay: ReaderDocument, written: str
) -> None:
    text = typed(reader, written)
    assert push(reader)["sent"] == 1
    assert essay.published_date == "2023-12-31"
    assert reader.text("Essay.md") == text.replace("Of 2024.", "Of 2023.")
    files = reader.files()
    assert reader.run("sync", "--full", "--json").json["edits"]["sent"] == 0
    assert reader.files() == files


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", '"" is no day that can be sent; write it as 2026-01-31.'),
        ("last May", "It can't be told what you wrote, for its property is no day; write it as 2026-01-31."),
        ("2024-02-30", "It can't be told what you wrote, for its property is no day; write it as 2026-01-31."),
        ("20240101", "It can't be told what you wrote, for its property is no day; write it as 2026-01-31."),
        ("2024-01-01T10:00:00", "It can't be told what you wrote, for its property is no day; write it as 2026-01-31."),
        ("[2024-01-01]", "It can't be told what you wrote, for its property is no day; write it as 2026-01-31."),
    ],
)
def test_what_is_no_day_is_not_sent(reader: Reading, essay: ReaderDocument, written: str, why: str) -> None:
    text = typed(reader, written)
    push(reader)
    assert (writes(reader), essay.published_date, reader.text("Essay.md")) == ([], "2024-02-28", text)
    assert [one["reason"] for one in reader.run("status", "--json").json["refused"]] == [why]


def test_a_property_that_is_gone_says_nothing(reader: Reading, essay: ReaderDocument) -> None:
    reader.write("Essay.md", reader.text("Essay.md").replace("published: 2024-02-28\n", ""))
    assert push(reader)["sent"] == 0
    assert essay.published_date == "2024-02-28"


def test_two_days_are_a_conflict(reader: Reading, essay: ReaderDocument) -> None:
    typed(reader, "2023-12-31")
    reader.library.edit_reader_document(essay.id, published_date="2020-01-01")
    assert push(reader, code=3)["sent"] == 0
    text = reader.text("Essay.md")
    assert "\npublished: 2023-12-31\n" in text
    assert "> [!vaultsync-conflict] property published\n> 2020-01-01\n" in text
    assert reader.run("resolve", "Essay.md", "--theirs").code == 0
    assert "\npublished: 2020-01-01\n" in reader.text("Essay.md")


@pytest.mark.usefixtures("essay")
def test_it_is_sent_only_if_it_is_listed(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    typed(reader, "2023-12-31")
    assert push(reader)["refused"] == 1
    assert writes(reader) == []


def test_undo_sends_the_old_day(reader: Reading, essay: ReaderDocument) -> None:
    typed(reader, "2023-12-31")
    push(reader)
    assert reader.run("undo").code == 0
    assert essay.published_date == "2024-02-28"


def test_a_document_without_a_day_gets_one_from_reader(reader: Reading) -> None:
    (reader.vault / "T/document.md").write_text(DATED)
    reader.configure(source='documents = "all"\npush = ["published"]')
    one = reader.library.add_reader_document("Essay", location="later")
    reader.export()
    assert "published:" not in reader.text("Essay.md")
    reader.write("Essay.md", reader.text("Essay.md").replace("tags: []", "tags: []\npublished: 2023-01-01"))
    assert push(reader)["sent"] == 0
    reader.library.edit_reader_document(one.id, published_date="2020-01-01")
    reader.run("sync")
    assert reader.text("Essay.md").count("published:") == 1


def test_a_day_that_a_template_makes_of_it_is_printed_and_read_only(reader: Reading, essay: ReaderDocument) -> None:
    month = "published: {{ document.published.replace(day=1) }}"
    (reader.vault / "T/document.md").write_text(DATED.replace("published: {{ document.published }}", month))
    reader.export()
    text = reader.text("Essay.md")
    assert "\npublished: 2024-02-01\n" in text
    reader.write("Essay.md", text.replace("published: 2024-02-01", "published: 2024-03-01"))
    assert push(reader)["sent"] == 0
    assert essay.published_date == "2024-02-28"
