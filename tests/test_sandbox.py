from __future__ import annotations

import pytest
from jinja2.exceptions import SecurityError

from tests.render_case import NOW, document, rendered
from vaultsync.errors import TemplateError
from vaultsync.model import Document, Highlight
from vaultsync.rendering.render import PathRenderer, Renderer
from vaultsync.rendering.sandbox import Sandbox
from vaultsync.rendering.tracked import plain_text
from vaultsync.rendering.views import DOCUMENT_FIELDS, HIGHLIGHT_FIELDS, DocumentView, HighlightView

LOOP = "{% for h in document.highlights %}"
WITH_EXTRA = document(extra={"yes": True, "a": "1", "list": ["x"], "map": {"k": ["y"]}})

# Each is an expression; `h` is a highlight. Names of what Python keeps behind every object, by every way to ask.
ESCAPES = (
    "{subject}.__class__", "{subject}.__init__", "{subject}.__globals__", "{subject}.__dict__", "{subject}.__reduce__",
    "{subject}.__doc__", "{subject}.__module__",
    "{subject}['__class__']", "{subject}|attr('__class__')", "{subject}|attr('__cl' ~ 'ass__')",
    "{subject}['_' ~ '_class__']", "{subject}.__class__.__mro__[1].__subclasses__()",
    "[{subject}]|map(attribute='__class__')|list", "[{subject}]|map('attr', '__class__')|first",
    "[{subject}]|groupby('__class__')", "[{subject}]|sum(attribute='__class__')",
    "[{subject}]|selectattr('__class__')|first", "[{subject}]|map('string')|map(attribute='__class__')|join",
)  # fmt: skip
SUBJECTS = (
    "h", "document", "document.title", "h.text", "h.tags", "h.tags[0]", "h.anchor", "document.tags",
    "document.highlights", "document.extra", "now", "namespace", "range", "dict", "cycler", "joiner", "self", "loop",
    "h.text.upper", "(h.text|quote)", "('%s'|format(h.text))", "h.text.format", "m", "(document.tags|join)",
    "namespace()", "cycler(1)", "joiner()", "now.replace", "document.extra.yes",
)  # fmt: skip
INSIDES = (
    "h._highlight", "h['_highlight']", "h|attr('_highlight')", "h._id", "h._block_id", "h.block_id",
    "document._document", "document['_highlights']", "document|attr('_document')",
    "[document]|map(attribute='_document')|list", "h.text.owner", "h.text.field", "h.text.via",
    "h.text.through('x')", "h.text['through']", "h.text|attr('owner')", "h.tags.names", "h.tags._item('x')",
    "h.tags['names']", "h.tags|attr('names')", "(document.tags|join).items", "(h.text|trim).via",
    "self._TemplateReference__context", "m._func", "m._environment", "m.caller.__code__", "loop._iterable.gi_frame",
    "(h.tags|map('upper')).gi_frame", "h.text.__len__()", "lipsum", "lipsum()", "config", "request", "environment",
    "context", "get_flashed_messages", "url_for", "__builtins__", "open('x')", "h.tags|random", "(1).__class__",
    "''.__class__", "''.join.__self__", "h.extra.__class__", "document.nothing", "h.nothing",
    "document.extra.yes.field", "document.extra.yes|attr('field')", "document.extra._is_strict",
)  # fmt: skip
STRINGS = (
    "'{0.__class__}'.format(h)", "'{0._highlight}'.format(h)", "'{x.__class__}'.format(x=document)",
    "'{0[__class__]}'.format(h)", "'{0.__class__}'.format_map({'0': h})", "('{0.__class__}'|string).format(h)",
    "'%(x)s'|format(x=h)", "'%s' % h", "h ~ ''", "h|string", "[h]|join", "document|upper", "h", "document",
    "document.highlights", "'{}'.format(h)",
)  # fmt: skip
CHANGES = (
    "document.extra.update(a=2)", "document.extra.clear()", "document.extra.pop('a')",
    "document.extra.setdefault('z', 1)", "document.extra.list.append(1)", "document.extra.list.clear()",
    "document.extra['list'].sort()", "document.extra.map.k.pop()", "document.extra.popitem()",
    "document.extra|attr('clear')()", "document.highlights.append(1)", "h.tags.append(1)", "[].append(h)",
)  # fmt: skip
BOMBS = (
    "'x' * 10000000", "10000000 * 'x'", "[1] * 10000000", "(1,) * 10000000", "9 ** 9999999", "2 ** (9 ** 9)",
    "range(10000000)", "'%10000000d' % 1", "'%*d' % (10000000, 1)", "'%.10000000f' % 1", "'%(a)9999999s' % {'a': 1}",
    "'%10000000d'|format(1)", "'{:10000000}'.format(1)", "'{:{}}'.format(1, 10000000)",
    "'{:>9999999}'.format_map({'': 1})", "'x'.ljust(10000000)", "'x'.rjust(10000000)", "'x'.center(10000000)",
    "'x'.zfill(10000000)", "'\\t'.expandtabs(10000000)", "h.text.center(width=10000000)", "'x'|center(10000000)",
    "[1]|batch(10000000, 'x')|list", "[1]|slice(10000000)|list", "h.text * 10000000", "h.text % 1",
    "(2 ** 999999) * (2 ** 999999)", "h.text|center(width=10000000)",
)  # fmt: skip


