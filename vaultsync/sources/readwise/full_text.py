"""Turn the HTML of a Reader document into Markdown. Pure.

html-to-markdown is forty times faster and more exact than the others, but gives up without an exception on deep
nesting: such a warning or an empty answer counts as failure. Then markdownify, then the bare text.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from vaultsync.sources.clean import clean

_INVISIBLE = {"script", "style", "noscript", "template", "head", "svg"}
_BLOCKS = {"p", "div", "br", "li", "tr", "section", "article", "blockquote", "pre"} | {f"h{n}" for n in range(1, 7)}
_LOSSES = {"depth_limit_exceeded", "truncated_input"}
_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


def markdown(html: str) -> tuple[str, str]:
    r"""Return the Markdown, and what was lost on the way in words ("" if nothing).

    >>> markdown("<h2>Call me</h2><p>some <b>years</b> ago</p>")
    ('## Call me\n\nsome **years** ago\n', '')
    """
    if not html.strip():
        return "", ""
    text, too_deep = _by_html_to_markdown(html)
    if text is None and not too_deep:
        text = _by_markdownify(html)
    if text is not None:
        return _tidy(text), ""
    return _tidy(_bare(html)), "its full text is nested too deep for its layout to be kept; it came as plain text."


def _by_html_to_markdown(html: str) -> tuple[str | None, bool]:
    """Return the Markdown, None if it failed, and whether that was for the nesting, where markdownify fails too."""
    from html_to_markdown import ConversionOptions, convert

    try:
        result = convert(html, ConversionOptions(extract_metadata=False))
    except (ValueError, RuntimeError, TypeError):
        return None, False
    kinds = {str(warning.kind) for warning in result.warnings}
    content = result.content or ""
    if kinds & _LOSSES:
        return None, "depth_limit_exceeded" in kinds
    # An honestly empty page has no visible text either.
    return (content, False) if content.strip() or not _bare(html).strip() else (None, False)


def _by_markdownify(html: str) -> str | None:
    from markdownify import markdownify

    try:
        text = str(markdownify(html, heading_style="ATX"))
    except RecursionError:
        return None
    return text if text.strip() else None


def _bare(html: str) -> str:
    collector = _Text()
    collector.feed(html)
    collector.close()
    return "".join(collector.parts)


def _tidy(text: str) -> str:
    text = _BLANK_LINES.sub("\n\n", clean(text)).strip()
    return text + "\n" if text else ""


class _Text(HTMLParser):
    """Collects visible text, a line per block. It keeps no stack, so no nesting is too deep for it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002, the parser's
        if tag in _INVISIBLE:
            self._hidden += 1
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002, the parser's
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _INVISIBLE:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)
