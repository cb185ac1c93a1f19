"""What a benchmark has to say: one line of the table, with what it was to be and how it was measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One goal of DESIGN 13. measured, goal: as shown; reached: None if there is no goal; how: a sentence."""

    what: str
    measured: str
    goal: str
    reached: bool | None
    how: str


def at_most(what: str, measured: float, goal: float, unit: str, how: str) -> Row:
    """A figure that is to be no more than its goal. unit: follows the figure, "×" or " ms"."""
    return Row(what, f"{_figure(measured)}{unit}", f"≤ {goal:g}{unit}", measured <= goal, how)


def told(what: str, measured: float, unit: str, how: str) -> Row:
    """A figure without a goal."""
    return Row(what, f"{_figure(measured)}{unit}", "", None, how)


def _figure(number: float) -> str:
    return f"{number:.2f}" if number < 10 else f"{number:.1f}" if number < 30 else f"{number:.0f}"