def shown(expression: str) -> str:
    setup = "{% macro m() %}{% endmacro %}"
    return rendered(f"{setup}{{% for h in document.highlights %}}{{{{ {expression} }}}}{{% endfor %}}", WITH_EXTRA).text


@pytest.mark.parametrize("subject", SUBJECTS)
def test_no_way_leads_from_a_value_to_pythons_insides(subject: str) -> None:
    for escape in ESCAPES:
        expression = escape.format(subject=subject)
        with pytest.raises(TemplateError):
            pytest.fail(f"{expression} gave {shown(expression)}")


@pytest.mark.parametrize("expression", [*INSIDES, *STRINGS, *CHANGES, *BOMBS])
def test_what_a_template_must_not_do_stops_it(expression: str) -> None:
    with pytest.raises(TemplateError) as caught:
        shown(expression)
    assert caught.value.line == 1
    assert " object at 0x" not in str(caught.value)


@pytest.mark.parametrize("expression", ["h|xmlattr", "{'a b': h.text}|xmlattr"])
def test_attributes_for_html_let_nothing_through(expression: str) -> None:
    with pytest.raises(TemplateError):
        shown(expression)


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "../x.md", "document.md/../x", "default/../../x", ""])
@pytest.mark.parametrize("tag", ["include", "extends", "import"])
def test_no_file_but_the_templates_can_be_asked_for(tag: str, name: str) -> None:
    with pytest.raises(TemplateError, match="there is no template"):
        rendered(f'{{% {tag} "{name}" {"as x " if tag == "import" else ""}%}}')


def test_a_template_can_not_change_what_the_next_one_sees() -> None:
    shown = document(extra={"list": ["x"]})
    renderer = Renderer(
        {
            "a.md": "{% set document = 1 %}{% set range = 2 %}{{ document }}",
            "b.md": "{{ document.extra.list[0] }}{{ range(1)|first }}",
        }
    )

    renderer.render("a.md", shown, now=NOW)

    assert renderer.render("b.md", shown, now=NOW).text.endswith("x0\n")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'%s by %s' % (document.title, 'x')", "Meditations by x"),
        ("'{} {:>5}'.format('a', 7)", "a     7"),
        ("2 ** 10", "1024"),
        ("3000 ** 2", "9000000"),
        ("1.5 * 2", "3.0"),
        ("'-' * 3", "---"),
        ("[1, 2] * 2", "1, 2, 1, 2"),
        ("7 % 4", "3"),
        ("'**%s**' | format(document.title)", "**Meditations**"),
        ("'{a}'.format_map({'a': 1})", "1"),
        ("'x'.ljust(3) ~ '|'", "x  |"),
        ("'x'|center(5)", "  x  "),
        ("[1, 2, 3]|batch(2)|map('join')|join('/')", "12/3"),
        ("document.title.format()", "Meditations"),
        ("'{{}} {}'.format(5000000)", "{} 5000000"),
        ("document['title']", "Meditations"),
        ("5000000|string|center(9)", " 5000000 "),
        ("document.highlights|map(attribute='text')|join(' ')", "First. Second."),
        ("document.tags + ['x']", "to read, 2024, x"),
        ("(['x'] + document.tags)|hashtags", "#x #to-read #y2024"),
        ("document.tags[1:]", "2024"),
        ("document.tags|length", "2"),
        ("'2024' in document.tags", "true"),
        ("document.tags|map('upper')", "TO READ, 2024"),
        ("document.tags[0]", "to read"),
        ("document.nothing is defined", "false"),
        ("document.highlights|selectattr('note')|map(attribute='id')|join", "1"),
    ],
)
def test_everyday_expressions_work(expression: str, expected: str) -> None:
    text = rendered(f"# T\n{{{{ {expression} }}}}").text

    assert text == f'---\nvaultsync_id: "readwise:1"\n---\n# T\n{expected}\n'


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("document.extra.yes", "true"),
        ("document.extra['no']", "false"),
        ("document.extra.get('yes')", "true"),
        ("document.extra.get('nothing', 7)", "7"),
        ("'a' if document.extra.no else 'b'", "b"),
        ("not document.extra.no", "true"),
        ("document.extra.yes == true, document.extra.no is false, document.extra.no is true", "true, true, false"),
        ("document.extra.yes is boolean, document.extra.yes is integer", "true, false"),
        ("document.extra.yes and document.extra.no", "false"),
        ("document.extra.yes | tojson", "true"),
        ("{'a': document.extra.number} | tojson", '{"a": 3}'),
        ("document.extra | tojson", '{"no": false, "number": 3, "yes": true}'),
        ("document.extra.yes ~ '!'", "true!"),
        ("document.extra.values() | list", "true, false, 3"),
        ("[1, document.extra.yes] | sum", "2"),
    ],
)
def test_a_truth_value_of_the_service_is_one_to_a_template(expression: str, expected: str) -> None:
    text = rendered(f"{{{{ {expression} }}}}", document(extra={"yes": True, "no": False, "number": 3})).text

    assert text.endswith(f"---\n{expected}\n")


