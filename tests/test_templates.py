from __future__ import annotations

from pathlib import Path

import pytest

from tests.render_case import NOW, document
from vaultsync.errors import ConfigError, TemplateError
from vaultsync.properties import read_properties
from vaultsync.rendering import templates
from vaultsync.rendering.render import Rendered
from vaultsync.rendering.templates import SETS, Templates, check, load, ready, shipped_folder

OWN = "Templates/vaultsync"
LOOP = "{{% for h in document.highlights %}}\n{}{{% endfor %}}\n"
BLOCKS = LOOP.format("{% highlight h %}\n{{ h.text }}\n{% endhighlight %}\n")


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    (tmp_path / OWN).mkdir(parents=True)
    return tmp_path


def write(vault: Path, name: str, text: str | bytes, folder: str = OWN) -> Path:
    path = vault / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def body(vault: Path, category: str = "books", **fields: str) -> str:
    note: Rendered = ready(load(vault, OWN), {}).render(document(category=category, **fields), now=NOW)
    return note.text[note.layout.body :]


# --- which template makes which note ----------------------------------------------------------------------------------


def test_own_wins_over_shipped_and_category_over_general(vault: Path) -> None:
    write(vault, "document.md", "own")
    assert (body(vault), body(vault, "articles")) == ("own\n", "own\n")

    write(vault, "document.articles.md", "own articles")
    assert (body(vault), body(vault, "articles")) == ("own\n", "own articles\n")


def test_a_shipped_category_template_comes_after_the_users_general_one() -> None:
    found = Templates({"document.md": "own"}, {"document.md": "x", "document.tweets.md": "y"}, {}, "T")

    assert found.main("tweets") == "document.md"
    assert Templates({}, found.fallback, {}).main("tweets") == "document.tweets.md"


def test_what_the_user_has_no_copy_of_comes_from_the_shipped_set(vault: Path) -> None:
    write(vault, "document.tweets.md", "own tweets")

    found = load(vault, OWN)

    assert found.main("books") == "document.md" and "document.md" in found.fallback
    assert ready(found, {}).render(document(category="books"), now=NOW).text


@pytest.mark.parametrize("name", SETS)
def test_a_shipped_set_is_asked_for_by_name(tmp_path: Path, name: str) -> None:
    found = load(tmp_path, name)

    assert (found.own, found.name) == ({}, name)
    assert found.sources["document.md"] == (shipped_folder() / name / "document.md").read_text("utf-8")
    assert found.shown("document.md") == f"shipped template {name}/document.md"
    assert found.shown(f"{name}/document.md") == f"shipped template {name}/document.md"


def test_no_setting_means_the_default_set(tmp_path: Path) -> None:
    assert load(tmp_path, "").same(load(tmp_path, "default"))


@pytest.mark.parametrize("name", SETS)
def test_a_folder_of_the_vault_wins_over_a_set_of_its_name(tmp_path: Path, name: str) -> None:
    write(tmp_path, "document.md", "own", name)

    assert load(tmp_path, name).own == {"document.md": "own"}


def test_a_template_can_include_parts_of_its_own_and_of_a_shipped_set(vault: Path) -> None:
    write(vault, "document.md", "{% include 'parts/a.md' %}{% extends 'parts/b.jinja' %}")
    write(vault, "parts/a.md", "A")
    write(vault, "parts/b.jinja", "{% block x %}B{% endblock %}")
    write(vault, "document.tweets.md", "{% include 'default/document.md' %}")

    assert body(vault) == "AB\n"
    assert "# Meditations" in body(vault, "tweets")


def test_other_files_in_the_folder_are_not_templates(vault: Path) -> None:
    write(vault, "document.md", "x")
    write(vault, "picture.png", b"\xff\xfe")
    write(vault, ".hidden.md", b"\xff\xfe")
    (vault / OWN / "folder.md").mkdir()

    assert set(load(vault, f"{OWN}/").own) == {"document.md"}
    assert load(vault, f"{OWN}/").folder == OWN


