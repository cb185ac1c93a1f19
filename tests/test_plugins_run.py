"""Plugins in a real run: what they bring arrives, and one that fails is named, loses nothing and stops nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.export_case import TEMPLATE, Reading, reader
from tests.plugin_case import Install, hook, install
from vaultsync import hookspecs
from vaultsync.host import notices

__all__ = ["install", "reader"]

HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("vaultsync_"))
# Asked only when a command is called that is not ours; configured only if there are settings.
IN_A_RUN = [name for name in HOOKS if name not in ("vaultsync_commands", "vaultsync_configure")]
SETTINGS = hook("vaultsync_settings", "return msgspec.defstruct('Settings', [])")
SHELF = "\n[sources.shelf]\n"


@pytest.fixture
def shelf(reader: Reading) -> Reading:
    """A book whose note its reader has typed into, and another one that is new since."""
    reader.book("Walden", "I went to the woods.")
    reader.export()
    reader.write("Walden.md", reader.text("Walden.md").replace("- Note: \n", "- Note: Why?\n"))
    reader.book("Emma", "Handsome, clever, and rich.")
    return reader


def messages(report: dict[str, Any]) -> list[str]:
    return [error["message"] for error in report["errors"]]


def everything_arrived(reader: Reading) -> bool:
    notes = [highlight.note for book in reader.library.books.values() for highlight in book.highlights]
    return {"Emma.md", "Walden.md"} <= set(reader.paths()) and "Why?" in notes and "Why?" in reader.text("Walden.md")


# Hooks that fail.


@pytest.mark.parametrize("body", ["raise RuntimeError('oops')", "return 3", "sys.exit(0)"])
def test_plugin_that_fails_in_a_hook_is_named_and_stops_nothing(shelf: Reading, install: Install, body: str) -> None:
    for name in IN_A_RUN:
        install(name.removeprefix("vaultsync_"), hook(name, body))
    install("configure", SETTINGS + hook("vaultsync_configure", body))
    install("good", hook("vaultsync_after_pull", "open('heard', 'w').close()"))
    run = shelf.run("sync", "--json")
    assert (run.code, everything_arrived(shelf), run.json["edits"]["sent"]) == (1, True, 1)
    named = [message.split(" ")[1] for message in messages(run.json)]
    assert sorted(named) == sorted(["configure", *(name.removeprefix("vaultsync_") for name in IN_A_RUN)])
    assert (shelf.vault.parent / "heard").exists()


def test_plugin_that_can_not_be_loaded_is_named_in_the_report_and_in_the_history(
    shelf: Reading, install: Install
) -> None:
    install("bad", "import no_such_module")
    run = shelf.run("sync", "--json")
    assert (run.code, everything_arrived(shelf)) == (1, True)
    assert messages(run.json) == [
        "plugin bad could not be loaded: ModuleNotFoundError: No module named 'no_such_module'. "
        "The rest went on without it."
    ]
    assert "could not be loaded" in (shelf.state / "runs.jsonl").read_text().splitlines()[-1]


def test_slow_notice_is_named_and_the_run_goes_on(
    shelf: Reading, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "LIMIT", 0.02)
    install("slow", hook("vaultsync_before_push", "time.sleep(0.1)"))
    run = shelf.run("sync", "--json")
    assert (run.code, everything_arrived(shelf)) == (1, True)
    assert messages(run.json) == [
        "plugin slow could not hear vaultsync_before_push: TimeoutError: it took more than 0.02 seconds, "
        "and was given up on. The rest went on without it."
    ]


# Document filters.

# By the title of the document it fails on.
FAILING = {
    "raises": "raise RuntimeError('oops')",
    "leaves": "sys.exit(0)",
    "returns text": "return 'text'",
    "returns another": "return msgspec.structs.replace(document, id='readwise:1')",
    "breaks a field": "return msgspec.structs.replace(document, tags='text')",
    "breaks a highlight": "return msgspec.structs.replace(document, highlights=('text',))",
    "breaks a text": "return msgspec.structs.replace(document, author='a\\x00b')",
}


def filtering(body: str) -> str:
    return f"def keep(document):\n    {body}\n" + hook("vaultsync_document_filters", "return (keep,)")


def test_failing_document_filter_skips_that_documents_update_and_no_other(reader: Reading, install: Install) -> None:
    books = [reader.book(title, "One.")[0] for title in (*FAILING, "works")]
    reader.export()
    before = reader.contents()
    cases = [f"if document.title == {title!r}: {body}" for title, body in FAILING.items()]
    install("bad", filtering("\n    ".join([*cases, "return document"])))
    for book in books:
        reader.library.add_highlight(book, "Two.")
    run = reader.run("export", "--json")
    assert run.code == 1
    failed = [re.match(r'plugin bad: its document filter failed on "(.*)" ', message) for message in messages(run.json)]
    assert sorted(one[1] for one in failed if one) == sorted(FAILING)
    after = reader.contents()
    assert [path for path in after if before.get(path) != after[path]] == ["works.md"]


def test_what_a_filter_held_up_arrives_once_it_is_mended(
    shelf: Reading, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("bad", filtering("raise RuntimeError"))
    assert shelf.run("sync").code == 1
    monkeypatch.setenv("VAULTSYNC_PLUGINS", "")
    assert shelf.run("sync").code == 0
    assert everything_arrived(shelf)


def test_failing_document_filter_sends_nothing_of_its_document(shelf: Reading, install: Install) -> None:
    install("bad", filtering("if document.title == 'Emma': return document\n    raise RuntimeError"))
    run = shelf.run("push", "--json")
    assert (run.code, run.json["edits"]["sent"]) == (1, 0)
    assert len(messages(run.json)) == 1
    assert shelf.run("diff").code == 0


def test_document_filters_are_applied_in_the_order_of_their_plugins(shelf: Reading, install: Install) -> None:
    for name in ("b", "a"):
        body = f"return msgspec.structs.replace(document, title=document.title + ' {name}')"
        install(name, filtering(body))
    shelf.export()
    assert shelf.paths() == ["Emma a b.md", "Walden.md"]


def test_document_left_out_by_a_filter_keeps_the_note_it_has(shelf: Reading, install: Install) -> None:
    install("none", filtering("return None"))
    shelf.export()
    assert shelf.paths() == ["Walden.md"]


def titled(suffix: str) -> str:
    return filtering(f"return msgspec.structs.replace(document, title=document.title + ' {suffix}')")


def test_a_new_a_changed_and_a_removed_filter_render_notes_again(
    shelf: Reading, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.export()
    typed = shelf.text("Walden.md")
    for suffix in ("one", "two"):
        site = install("titles", titled(suffix))
        [about] = site.glob("*.dist-info")
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {about.name}\nVersion: {suffix}\n")
        run = shelf.export()
        assert "Plugins or settings have changed: 2 notes are rendered again." in run.err
        assert shelf.text("Walden.md") == typed.replace("# Walden", f"# Walden {suffix}").replace(
            "title: Walden", f"title: Walden {suffix}"
        ).replace('title: "Walden"', f'title: "Walden {suffix}"')
        assert "have changed" not in shelf.export().err
    monkeypatch.setenv("VAULTSYNC_PLUGINS", "")
    shelf.export()
    assert shelf.text("Walden.md") == typed


def test_other_settings_of_a_filter_render_notes_again(shelf: Reading, install: Install) -> None:
    settings = "vaultsync_settings", "return msgspec.defstruct('Settings', [('suffix', str, 'one')])"
    keep = "suffix = []\ndef keep(document):\n    return msgspec.structs.replace(document, title=suffix[-1])\n"
    install(
        "titles",
        keep
        + hook(*settings)
        + hook("vaultsync_configure", "suffix.append(settings.suffix)")
        + hook("vaultsync_document_filters", "return (keep,)"),
    )
    shelf.export()
    assert "\n# one\n" in shelf.text("Walden.md")
    with (shelf.vault / "vaultsync.toml").open("a") as file:
        file.write("\n[plugins.titles]\nsuffix = 'two'\n")
    shelf.export()
    assert "\n# two\n" in shelf.text("Walden.md")


def test_a_plugin_that_can_not_be_loaded_changes_no_note(shelf: Reading, install: Install) -> None:
    install("titles", titled("one"))
    shelf.export()
    written = shelf.contents()
    install("titles", "raise RuntimeError('not today')")
    run = shelf.export(code=1)
    assert "have changed" not in run.err
    assert shelf.contents() == written


def test_a_note_a_new_filter_leaves_out_is_looked_at_once(shelf: Reading, install: Install) -> None:
    install("none", filtering("return None"))
    assert "1 note is rendered again" in shelf.export().err
    assert "have changed" not in shelf.export().err


def test_a_plugin_without_filters_renders_nothing_again(shelf: Reading, install: Install) -> None:
    shelf.export()
    install("shelf", hook("vaultsync_after_pull", "pass"))
    assert "have changed" not in shelf.export().err


# What a source of a plugin's own gets wrong.


def test_status_goes_on_where_a_source_fails_over_an_edit(shelf: Reading, install: Install) -> None:
    code = "from vaultsync.testing.memory import *\n"
    code += "class Bad(MemorySource):\n    def refusal(self, document, edit): raise RuntimeError('odd')\n"
    code += "shelf = Shelf()\nshelf.put(Document(id='memory:1', title='Odd', note='was'))\n"
    code += hook(
        "vaultsync_sources",
        "return (SourcePlugin('memory', msgspec.defstruct('S', []), '', lambda s, h: Bad(shelf)),)",
    )
    install("odd", code)
    with (shelf.vault / "vaultsync.toml").open("a") as file:
        file.write("\n[sources.memory]\n")
    (shelf.vault / "T/document.md").write_text(TEMPLATE.replace("{% for", "- Mine: {{ document.note }}\n\n{% for", 1))
    shelf.export()
    shelf.write("Odd.md", shelf.text("Odd.md").replace("- Mine: was", "- Mine: is"))
    run = shelf.run("status", "--json")
    assert run.code == 0, run.err
    assert [one["path"] for one in run.json["unsent"]] == ["Walden.md"]
    assert [one for one in run.json["unread"] if "could not do refusal: RuntimeError: odd" in one] != []


# Template filters.


def test_template_filter_of_a_plugin_is_there_in_templates_and_paths(shelf: Reading, install: Install) -> None:
    install("shout", hook("vaultsync_template_filters", "return {'shout': lambda text: str(text).upper()}"))
    shelf.configure(notes='path = "{{ document.title | shout }}.md"')
    toml = (shelf.vault / "vaultsync.toml").read_text().replace('path = "{{ document.title }}.md"\n', "")
    (shelf.vault / "vaultsync.toml").write_text(toml)
    shelf.write("T/document.md", TEMPLATE.replace("# {{ document.title }}", "# {{ document.title | shout }}"))
    shelf.export()
    assert "\n# EMMA\n" in shelf.text("EMMA.md")


@pytest.mark.parametrize(
    ("body", "what"), [("1 / 0", ", line 5: ZeroDivisionError: division by zero"), ("sys.exit(0)", ": SystemExit: 0")]
)
def test_template_filter_that_fails_is_told_before_any_note_is_written(
    shelf: Reading, install: Install, body: str, what: str
) -> None:
    install("bad", hook("vaultsync_template_filters", f"return {{'fails': lambda text: {body}}}"))
    shelf.write("T/document.md", TEMPLATE.replace("# {{ document.title }}", "# {{ document.title | fails }}"))
    run = shelf.run("export", "--json")
    assert shelf.paths() == ["Walden.md"]
    assert f"T/document.md{what}" in messages(run.json)[0]


# Settings.


def test_section_of_a_plugin_reaches_what_it_brings(shelf: Reading, install: Install) -> None:
    code = "class Voice(msgspec.Struct):\n    mark: str = '!'\nchosen = []\n"
    code += hook("vaultsync_settings", "return Voice") + hook("vaultsync_configure", "chosen.append(settings)")
    body = "return msgspec.structs.replace(document, title=document.title + chosen[-1].mark)"
    install("voice", code + filtering(body))
    toml = shelf.vault / "vaultsync.toml"
    toml.write_text(toml.read_text() + "\n[plugins.voice]\nmark = ' (mine)'\n")
    shelf.export()
    assert shelf.paths() == ["Emma (mine).md", "Walden.md"]


# Sources.

SOURCE = """\
NAME = "@name@"

