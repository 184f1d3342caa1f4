"""Small SVG charts as strings, drawn by hand: no script, no request, colours from the page.

Everything that is text goes through ``escape``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

SERIES = ("s1", "s2", "s3", "s4", "s5", "s6")


@dataclass(frozen=True, slots=True)
class Line:
    """A named polyline in data units, 0..1 on x."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Dot:
    """A named value with its interval, 0..1."""

    name: str
    value: float
    low: float
    high: float
    n: int


def curves(lines: Sequence[Line], x_title: str, y_title: str, y_max: float) -> str:
    """Return lines over a 0..1 axis with a grid; ``y_max`` is the top of the other axis."""
    width, height, left, top, right, bottom = 720, 320, 52, 12, 16, 44
    inner_w, inner_h = width - left - right, height - top - bottom

    def place(x: float, y: float) -> str:
        return f"{left + x * inner_w:.1f},{top + (1 - min(y, y_max) / y_max) * inner_h:.1f}"

    parts = []
    for step in range(6):
        x, y = left + step / 5 * inner_w, top + step / 5 * inner_h
        parts.append(_line("grid", left, y, width - right, y))
        parts.append(_text("tick", left - 8, y + 4, f"{y_max * (5 - step) / 5:.2f}", "end"))
        parts.append(_text("tick", x, height - bottom + 18, f"{step / 5:.1f}"))
    parts.append(_text("axis", left + inner_w / 2, height - 6, x_title))
    turned = f"translate(13 {top + inner_h / 2}) rotate(-90)"
    parts.append(f'<g transform="{turned}">{_text("axis", 0, 0, y_title)}</g>')
    for number, line in reversed(list(enumerate(lines))):
        if line.points:
            points = " ".join(place(x, y) for x, y in line.points)
            style = f"line {SERIES[number % len(SERIES)]}"
            parts.append(f'<polyline class="{style}" points="{points}">{_title(line.name)}')
            parts.append("</polyline>")
    return _svg(width, height, f"{y_title} against {x_title}", parts)


def legend(names: Sequence[str]) -> str:
    """Return the key to the colours of ``curves`` and ``histogram``, in the same order."""
    items = "".join(
        f'<li><span class="swatch {SERIES[i % len(SERIES)]}"></span>{escape(name)}</li>'
        for i, name in enumerate(names)
    )
    return f'<ul class="legend">{items}</ul>'


def forest(dots: Sequence[Dot], bar: float | None = None) -> str:
    """Return one row per dot: name, number of questions, interval on a 0..1 axis, value."""
    row, left, right, width = 26, 190, 60, 720
    height = row * len(dots) + 26
    inner = width - left - right
    parts = []
    for step in range(0, 11, 2):
        x = left + step / 10 * inner
        parts.append(_line("grid", x, 0, x, height - 22))
        parts.append(_text("tick", x, height - 6, f"{step / 10:.1f}"))
    if bar is not None:
        x = left + bar * inner
        parts.append(_line("bar-line", x, 0, x, height - 22))
    for number, dot in enumerate(dots):
        y = number * row + row / 2
        low, high, at = (left + v * inner for v in (dot.low, dot.high, dot.value))
        parts.append(_text("name", left - 72, y + 4, dot.name, "end"))
        parts.append(_text("tick", left - 12, y + 4, f"n = {dot.n}", "end"))
        parts.append(_line("range", low, y, high, y))
        parts.append(f'<circle class="dot" cx="{at:.1f}" cy="{y:.1f}" r="5"/>')
        parts.append(_text("value", width - 4, y + 4, f"{dot.value:.2f}", "end"))
    return _svg(width, height, "Values with 95 % intervals", parts)


def histogram(groups: Sequence[tuple[str, Sequence[float]]], bins: int = 20) -> str:
    """Return counts of values in 0..1 for two groups, one above the axis and one below it."""
    width, half, left = 720, 90, 8
    counts = [
        [sum(min(bins - 1, max(0, int(v * bins))) == b for v in values) for b in range(bins)]
        for _, values in groups[:2]
    ]
    top = max((max(c) for c in counts), default=0) or 1
    step = (width - 2 * left) / bins
    parts = [_line("axis-line", 0, half, width, half)]
    for number, row in enumerate(counts):
        for b, count in enumerate(row):
            tall = count / top * (half - 6)
            name = f"{count} of {groups[number][0]}, {b / bins:.2f}–{(b + 1) / bins:.2f}"
            y = half - tall if number == 0 else half
            size = f'width="{step - 2:.1f}" height="{tall:.1f}" rx="2"'
            place = f'x="{left + b * step + 1:.1f}" y="{y:.1f}"'
            parts.append(
                f'<rect class="fill {SERIES[number]}" {place} {size}>{_title(name)}</rect>'
            )
    for tenth in range(0, 11, 2):
        x = left + tenth / 10 * (width - 2 * left)
        parts.append(_text("tick", x, 2 * half + 14, f"{tenth / 10:.1f}"))
    return _svg(width, 2 * half + 18, "Confidence", parts)


def bullet(value: float, low: float, high: float, bar: float | None, top: float = 1.0) -> str:
    """Return a thin bar for ``value`` with its interval and a mark where the bar is set."""
    width, height = 220, 18

    def x(v: float) -> float:
        return max(0.0, min(1.0, v / top)) * width

    parts = [
        f'<rect class="track" x="0" y="6" width="{width}" height="6" rx="3"/>',
        f'<rect class="amount" x="0" y="6" width="{x(value):.1f}" height="6" rx="3"/>',
        _line("range thin", x(low), 9, x(high), 9),
    ]
    if bar is not None:
        parts.append(_line("bar-line", x(bar), 1, x(bar), 17))
    return _svg(width, height, f"{value:.3f}", parts)


def _line(style: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(style: str, x: float, y: float, text: str, anchor: str = "middle") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{style}" {place}>{escape(text)}</text>'


def _title(text: str) -> str:
    return f"<title>{escape(text)}</title>"


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
    return f"{head}{''.join(parts)}</svg>"