def test_every_template_that_makes_notes_is_named_once_with_a_category_of_its_own(vault: Path) -> None:
    for name in ("document.md", "document.books.md", "document.zines.md", "part.md", "sub/document.md"):
        write(vault, name, "x")

    assert set(load(vault, OWN).mains()) == {
        ("document.md", "articles"), ("document.books.md", "books"), ("document.zines.md", "zines"),
    }  # fmt: skip


def test_a_set_without_document_says_so() -> None:
    with pytest.raises(TemplateError, match=r"There is no document\.md"):
        Templates({}, {}, {}, "T").main("books")


# --- files as they come -----------------------------------------------------------------------------------------------


def test_windows_newlines_and_a_byte_order_mark_are_no_part_of_a_template(vault: Path) -> None:
    write(vault, "document.md", "\ufeff---\r\na: {{ document.title }}\r\n---\r\nx\r\n".encode())

    note = ready(load(vault, OWN), {}).render(document(), now=NOW)

    assert note.text == '---\na: Meditations\nvaultsync_id: "readwise:1"\n---\nx\n'


@pytest.mark.parametrize("setting", ["nowhere", "Templates/none", "document.md"])
def test_a_folder_that_is_not_there_is_a_configuration_error(tmp_path: Path, setting: str) -> None:
    write(tmp_path, "document.md", "x", ".")

    with pytest.raises(ConfigError, match="neither a folder in the vault nor a shipped set") as caught:
        load(tmp_path, setting)
    assert caught.value.exit_code == 2
    assert "templates copy" in caught.value.hint


@pytest.mark.parametrize("setting", ["..", "../outside", "/", "link", "Templates/../../outside"])
def test_a_folder_outside_the_vault_is_refused(tmp_path: Path, setting: str) -> None:
    vault, outside = tmp_path / "vault", tmp_path / "outside"
    (vault / "Templates").mkdir(parents=True)
    write(outside, "document.md", "secret", ".")
    (vault / "link").symlink_to(outside)

    with pytest.raises(ConfigError, match="is outside the vault"):
        load(vault, setting)


def test_a_folder_linked_within_the_vault_is_fine(vault: Path) -> None:
    write(vault, "document.md", "x")
    (vault / "link").symlink_to(vault / OWN)

    assert load(vault, "link").own == {"document.md": "x"}


def test_a_link_that_leads_out_of_the_folder_is_not_read(vault: Path) -> None:
    secret = write(vault, "secret.txt", "secret", "..")
    (vault / OWN / "document.md").symlink_to(secret)

    with pytest.raises(TemplateError, match="leads outside"):
        load(vault, OWN)


@pytest.mark.parametrize("text", [b"\xff\xfe", b"caf\xe9"])
def test_a_file_that_is_not_text_is_named(vault: Path, text: bytes) -> None:
    write(vault, "document.md", text)

    with pytest.raises(TemplateError, match=r"document\.md: can't be read as text: .*No note was written"):
        load(vault, OWN)


def test_a_file_that_can_not_be_read_is_named(vault: Path) -> None:
    (vault / OWN / "document.md").symlink_to("document.md")

    with pytest.raises(TemplateError, match=r"document\.md: can't be read"):
        load(vault, OWN)


# --- fingerprints -----------------------------------------------------------------------------------------------------

FILES = {
    "document.md": "{% include 'part.md' %}",
    "document.articles.md": "{% extends 'document.md' %}",
    "document.tweets.md": "{% include 'callouts/document.md' %}",
    "part.md": "x",
}


def prints(vault: Path) -> dict[str, str]:
    found = load(vault, OWN)
    return {category: found.fingerprint(category) for category in ("books", "articles", "tweets", "podcasts")}


