"""HTML of any shape becomes Markdown, or at least text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaultsync.sources.readwise.full_text import markdown


def test_an_article_keeps_its_structure() -> None:
    html = '<h1>Bread</h1><p>Take <em>time</em>, <a href="https://example.org">flour</a>.</p><ul><li>water</li></ul>'
    assert markdown(html) == ("# Bread\n\nTake *time*, [flour](https://example.org).\n\n- water\n", "")


def test_scripts_and_styles_are_not_text() -> None:
    text, _lost = markdown("<style>p {}</style><script>alert('x')</script><p>Bread.</p>")
    assert text == "Bread.\n"


@pytest.mark.parametrize("html", ["", "  ", "<div></div>", "<script>x</script>"])
def test_nothing_visible_is_nothing(html: str) -> None:
    assert markdown(html) == ("", "")


@pytest.mark.parametrize("depth", [1_500, 20_000])
def test_deep_nesting_costs_the_layout_and_never_the_text(depth: int) -> None:
    text, lost = markdown("<div>" * depth + "Bread, <b>after all</b>." + "</div>" * depth)
    assert "Bread, " in text
    assert "after all" in text
    assert "plain text" in lost


def test_control_characters_and_carriage_returns_stay_out() -> None:
    assert markdown("<p>Bread\x00 and\r\nsalt &#xfdd0;</p>")[0] == "Bread and\nsalt \n".replace(" \n", "\n")


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from(list("<>/abp \n&;\"'=!-"))))
def test_any_text_at_all_is_survived(html: str) -> None:
    text, _lost = markdown(html)
    assert "\r" not in text