def test_every_field_can_be_printed() -> None:
    for field in DOCUMENT_FIELDS:
        rendered(f"{{{{ document.{field} }}}}")
        rendered(f"{{{{ document['{field}'] }}}}")
    for field in [*HIGHLIGHT_FIELDS, "anchor"]:
        rendered(f"{{% for h in document.highlights %}}{{{{ h['{field}'] }}}}\n{{% endfor %}}")


def test_the_fields_are_those_of_the_model() -> None:
    assert set(HIGHLIGHT_FIELDS) == set(Highlight.__struct_fields__) - {"block_id"}
    assert set(DOCUMENT_FIELDS) == set(Document.__struct_fields__) - {"highlights"}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("document.titel", "a document has no field 'titel'; it has id, title"),
        ("document.highlights[0].titel", "a highlight has no field 'titel'; it has id, text"),
        ("document.highlights[0]", "a highlight was printed"),
        ("document", "the document was printed"),
        ("document.title.upper", "a function was printed; call it with ()"),
        ("document.word_count * 2", "unsupported operand"),
        ("lipsum()", "'lipsum' is undefined"),
    ],
)
def test_a_message_says_what_to_write_instead(expression: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        rendered(f"{{{{ {expression} }}}}")
    assert message in str(caught.value)


@pytest.mark.parametrize("ending", ["", " | upper"])
def test_an_inline_if_without_else_prints_nothing(ending: str) -> None:
    assert "\nab\n" in rendered("a{{ ('★' if document.author == 'nobody')" + ending + " }}b").text


def test_the_guards_are_those_of_jinjas_sandbox_where_values_are_not_ours() -> None:
    sandbox = Sandbox({}, plain_text)

    assert sandbox.is_safe_attribute("x", "upper", "x".upper)
    assert not sandbox.is_safe_attribute("x", "__class__", str)
    with pytest.raises(SecurityError):
        str(sandbox.getattr("x", "__class__"))
    view = DocumentView(document())
    assert isinstance(sandbox.getitem(view, "highlights")[0], HighlightView)


@pytest.mark.parametrize("method", ["format(h)", "format_map({'0': h})"])
def test_captured_text_is_guarded_as_any_text_is(method: str) -> None:
    with pytest.raises(TemplateError):
        rendered(LOOP + "{% set f %}{{ document.author }}{0.__class__}{% endset %}{{ f." + method + " }}{% endfor %}")


def test_a_note_path_is_as_safe_as_a_note() -> None:
    with pytest.raises(TemplateError, match=r"vaultsync\.toml: path"):
        PathRenderer("{{ document.__class__ }}").path(document(), now=NOW)