@pytest.mark.parametrize(
    ("edited", "changes"),
    [
        ("document.md", {"books", "articles", "podcasts"}),
        ("document.articles.md", {"articles"}),
        ("document.tweets.md", {"tweets"}),
        ("part.md", {"books", "articles", "tweets", "podcasts"}),
        ("new.md", {"books", "articles", "tweets", "podcasts"}),
        ("document.podcasts.md", {"podcasts"}),
        ("document.emails.md", set()),
        ("note.txt", set()),
    ],
)
def test_a_fingerprint_changes_exactly_when_a_template_of_the_category_does(
    vault: Path, edited: str, changes: set[str]
) -> None:
    for name, text in FILES.items():
        write(vault, name, text)
    before = prints(vault)
    assert prints(vault) == before

    write(vault, edited, FILES.get(edited, "") + " ")

    after = prints(vault)
    assert {category for category in before if before[category] != after[category]} == changes


def test_a_fingerprint_knows_the_shipped_files_a_template_names() -> None:
    own = {"document.md": '{% include "minimal/a.md" %}'}

    def print_of(**shipped: str) -> str:
        return Templates(own, {}, {f"minimal/{name}.md": text for name, text in shipped.items()}, "T").fingerprint(
            "books"
        )

    before = print_of(a="{% include 'minimal/b.md' %}", b="1", c="1")

    assert print_of(a="{% include 'minimal/b.md' %}", b="1", c="2") == before
    assert print_of(a="{% include 'minimal/b.md' %}", b="2", c="1") != before
    assert print_of(a="{% include 'minimal/b.md' %} ", b="1", c="1") != before


def test_a_fingerprint_changes_with_our_way_of_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Templates({"document.md": ""}, {}, {}).fingerprint("books")

    monkeypatch.setattr(templates, "_RENDERING", b"next")

    assert Templates({"document.md": ""}, {}, {}).fingerprint("books") != before


# --- trying templates -------------------------------------------------------------------------------------------------


def tried(text: str, **parts: str) -> templates.Checked:
    found = Templates({"document.md": text, **{f"{name}.md": part for name, part in parts.items()}}, {}, {}, "T")
    (report,) = check(found, {})
    return report


def test_a_check_says_which_fields_can_be_edited() -> None:
    report = tried("---\nt: {{ document.title }}\n---\n{{ document.note | upper }}{{ ['a'] | join }}\n" + BLOCKS)
    found = report.lint()

    assert (report.name, report.shown, report.error, report.captures) == ("document.md", "T/document.md", None, True)
    assert found and {(one.owner, one.field): one.writable for one in found.verdicts} == {
        ("document", "title"): True, ("document", "note"): False, ("highlight", "text"): True,
    }  # fmt: skip


def test_nothing_can_be_edited_with_a_template_that_can_not_be_used() -> None:
    assert tried("{{ document.nope }}").lint() is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x\n{{ document.nope }}", "T/document.md, line 2: a document has no field 'nope'"),
        ("{% if %}", "T/document.md, line 1"),
        ("{{ document.word_count * 2 }}", "unsupported operand"),
        ("{{ document.highlights[0].text }}", "has no element 0"),
        ("{{ document.extra.nothing }}", "has no attribute 'nothing'"),
        ("---\na: [\n---\n", "not YAML"),
        (
            "{% filter truncate(20) %}" + BLOCKS + "{% endfilter %}",
            "line 1: TypeError: text that holds a {% highlight %}",
        ),
        ("\n{% set x %}" + BLOCKS + "{% endset %}\n\n{{ x[:30] }}", "line 9: TypeError: text that holds a"),
        (
            "{% set x %}" + BLOCKS + "{% endset %}{{ x | tojson }}",
            "looks at captured text that holds a {% highlight %}",
        ),
    ],
)
def test_a_check_tells_what_would_go_wrong_with_some_document(text: str, message: str) -> None:
    report = tried(text)

    assert message in str(report.error)
    with pytest.raises(TemplateError):
        ready(Templates({"document.md": text}, {}, {}, "T"), {})


