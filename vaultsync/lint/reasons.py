"""Why a field of a template can't be edited in its notes, and what its author can do about it. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

from vaultsync.lens.cuts import AMBIGUOUS, OPEN_ENDED
from vaultsync.lens.guard import CUT
from vaultsync.lens.inverse import BETWEEN, NO_WAY_BACK
from vaultsync.lens.rows import BESIDE, CHANGED, ITEM
from vaultsync.model import EXTRA

# What the lens has no word for.
HEADING = "it is a title in the text"
OUTSIDE = "it stands outside the blocks, after the first of them"
ELSEWHERE = "it stands in a block that is not its own"
SHARED = "two blocks share a line there"
MISSED = "what is typed there is not noticed"
PART = "the template makes it a part of other text (~, format, captured text, a property with more in it)"
NO_PROPERTY = "it is true or false, and no property of its own"
NO_DAY = "it is a date, and no property of its own"
TRANSFORMED = "it is printed through something that can't be undone"

_SET_APART = "Put it, and the values before and after it, on lines of their own behind labels."
_BEFORE = "Print it before the first highlight, or as a property."
_MARKED = ("nothing marks its further lines as its own", "Print it with quote or indent.")
_MADE = (TRANSFORMED, "Print it as it is, {{{{ {variable} }}}}, or through {filters}.")

# Reason and cure, by what the lens or the lint found. variable: the field as a template names it. filters: that can
# be read back.
_EXPLAINED: Mapping[str, tuple[str, str]] = {
    **{each: (each, "Print it as one: {name}: {{{{ {variable} }}}}.") for each in (NO_PROPERTY, NO_DAY)},
    HEADING: ("a title in the text is its user's own", "Print it as a property: title: {{{{ {variable} }}}}."),
    OUTSIDE: (OUTSIDE, _BEFORE),
    MISSED: (MISSED, _SET_APART),
    PART: (PART, "Print it by itself: {{{{ {variable} }}}}."),
    TRANSFORMED: _MADE,
    CHANGED: _MADE,
    NO_WAY_BACK: _MADE,
    ELSEWHERE: ("it is the document's, and stands in a highlight's block", _BEFORE),
    SHARED: (SHARED, "End each block with a new line; a line that ends with {{% … %}} has none of its own."),
    BESIDE: ("nothing stands between it and the value beside it", "Put words or a new line between them."),
    ITEM: ("tags printed one by one can't be read back", "Print them with {filters}."),
    BETWEEN: ("what stands between the tags occurs in tags too", "Print them with hashtags or wikilinks."),
    AMBIGUOUS: ("it and what stands beside it can be read in more than one way", _SET_APART),
    OPEN_ENDED: _MARKED,
    CUT: _MARKED,
}
_NOT_IN_ITS_BLOCK = (
    "it stands outside the block of its highlight",
    "Print it between {{% highlight h %}} and {{% endhighlight %}}.",
)


def explained(why: str, *, owner: str, field: str) -> tuple[str, str]:
    """Reason and cure. why: a word of this module or of the lens. owner: "document" or "highlight".

    >>> explained(HEADING, owner="document", field="title")
    ("a title in the text is its user's own", 'Print it as a property: title: {{ document.title }}.')
    """
    if (owner, field) == ("document", "title") and why in (PART, TRANSFORMED):
        why = HEADING
    is_lost = owner == "highlight" and why in (OUTSIDE, ELSEWHERE)
    reason, cure = _NOT_IN_ITS_BLOCK if is_lost else _EXPLAINED.get(why, (why, _SET_APART))
    variable = f"{'h' if owner == 'highlight' else owner}.{field}"
    filters = "hashtags, wikilinks or join" if field == "tags" else "quote, indent, trim, default or cell"
    return reason, cure.format(variable=variable, filters=filters, name=field.removeprefix(EXTRA))


# --- what does not work although a field is writable ------------------------------------------------------------------

NO_PLACE = "While it is empty it has no place in the note."
NOT_BEGUN = "While it is empty nothing typed there is read; put a label before it."
NOT_CLEARED = "To empty it is not read; put a label before it."
NOT_WHILE_LONG = "While it has several lines it is read-only; print it with quote or indent."
NOT_WHILE_LISTED = "With a list in it, it is read-only; put a label before it."


def only(where: str, reason: str) -> str:
    """The remark on a field that is read-only in one of the two places it stands in. where: it can be edited."""
    if where == "property":
        return f"Only as a property: in the text {reason}."
    return f"Only in the text: as a property {reason}."
