"""vaultsync templates: which templates are used, whether they work, and a copy to make one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command_case import be_nobody, made_vault
from vaultsync.cli import main
from vaultsync.rendering.templates import SETS


@pytest.fixture(autouse=True)
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault without templates of its own."""
    root = made_vault(tmp_path / "vault")
    be_nobody(monkeypatch, tmp_path, root)
    return root


def own(vault: Path, name: str, text: str) -> None:
    folder = vault / "mine"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (vault / "vaultsync.toml").write_text("[notes]\ntemplates = 'mine'\n")


def answer(capsys: pytest.CaptureFixture[str], *args: str) -> Any:
    capsys.readouterr()
    code = main(["templates", *args, "--json"])
    return code, json.loads(capsys.readouterr().out)["templates"]


@pytest.mark.parametrize("name", SETS)
def test_every_shipped_set_works(vault: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (vault / "vaultsync.toml").write_text(f"[notes]\ntemplates = '{name}'\n")
    code, found = answer(capsys, "check")
    assert (code, [(each["error"], each["warnings"]) for each in found]) == (0, [(None, [])] * len(found))
    assert found


@pytest.mark.parametrize("name", SETS)
def test_copied_set_is_what_the_vault_uses(vault: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["templates", "copy", name]) == 0
    (vault / "vaultsync.toml").write_text("[notes]\ntemplates = 'Templates/vaultsync'\n")
    code, found = answer(capsys, "list")
    assert code == 0
    assert "Templates/vaultsync/document.md" in [each["template"] for each in found]


def test_list_names_the_template_of_each_category(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own(vault, "document.md", "{{ document.title }}\n")
    own(vault, "document.articles.md", "{{ document.title }}\n")
    code, found = answer(capsys, "list")
    assert code == 0
    assert {(each["template"], each["category"]) for each in found} == {
        ("mine/document.md", ""),
        ("mine/document.articles.md", "articles"),
    }


def test_list_names_the_sets_to_copy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["templates", "list"]) == 0
    assert "default, callouts, minimal" in capsys.readouterr().out


def test_broken_template_fails_the_check_with_its_line(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own(vault, "document.md", "# {{ document.title }}\n{{ document.titel }}\n")
    code, (found,) = answer(capsys, "check")
    assert (code, found["works"], found["error"]["line"]) == (1, False, 2)


MIXED = "---\ntitle: {{ document.title }}\n---\n- Note: {{ document.note }}\n- {{ document.summary | upper }}\n"
MIXED += """{% for h in document.highlights %}
{% highlight h %}
- {{ h.text | quote | indent }}
{% endhighlight %}
{% endfor %}
"""


def test_check_says_of_each_field_whether_it_can_be_edited(
    vault: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "10000")
    own(vault, "document.md", MIXED)
    assert main(["templates", "check"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "mine/document.md: works.",
        "  document.title    writable",
        "  document.summary  read-only: it is printed through something that can't be undone. Print it as it is, "
        "{{ document.summary }}, or through quote, indent, trim, default or cell.",
        "  document.note     writable. While it has several lines it is read-only; print it with quote or indent.",
        "  highlight.text    writable",
        "  Warning: The block id stands on a line of its own between two items of a list, and makes them two lists. "
        "Put {{ h.anchor }} at the end of the item's line.",
    ]


def test_check_breaks_its_lines_where_a_terminal_ends(
    vault: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own(vault, "document.md", "- {{ document.summary | upper }}\n")
    monkeypatch.setenv("COLUMNS", "75")
    assert main(["templates", "check"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "mine/document.md: works.",
        "  document.summary  read-only: it is printed through something that can't",
        "                    be undone. Print it as it is, {{ document.summary }},",
        "                    or through quote, indent, trim, default or cell.",
    ]


def test_check_tells_fields_as_objects(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own(vault, "document.md", "# {{ document.title }}\n")
    _, (found,) = answer(capsys, "check")
    assert (found["works"], found["warnings"]) == (True, [])
    assert found["fields"] == [
        {
            "owner": "document",
            "field": "title",
            "writable": False,
            "reason": "a title in the text is its user's own",
            "cure": "Print it as a property: title: {{ document.title }}.",
            "remark": "",
        }
    ]


def test_check_of_a_template_without_fields_says_only_that_it_works(
    vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own(vault, "document.md", "# {{ document.id }}\n")
    assert main(["templates", "check"]) == 0
    assert capsys.readouterr().out == "mine/document.md: works.\n"


def test_copy_leaves_your_own_files_as_they_are(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = vault / "Templates" / "vaultsync"
    folder.mkdir(parents=True)
    (folder / "document.md").write_text("mine")
    assert main(["templates", "copy"]) == 0
    assert (folder / "document.md").read_text() == "mine"
    assert "left as it is" in capsys.readouterr().out


def test_copy_of_an_unknown_set_copies_nothing(vault: Path) -> None:
    assert main(["templates", "copy", "nonsense"]) == 2
    assert [path.name for path in vault.iterdir()] == ["vaultsync.toml"]


def test_a_mistake_that_several_templates_share_is_told_once(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own(vault, "document.md", "{{ document.titel }}\n")
    for name in ("podcasts", "tweets"):
        own(vault, f"document.{name}.md", '{% include "document.md" %}\n')
    for command, code in ((["templates", "check"], 1), (["doctor", "--offline"], 1)):
        capsys.readouterr()
        assert main(command) == code
        assert capsys.readouterr().out.count("a document has no field 'titel'") == 1


PATHS = """\
[notes]
path = "Books/{{ document.title }}.md"
[sources.readwise]
path = "Mine/{{ document.category }}/{{ document.titel }}.md"
[sources.linkding]
base_url = "https://links.example.org"
[review]
path = "Reviews/{{ day }}.md"
"""


def test_check_tries_the_paths_of_new_notes_and_names_what_is_wrong(
    vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (vault / "vaultsync.toml").write_text(PATHS)
    assert main(["templates", "check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("vaultsync.toml, line 4: path of [sources.readwise]: a document has no field 'titel'")
    assert lines[1] == "  Mend that path in vaultsync.toml, then run again."
    assert lines[2].startswith("vaultsync.toml, line 8: path of [review]: ")
    assert lines[-1] == "path of [notes]: works, and makes Books/A Title - with a colon.md"
    assert main(["templates", "check", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["paths"]
    assert [(each["section"], each["works"]) for each in found] == [
        ("notes", True),
        ("sources.readwise", False),
        ("review", False),
    ]
    assert found[0]["example"] == "Books/A Title - with a colon.md"


def test_a_path_that_fails_for_one_kind_of_document_is_found(vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "{% if document.category == 'tweets' %}{{ document.titel }}{% endif %}x"
    (vault / "vaultsync.toml").write_text(f'[notes]\npath = "{text}"\n')
    assert main(["templates", "check"]) == 1
    assert "path of [notes]: a document has no field 'titel'" in capsys.readouterr().out


def test_of_paths_that_nobody_wrote_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["templates", "check"]) == 0
    assert "path of" not in capsys.readouterr().out