class Settings(msgspec.Struct):
    pass

class Shelf:
    name = NAME
    prefixes = (NAME,)
    def pages(self, fetch):
        yield Page((Piece(f"{NAME}:1", None, None),), "1", label="shelf")
    def absorb(self, record, piece): return b"1"
    def identity(self, record): return f"{NAME}:1"
    def document(self, record): return Document(id=f"{NAME}:1", title=f"From the {NAME}", source=NAME)
    def wanted(self, document): return True
    def listable(self, document): return False
    def refusal(self, document, edit): return "It can't be sent."
"""


def with_source(name: str, *changes: str) -> str:
    made = "make = lambda settings, http: Shelf()\n" + "".join(f"{change}\n" for change in changes)
    plugin = "return (SourcePlugin(NAME, Settings, '', make),)"
    return SOURCE.replace("@name@", name) + made + hook("vaultsync_sources", plugin)


def add_sources(reader: Reading, *names: str) -> None:
    toml = reader.vault / "vaultsync.toml"
    toml.write_text(toml.read_text() + "".join(f"\n[sources.{name}]\n" for name in names))


def test_source_of_a_plugin_makes_notes_beside_our_own(shelf: Reading, install: Install) -> None:
    install("shelf", with_source("shelf"))
    add_sources(shelf, "shelf")
    run = shelf.run("sync", "--json")
    assert (run.code, run.err) == (0, "")
    assert shelf.paths() == ["Emma.md", "From the shelf.md", "Walden.md"]


BROKEN = {
    "make raises": "def make(settings, http): raise RuntimeError('oops')",
    "make returns nothing": "make = lambda settings, http: None",
    "a prefix of ours": "Shelf.prefixes = ('readwise',)",
    "no prefix": "Shelf.prefixes = ('No prefix',)",
    "pages raises": "def pages(self, fetch): raise RuntimeError('oops')\nShelf.pages = pages",
    "pages raises later": "def pages(self, fetch):\n    yield Page((), '1')\n    sys.exit(0)\nShelf.pages = pages",
    "pages is a list": "Shelf.pages = lambda self, fetch: []",
    "a page is text": "Shelf.pages = lambda self, fetch: iter(['text'])",
    "a piece is text": "Shelf.pages = lambda self, fetch: iter([Page(('text',), '1')])",
    "a cursor is a number": "Shelf.pages = lambda self, fetch: iter([Page((), 1)])",
    "a piece is readwise's": "Shelf.pages = lambda self, fetch: iter([Page((Piece('readwise:1', None, 0),), '1')])",
    "absorb raises": "def absorb(self, record, piece): raise RuntimeError('oops')\nShelf.absorb = absorb",
    "absorb returns text": "Shelf.absorb = lambda self, record, piece: 'text'",
    "identity is readwise's": "Shelf.identity = lambda self, record: 'readwise:1'",
    "document raises": "def document(self, record): sys.exit(0)\nShelf.document = document",
    "document returns text": "Shelf.document = lambda self, record: 'text'",
    "wanted returns text": "Shelf.wanted = lambda self, document: 'text'",
}


def test_source_that_fails_is_named_and_stops_no_other(shelf: Reading, install: Install) -> None:
    names = [f"shelf-{number}" for number in range(len(BROKEN))]
    for name, change in zip(names, BROKEN.values(), strict=True):
        install(name, with_source(name, change))
    add_sources(shelf, *names)
    run = shelf.run("sync", "--json")
    assert (run.code, everything_arrived(shelf)) == (1, True)
    assert sorted(set(re.findall(r"\bshelf-\d+\b", message)) for message in messages(run.json)) == [
        {name} for name in names
    ]
    assert all("left as" in message for message in messages(run.json))
    assert shelf.paths() == ["Emma.md", "Walden.md"]


@pytest.mark.parametrize("method", ["document", "refusal"])
def test_source_that_fails_over_an_edited_note_stops_no_other(shelf: Reading, install: Install, method: str) -> None:
    install("shelf", with_source("shelf"))
    add_sources(shelf, "shelf")
    shelf.run("export")
    assert 'title: "From the shelf"' in shelf.text("From the shelf.md")
    shelf.write("From the shelf.md", shelf.text("From the shelf.md").replace('title: "From', 'title: "Mine, from'))
    install("shelf", with_source("shelf", f"Shelf.{method} = lambda self, *args: 1 / 0"))
    run = shelf.run("push", "--json")
    assert (run.code, everything_arrived(shelf)) == (1, True)
    assert run.json["edits"]["sent"] == 1
    assert ["shelf" in message for message in messages(run.json)] == [True]


def test_section_of_a_source_whose_plugin_failed_stops_no_other(shelf: Reading, install: Install) -> None:
    install("shelf", "import no_such_module")
    add_sources(shelf, "shelf")
    run = shelf.run("sync", "--json")
    assert (run.code, everything_arrived(shelf)) == (1, True)
    assert [message.partition(".")[0].partition(" could")[0] for message in messages(run.json)] == [
        "plugin shelf",
        "shelf: no plugin brings this source, and one",
    ]


def test_edits_of_a_source_that_was_taken_out_of_vaultsync_toml_are_passed_over(
    shelf: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = shelf.vault / "vaultsync.toml"
    toml.write_text(toml.read_text().replace("[sources.readwise]", '[sources.other]\ntype = "readwise"'))
    monkeypatch.setenv("READWISE_TOKEN_OTHER", shelf.simulator.token)
    for command in ("push", "status", "diff"):
        run = shelf.run(command)
        assert (run.code, run.err) == (0, "")
