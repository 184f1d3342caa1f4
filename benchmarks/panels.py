"""Lines over logarithmic axes as one SVG that stands alone, light or dark as its page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 400, 260
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 54, 34
COLOURS = ("#2563eb", "#d97706", "#059669")
_STYLE = """text{font:12px system-ui,sans-serif;fill:#374151}.title{font-weight:600;font-size:13px}
.grid{stroke:#d1d5db;stroke-width:.6}.bar{stroke:#dc2626;stroke-width:1.6;stroke-dasharray:5 3}
.line{fill:none;stroke-width:2}.end{text-anchor:end}.middle{text-anchor:middle}
@media(prefers-color-scheme:dark){text{fill:#d1d5db}.grid{stroke:#4b5563}}"""


@dataclass(frozen=True, slots=True)
class Line:
    """A named line through points above 0."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Bar:
    """What is aimed at: a height, at one place or everywhere."""

    value: float
    at: float | None


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines that share an axis."""

    title: str
    lines: Sequence[Line]
    bars: Sequence[Bar] = ()


def draw(x_title: str, panels: Sequence[Panel]) -> str:
    """Return the panels, two a row, each with decades as its grid."""
    rows = math.ceil(len(panels) / 2)
    xs = [x for panel in panels for line in panel.lines for x, _ in line.points]
    parts = []
    for number, panel in enumerate(panels):
        x, y = number % 2 * WIDTH, number // 2 * HEIGHT
        parts.append(f'<g transform="translate({x} {y})">{_panel(panel, xs, x_title)}</g>')
    size = f'width="{2 * WIDTH}" height="{rows * HEIGHT}"'
    box = f'viewBox="0 0 {2 * WIDTH} {rows * HEIGHT}"'
    title = ", ".join(panel.title for panel in panels)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} role="img">'
    return f"{head}<title>{escape(title)}</title><style>{_STYLE}</style>{''.join(parts)}</svg>\n"


def _panel(panel: Panel, xs: Sequence[float], x_title: str) -> str:
    ys = [y for line in panel.lines for _, y in line.points]
    left, right = _decades([*xs, *(b.at for b in panel.bars if b.at)])
    low, high = _decades([*ys, *(bar.value for bar in panel.bars)])

    def across(x: float) -> float:
        return LEFT + (math.log10(x) - left) / (right - left) * (WIDTH - LEFT - RIGHT)

    def up(y: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(y) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [_text(LEFT, 16, panel.title, "title")]
    for power in range(left, right + 1):
        x = across(10.0**power)
        parts.append(_rule("grid", x, TOP, x, HEIGHT - BOTTOM))
        parts.append(_text(x, HEIGHT - BOTTOM + 15, f"10{_raised(power)}", "middle"))
    for power in range(low, high + 1):
        y = up(10.0**power)
        parts.append(_rule("grid", LEFT, y, WIDTH - RIGHT, y))
        parts.append(_text(LEFT - 6, y + 4, f"{10.0**power:g}", "end"))
    parts.append(_text(WIDTH - RIGHT, HEIGHT - 4, x_title, "end"))
    for bar in panel.bars:
        ends = (across(bar.at) - 16, across(bar.at) + 16) if bar.at else (LEFT, WIDTH - RIGHT)
        parts.append(_rule("bar", ends[0], up(bar.value), ends[1], up(bar.value)))
    begin = LEFT
    for line, colour in zip(panel.lines, COLOURS, strict=False):
        points = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in line.points)
        parts.append(f'<polyline class="line" stroke="{colour}" points="{points}"/>')
        parts += [
            f'<circle fill="{colour}" cx="{across(x):.1f}" cy="{up(y):.1f}" r="3"/>'
            for x, y in line.points
        ]
        parts.append(f'<circle fill="{colour}" cx="{begin + 4}" cy="34" r="4"/>')
        parts.append(_text(begin + 12, 38, line.name, "key"))
        begin += 26 + 7 * len(line.name)
    return "".join(parts)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten around ``values``."""
    low = math.floor(math.log10(min(values)))
    return low, max(low + 1, math.ceil(math.log10(max(values))))


def _raised(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _rule(style: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
