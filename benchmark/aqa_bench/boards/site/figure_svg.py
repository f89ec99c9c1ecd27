"""A method's figure as SVG inside its page: colours come from the page's style, so both schemes have one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from math import cos, hypot, pi, sin, sqrt
from typing import TYPE_CHECKING

from aqa_bench.boards.site.engine import missing_extra
from aqa_bench.boards.site.figure_file import (
    WIDTH,
    Arrow,
    Box,
    Curve,
    Dots,
    Figure,
    Frames,
    Label,
    Matrix,
    Piece,
    Ring,
)

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["draw_figure"]

Point = tuple[float, float]
_SHIN = 0.19
_LINE = 15.0


def draw_figure(figure: Figure) -> Markup:
    """The figure as one ``<svg>`` that names itself to screen readers; its words are escaped.

    Raises:
        UsageError: The extra ``site`` is not installed.
    """
    try:
        from markupsafe import Markup
    except ImportError as error:
        raise missing_extra(error) from error
    inside = "".join(_draw(piece) for piece in figure.draw)
    return Markup(
        f'<svg class="idea" viewBox="0 0 {WIDTH} {_n(figure.height)}" role="img" '
        f'aria-labelledby="idea-title idea-shows"><title id="idea-title">{_words(figure.title)}</title>'
        f'<desc id="idea-shows">{_words(figure.shows)}</desc>{inside}</svg>'
    )


@singledispatch
def _draw(piece: Piece) -> str:
    raise TypeError(piece)


@_draw.register
def _frames(piece: Frames) -> str:
    size, (x, y) = piece.size, piece.at
    parts = [_text((x, y - 5), piece.name)] if piece.name else []
    for i, pose in enumerate(piece.poses):
        left = x + i * (size + piece.gap)
        middle = f" rotate({_n(piece.turn)} {_n(size / 2)} {_n(size / 2)})" if piece.turn else ""
        person = (_diver if piece.motion == "dive" else _lifter)(pose, size, piece)
        parts.append(f'<g transform="translate({_n(left)} {_n(y)}){middle}">{person}</g>')
        if i < len(piece.below):
            parts.append(_text((left + size / 2, y + size + 13), piece.below[i], "middle"))
    return f'<g class="{piece.person}">{"".join(parts)}</g>'


@_draw.register
def _arrow(piece: Arrow) -> str:
    (x1, y1), (x2, y2) = piece.start, piece.end
    length = hypot(x2 - x1, y2 - y1) or 1.0
    # Unit vectors along the way and to its left.
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    lx, ly = uy, -ux
    mid = ((x1 + x2) / 2 + piece.bend * lx, (y1 + y2) / 2 + piece.bend * ly)
    # The middle of a quadratic curve lies half-way to its control point.
    control = ((x1 + x2) / 2 + 2 * piece.bend * lx, (y1 + y2) / 2 + 2 * piece.bend * ly)
    parts = [f'<path d="M{_p(piece.start)}Q{_p(control)} {_p(piece.end)}"/>']
    if piece.way in ("step", "attract", "repel"):
        parts.append(_head(control, piece.end))
    if piece.way in ("attract", "repel"):
        parts.append(_head(control, piece.start))
    if piece.text:
        steep = abs(uy) > abs(ux)
        at = (mid[0] + 8, mid[1] + 4) if steep else (mid[0], mid[1] - 6)
        parts.append(_text(at, piece.text, "start" if steep else "middle"))
    return f'<g class="{piece.way}">{"".join(parts)}</g>'


@_draw.register
def _box(piece: Box) -> str:
    (x, y), (width, height) = piece.at, piece.size
    corner = {"network": 2.0, "code": min(height, width) / 2, "goal": 6.0}[piece.look]
    first = y + height / 2 - (len(piece.lines) - 1) * _LINE / 2 + 4.5
    middle = x + width / 2
    texts = (_text((middle, first + i * _LINE), words, "middle") for i, words in enumerate(piece.lines))
    return (
        f'<g class="box {piece.look} {piece.ink}"><rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" '
        f'height="{_n(height)}" rx="{_n(corner)}"/>{"".join(texts)}</g>'
    )


@_draw.register
def _curve(piece: Curve) -> str:
    (x, y), (width, height) = piece.at, piece.size
    step = width / (len(piece.values) - 1)
    points = [(x + i * step, y + (1 - value) * height) for i, value in enumerate(piece.values)]
    name = _text((x, y - 5), piece.name) if piece.name else ""
    return f'<g class="curve {piece.ink}">{_line(points)}{name}</g>'


@_draw.register
def _dots(piece: Dots) -> str:
    def mark(at: Point) -> str:
        (x, y), r = at, 4.0
        if piece.ink == "bad":
            a, b, c, d = ((x - r, y - r), (x + r, y + r), (x + r, y - r), (x - r, y + r))
            return f'<path d="M{_p(a)}L{_p(b)}M{_p(c)}L{_p(d)}"/>'
        return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(r)}"/>'

    return f'<g class="dots {piece.ink}">{"".join(map(mark, piece.points))}</g>'


@_draw.register
def _ring(piece: Ring) -> str:
    (x, y), (rx, ry) = piece.at, piece.radii
    return f'<ellipse class="ring {piece.ink}" cx="{_n(x)}" cy="{_n(y)}" rx="{_n(rx)}" ry="{_n(ry)}"/>'


@_draw.register
def _matrix(piece: Matrix) -> str:
    (x, y), cell = piece.at, piece.size / piece.joints
    cells = "".join(
        f'<rect x="{_n(x + j * cell)}" y="{_n(y + i * cell)}" width="{_n(cell)}" height="{_n(cell)}" '
        f'fill-opacity="{_n(abs(sin(1.7 * i) - sin(1.7 * j)) / 2, 2)}"/>'
        for i in range(piece.joints)
        for j in range(piece.joints)
    )
    return (
        f'<g class="matrix {piece.ink}">{cells}<rect class="edge" x="{_n(x)}" y="{_n(y)}" '
        f'width="{_n(piece.size)}" height="{_n(piece.size)}"/></g>'
    )


@_draw.register
def _label(piece: Label) -> str:
    return _text(piece.at, piece.text, piece.anchor, strong=piece.strong)


def _lifter(elevation: float, size: float, piece: Frames) -> str:
    """A back squat from the front, the bar at ``elevation``; the second person has another head and room."""
    second = piece.person == "second"
    hip, foot, ankle = 0.72 - 0.17 * elevation, 0.62, 0.9
    knee = _knee((0.54, hip), (foot, ankle))
    shoulder = hip - 0.26
    right: list[Point] = [(0.5, shoulder), (0.5, hip), knee, (foot, ankle), (foot + 0.05, ankle)]
    arm: list[Point] = [(0.5, shoulder), (0.64, shoulder + 0.1), (0.7, shoulder)]
    limbs = [right, arm, _mirrored(right), _mirrored(arm)]
    joints = [
        (0.5, shoulder),
        (0.5, hip),
        *(p for limb in (right, arm) for q in limb[1:4] for p in (q, (1 - q[0], q[1]))),
    ]
    bar = _line([(0.1 * size, shoulder * size), (0.9 * size, shoulder * size)], "bar") + "".join(
        _line([(x * size, (shoulder - 0.1) * size), (x * size, (shoulder + 0.1) * size)], "plate")
        for x in (0.14, 0.86)
    )
    return (
        _room(size, piece)
        + _body(limbs, (0.5, shoulder - 0.11), size, second, joints if piece.joints else ())
        + bar
    )


def _diver(over: float, size: float, piece: Frames) -> str:
    """A dive from its start at 0 to the entry at 1: half a somersault in pike."""
    turn, bend = pi * over, 1.9 * sin(pi * over)
    hip = (0.3 + 0.35 * over, 0.5 - 0.12 * sin(pi * over) + 0.1 * over)

    def away(angle: float, length: float) -> Point:
        return hip[0] + length * sin(angle), hip[1] - length * cos(angle)

    chest, head, hands = (away(turn + bend / 2, length) for length in (0.2, 0.29, 0.4))
    toes = away(turn + pi - bend / 2, 0.34)
    water = _line([(0.0, 0.92 * size), (size, 0.92 * size)], "ground")
    board = _line([(0.0, 0.84 * size), (0.36 * size, 0.84 * size)], "plate") if over == 0 else ""
    second = piece.person == "second"
    joints = [chest, hip, toes, hands] if piece.joints else []
    return _edge(size) + water + board + _body([[hands, chest, hip, toes]], head, size, second, joints)


def _body(
    limbs: Sequence[Sequence[Point]], head: Point, size: float, second: bool, joints: Sequence[Point]
) -> str:
    def on(point: Point) -> Point:
        return point[0] * size, point[1] * size

    lines = "".join(_line([on(p) for p in limb], "limb") for limb in limbs)
    (x, y), r = on(head), 0.065 * size
    shape = (
        f'<rect class="head" x="{_n(x - r)}" y="{_n(y - r)}" width="{_n(2 * r)}" height="{_n(2 * r)}"/>'
        if second
        else f'<circle class="head" cx="{_n(x)}" cy="{_n(y)}" r="{_n(r)}"/>'
    )
    marks = "".join(
        f'<circle class="joint" cx="{_n(u)}" cy="{_n(v)}" r="{_n(0.035 * size)}"/>'
        for u, v in map(on, joints)
    )
    return lines + shape + marks


def _room(size: float, piece: Frames) -> str:
    if piece.empty:
        return ""
    inside = _line([(0.0, 0.92 * size), (size, 0.92 * size)], "ground")
    if piece.person == "second":
        window = ((0.06, 0.06), (0.24, 0.06), (0.24, 0.22), (0.06, 0.22), (0.06, 0.06))
        inside += _line([(x * size, y * size) for x, y in window], "ground")
    return _edge(size) + inside


def _edge(size: float) -> str:
    return f'<rect class="frame" width="{_n(size)}" height="{_n(size)}" rx="3"/>'


def _knee(hip: Point, foot: Point) -> Point:
    """Where two bones of equal length meet, on the outer side."""
    dx, dy = foot[0] - hip[0], foot[1] - hip[1]
    far = hypot(dx, dy)
    off = sqrt(max(_SHIN**2 - (far / 2) ** 2, 0.0))
    return (hip[0] + foot[0]) / 2 + off * dy / far, (hip[1] + foot[1]) / 2 - off * dx / far


def _mirrored(points: Sequence[Point]) -> list[Point]:
    return [(1 - x, y) for x, y in points]


def _head(back: Point, tip: Point) -> str:
    """An arrowhead at ``tip``, coming from ``back``."""
    length = hypot(tip[0] - back[0], tip[1] - back[1]) or 1.0
    ux, uy = (tip[0] - back[0]) / length, (tip[1] - back[1]) / length
    a = (tip[0] - 8 * ux + 4 * uy, tip[1] - 8 * uy - 4 * ux)
    b = (tip[0] - 8 * ux - 4 * uy, tip[1] - 8 * uy + 4 * ux)
    return f'<path class="head" d="M{_p(tip)}L{_p(a)}L{_p(b)}Z"/>'


def _line(points: Sequence[Point], kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    return f'<polyline{name} points="{" ".join(map(_p, points))}"/>'


def _text(at: Point, words: str, anchor: str = "start", *, strong: bool = False) -> str:
    classes = f' class="{anchor}{" strong" if strong else ""}"' if anchor != "start" or strong else ""
    return f'<text x="{_n(at[0])}" y="{_n(at[1])}"{classes}>{_words(words)}</text>'


def _words(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))


def _p(point: Point) -> str:
    return f"{_n(point[0])},{_n(point[1])}"


def _n(value: float, digits: int = 1) -> str:
    """A number in few letters: ``12``, ``12.5``."""
    return f"{round(value, digits):g}"