@pytest.mark.parametrize(
    "text",
    [
        "{% set t %}{{ document.title }}{% endset %}{{ t[:5] }}",
        "{% filter truncate(10) %}{{ document.summary }}{{ document.title }}{% endfilter %}",
        "{% filter wordwrap(20) %}{{ document.title }} {{ document.author }} and more{% endfilter %}",
        "{% filter capitalize %}{{ document.title }}{% endfilter %}",
        "{% set n %}{{ document.word_count }}{% endset %}{% if n %}{{ 2400 // (n | int) }}{% endif %}",
        "{% filter reverse %}{{ document.title }}{% endfilter %}",
        "{% filter last %}{{ document.id }}{% endfilter %}",
        "{% filter title %}{{ document.summary }}{% endfilter %}",
        "{% set t %}{{ document.title }}{% endset %}{{ t | tojson }}",
        "{% set t %}{{ document.title }}{% endset %}{% for c in t %}{{ c }}.{% endfor %}",
        "{% filter length | string %}{{ document.title }}{% endfilter %}",
        "---\nt: {% filter truncate(9) %}{{ document.title }}{% endfilter %}\n\n---\n",
        "{% macro m(d) %}{{ d.title }}{% endmacro %}{{ m(document)[2:] }}",
        "{% set t %}{{ document.title }}{% endset %}{{ 'yes' if 'Meditations!' < t ~ '!' else 'no' }}",
    ],
)
@pytest.mark.parametrize(
    "blocks", ["", BLOCKS, "{% macro all(d) %}" + BLOCKS.replace("document", "d") + "{% endmacro %}{{ all(document) }}"]
)
def test_a_template_that_looks_at_captured_text_gets_the_right_text_untracked(text: str, blocks: str) -> None:
    found = Templates({"document.md": f"{text}\n\n{blocks}"}, {}, {}, "T")
    shown = document(title='An "odd": title, longer than all that\nb: 1', author="Me", summary="S")

    (report,) = check(found, {})
    note = ready(found, {}).render(shown, now=NOW)

    assert report.error is None
    renderer, _ = templates._renderers(found, {})
    plain = renderer.plain("document.md", shown, now=NOW)
    if not text.startswith("---"):
        assert "".join(note.text[note.layout.body :].replace("^rw1", "").replace("^rw2", "").split()) == "".join(
            plain.split()
        )
    else:
        assert read_properties(note.text)["t"] == "An..."
    assert len(note.layout.blocks) == (2 if blocks else 0)
    assert "\ufdd0" not in note.text and note.text.count("^rw1") == (1 if blocks else 0)


def test_what_a_check_tries_covers_every_template(vault: Path) -> None:
    write(vault, "document.md", "fine")
    write(vault, "document.videos.md", "{{ nope }}")

    reports = {report.name: report for report in check(load(vault, OWN), {})}

    assert reports["document.md"].error is None
    assert str(reports["document.videos.md"].error).startswith(
        "Templates/vaultsync/document.videos.md, line 1: 'nope' is undefined"
    )


def test_a_plugins_filter_is_known_to_the_check() -> None:
    found = Templates({"document.md": "{{ document.title | shout }}"}, {}, {}, "T")

    assert check(found, {})[0].error is not None
    assert ready(found, {"shout": str.upper}).render(document(), now=NOW).text.endswith("MEDITATIONS\n")


@pytest.mark.parametrize("name", SETS)
def test_every_shipped_set_passes_its_own_check(tmp_path: Path, name: str) -> None:
    for report in check(load(tmp_path, name), {}):
        assert report.error is None and report.captures


def test_a_block_of_properties_is_extended_by_lines_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "T").mkdir()
    block = "{% block properties %}\n{{ super() -}}\nstatus: unread\n{% endblock %}\n"
    (tmp_path / "T/document.md").write_text("{% extends 'default/document.md' %}\n" + block)
    made = ready(load(tmp_path, "T"), {})
    text = made.render(document(title="A: b", category="books", tags=("x",)), now=NOW).text
    properties = read_properties(text[: text.index("\n---\n") + 5])
    assert (properties["title"], properties["tags"], properties["status"]) == ("A: b", ["x"], "unread")
