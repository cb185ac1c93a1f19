"""Today's Daily Review as a note, through the command."""

from __future__ import annotations

import re
from datetime import datetime

from tests.export_case import Reading, reader
from vaultsync.simulator.faults import status

__all__ = ["reader"]

TODAY = f"{datetime.now().astimezone().date()}"
PATH = f"Readwise/Reviews/{TODAY}.md"
URL = "https://readwise.io/reviews/877266694"


def review(reader: Reading, *args: str, code: int = 0) -> str:
    """Run a review that must end with this exit code; return what it says."""
    run = reader.run("review", *args)
    assert run.code == code, (run.code, run.out, run.err)
    return run.out + run.err


def test_highlights_of_notes_are_embedded_and_others_quoted(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "I went to the woods.")
    reader.export()
    _, (two,) = reader.book("Essays", "What do I know?\n\nOne more line.", author="Montaigne")
    said = review(reader)
    assert said == (f"{PATH}: written, with 2 highlights, 1 of them embedded from your notes.\nFinish it: {URL}\n")
    text = reader.text(PATH)
    place = "- Note: \n- Tags: \n\n"
    embedded = f"![[Walden#^rw{one.id}]]\n\n^review-{one.id}\n\n{place}"
    quoted = f"> What do I know?\n>\n> One more line.\n\n^review-{two.id}\n\n— Essays, Montaigne\n\n"
    head = f'---\nvaultsync_id: "readwise-review:{TODAY}"\ndate: {TODAY}\n---\n# Daily Review, {TODAY}\n\n'
    end = f"[Finish it at Readwise](<{URL}>).\n"
    assert text in (head + embedded + quoted + end, head + quoted + embedded + end)


def test_a_note_that_was_moved_and_a_block_that_was_moved_are_linked_where_they_are(reader: Reading) -> None:
    _, (one, two) = reader.book("Walden", "one", "two")
    reader.export()
    text = reader.text("Walden.md")
    start, end = text.index("> two"), text.index("- Tags:", text.index("> two")) + len("- Tags: \n")
    (reader.vault / "Walden.md").unlink()
    reader.write("Reading/My Walden.md", text[:start] + text[end:])
    reader.write("Detail.md", "# Detail\n\n" + text[start:end])
    review(reader)
    note = reader.text(PATH)
    assert f"![[Reading/My Walden#^rw{one.id}]]\n" in note
    assert f"![[Detail#^rw{two.id}]]\n" in note


def test_what_was_deleted_from_the_vault_or_can_not_be_linked_is_quoted(reader: Reading) -> None:
    _, (one,) = reader.book("Gone", "of a deleted note")
    _, (two,) = reader.book("Walden", "of a note no link leads to")
    reader.export()
    (reader.vault / "Gone.md").unlink()
    (reader.vault / "Walden.md").rename(reader.vault / "Walden #1.md")
    assert "0 of them embedded" in review(reader)
    note = reader.text(PATH)
    assert (f"rw{one.id}" in note, f"rw{two.id}" in note, note.count("\n> of a ")) == (False, False, 2)
    assert note.count("- Note: \n") == 2, "they are known, so that notes on them can be sent"


def test_a_second_review_of_the_day_changes_nothing(reader: Reading) -> None:
    reader.book("Walden", "one")
    review(reader)
    files, rows = reader.files(), reader.rows()
    assert review(reader) == f"{PATH}: unchanged.\nFinish it: {URL}\n"
    assert (reader.files(), reader.rows()) == (files, rows)


def test_a_note_that_is_as_it_was_written_is_written_again(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    review(reader)
    reader.export()
    review(reader)
    assert f"![[Walden#^rw{one.id}]]" in reader.text(PATH)


def test_what_is_new_is_merged_around_what_was_typed(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    review(reader)
    reader.type(PATH)
    reader.export()
    assert review(reader).startswith(f"{PATH}: merged with what you wrote.\n")
    text = reader.text(PATH)
    assert f"![[Walden#^rw{one.id}]]\n\n^review-{one.id}\n\n- Note: \n- Tags: \n" in text
    assert "\n> one\n" not in text
    assert text.endswith("\nMy own words.\n")
    assert review(reader).startswith(f"{PATH}: unchanged.")


def test_a_note_of_the_same_name_is_left(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.write(PATH, "My own.\n")
    other = PATH.replace(".md", " (2).md")
    assert review(reader).startswith(f"{other}: written")
    assert reader.text(PATH) == "My own.\n"
    assert review(reader).startswith(f"{other}: unchanged")


def test_what_the_review_tells_later_that_day_is_added_and_nothing_goes(reader: Reading) -> None:
    for number in range(6):
        reader.book(f"Book {number}", f"passage {number}")
    reader.export()
    review(reader)
    first = reader.text(PATH)
    words = first.replace("- Note: \n", "- Note: typed\n", 1) + "\nMine.\n"
    reader.write(PATH, words)
    for number in range(6, 30):
        reader.book(f"Book {number}", f"passage {number}")
    reader.export()
    assert "merged with what you wrote" in review(reader)
    text = reader.text(PATH)
    anchors = re.findall(r"\^review-\d+", first)
    assert set(anchors) < set(re.findall(r"\^review-\d+", text))
    assert (text.count("- Note: typed\n"), text.endswith("\nMine.\n")) == (1, True)


def test_a_highlight_that_is_gone_leaves_the_review_with_the_next_export(reader: Reading) -> None:
    _, (one, two) = reader.book("Walden", "one", "two")
    reader.export()
    review(reader)
    reader.library.delete_highlight(one.id)
    reader.export()
    assert "a highlight of it is gone; the next export takes it out" in review(reader)
    assert f"^review-{one.id}" in reader.text(PATH), "what goes goes with all that goes, and is counted first"
    reader.export()
    text = reader.text(PATH)
    assert (f"^review-{one.id}" in text, f"^review-{two.id}" in text) == (False, True)


def test_a_dry_run_writes_nothing(reader: Reading) -> None:
    reader.book("Walden", "one")
    files = reader.files()
    assert review(reader, "--dry-run").startswith(f"{PATH}: would be written, with 1 highlight,")
    assert reader.files() == files


def test_a_day_without_highlights_has_no_note(reader: Reading) -> None:
    assert review(reader) == "Today's review has no highlights. Nothing was written.\n"
    assert reader.paths() == []


def test_the_place_and_the_template_are_its_users(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    toml = (reader.vault / "vaultsync.toml").read_text()
    (reader.vault / "vaultsync.toml").write_text(
        toml + "[review]\npath = '{{ date | date(\"%Y\") }}/{{ date }} daily'\n"
    )
    (reader.vault / "T/review.md").write_text(
        "{% for h in document.highlights %}{% highlight h %}\n* {{ h.text }} {{ h.anchor }}\n"
        "{% endhighlight %}{% endfor %}"
    )
    review(reader)
    front = f'---\nvaultsync_id: "readwise-review:{TODAY}"\n---\n'
    assert reader.text(f"{TODAY[:4]}/{TODAY} daily.md") == f"{front}* one ^review-{one.id}\n"


def test_a_broken_template_is_named_and_nothing_is_written(reader: Reading) -> None:
    reader.book("Walden", "one")
    (reader.vault / "T/review.md").write_text("\n{{ document.heights }}\n")
    assert "T/review.md, line 2" in review(reader, code=2)
    assert reader.paths() == []


def test_a_changed_review_template_renders_no_other_note_again(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.export()
    (reader.vault / "T/review.md").write_text("{{ document.url }}\n")
    assert "Templates have changed" not in reader.export().err


def test_undo_takes_the_note_back(reader: Reading) -> None:
    reader.book("Walden", "one")
    review(reader)
    assert reader.run("undo").code == 0
    assert reader.paths() == []
    reader.export()
    assert reader.paths() == ["Walden.md"], "it comes back when it is asked for, and only then"
    assert "written" in review(reader)


def test_a_service_that_refuses_is_told(reader: Reading) -> None:
    reader.simulator.faults.order(status(401), path="/api/v2/review")
    assert "readwise: token refused" in review(reader, code=2)
    assert reader.paths() == []


def test_json_tells_it_to_a_program(reader: Reading) -> None:
    reader.book("Walden", "one")
    assert reader.run("review", "--json").json == {
        "did": "written",
        "path": PATH,
        "embedded": 0,
        "id": "877266694",
        "url": URL,
        "completed": False,
        "highlights": 1,
        "dry_run": False,
    }
