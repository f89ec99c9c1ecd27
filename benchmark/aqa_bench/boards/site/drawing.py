"""What all pictures of the site share: colours for light and dark pages, axes, and reproducible SVG."""

from __future__ import annotations

import io
import re
import warnings
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from aqa_bench.boards.site.engine import missing_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "FLOOR",
    "GRID",
    "MARKERS",
    "METHOD",
    "TEXT",
    "Margins",
    "make_axes",
    "settings",
    "svg",
    "text",
    "width_of",
]

# Text, grid, methods, controls, reported and floor, on white and on black; at least 4.5:1 save for the grid.
_LIGHT = ("#1f2328", "#d0d7de", "#0550ae", "#6e4a00", "#6639ba", "#b3261e")
_DARK = ("#e6edf3", "#373e47", "#79c0ff", "#e3b341", "#d2a8ff", "#ff9492")
TEXT, GRID, METHOD, _CONTROL, _REPORTED, FLOOR = _LIGHT
COLOURS = {"method": METHOD, "control": _CONTROL, "oracle": _CONTROL, "reported": _REPORTED}
MARKERS = {"method": "o", "control": "s", "oracle": "^", "reported": "D"}
_RC: Any = {
    "svg.hashsalt": "aqa-bench",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": TEXT,
    "axes.edgecolor": GRID,
    "axes.labelcolor": TEXT,
    "xtick.color": TEXT,
    "path.simplify": False,
}


class Margins(NamedTuple):
    """Inches around the axes."""

    left: float
    right: float
    top: float
    bottom: float


def text(axes: Axes, x: float, y: float, words: str, **style: Any) -> None:
    """Words as they are, never read as a formula, and never cut off."""
    axes.text(x, y, words, parse_math=False, clip_on=False, **style)


def width_of(labels: Iterable[str]) -> float:
    """Inches that hold any of these labels."""
    return 0.25 + 0.08 * max(map(len, labels), default=0)


def make_axes(width: float, height: float, margins: Margins) -> tuple[Figure, Axes]:
    """A figure with axes of this size in inches, without ticks on the left."""
    from matplotlib.figure import Figure

    left, right, top, bottom = margins
    whole = (left + width + right, bottom + height + top)
    figure = Figure(figsize=whole)
    axes = figure.add_axes((left / whole[0], bottom / whole[1], width / whole[0], height / whole[1]))
    axes.patch.set_visible(False)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.set_yticks([])
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def settings() -> Any:
    """Matplotlib's settings for the time of a ``with`` block.

    Raises:
        UsageError: The extra ``site`` is not installed.
    """
    try:
        from matplotlib import rc_context
    except ImportError as error:
        raise missing_extra(error) from error
    return rc_context(_RC)


def svg(figure: Figure) -> bytes:
    """The figure as SVG, the same bytes every time: light, and dark where ``#dark`` follows its address."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # A name may hold letters that the font used for measuring lacks; the reader's fonts have them.
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _two_schemes(*_classes(_small(buffer.getvalue())))


def _small(svg: bytes) -> bytes:
    """Without metadata, indents, groups, lines of one point and needless digits; words stay."""
    svg = re.sub(rb" <metadata>.*?</metadata>\n", b"", svg, flags=re.DOTALL)
    svg = re.sub(rb"^ +", b"", svg, flags=re.MULTILINE)
    svg = re.sub(rb' transform="rotate\(-0 [^"]*"', b"", svg)
    svg = re.sub(rb'<path d="M [\d.-]+ [\d.-]+ \n"[^>]*/>\n', b"", svg)
    svg = _ungrouped(svg)
    return re.sub(rb"<[^>]*>", lambda tag: re.sub(rb"(\d\.\d\d)\d+", rb"\1", tag.group()), svg)


def _ungrouped(svg: bytes) -> bytes:
    """Without groups that have nothing but a name."""
    kept: list[bool] = []

    def tag(found: re.Match[bytes]) -> bytes:
        text = found.group()
        if text.startswith(b"</"):
            return text if kept.pop() else b""
        keep = re.fullmatch(rb'<g(?: id="[^"]*")?/?>\n?', text) is None
        if not text.rstrip().endswith(b"/>"):
            kept.append(keep)
        return text if keep else b""

    return re.sub(rb"</?g\b[^>]*>\n?", tag, svg)


def _classes(svg: bytes) -> tuple[bytes, bytes]:
    """Styles that several elements have, once each: the picture with classes, and their rules."""
    counts = Counter(re.findall(rb' style="([^"]*)"', svg))
    often = [style for style, count in counts.items() if count > 1]
    for i, style in enumerate(often):
        svg = svg.replace(b' style="%b"' % style, b' class="s%d"' % i)
    return svg, b"".join(b".s%d{%b}" % (i, style) for i, style in enumerate(often))


def _two_schemes(svg: bytes, rules: bytes) -> bytes:
    """Colours as variables. An image cannot ask which colours its page has, but it sees its own fragment."""
    names = [f"--{letter}" for letter in "abcdef"]
    for name, colour in zip(names, _LIGHT, strict=True):
        variable = f"var({name})".encode()
        svg, rules = (each.replace(colour.encode(), variable) for each in (svg, rules))
    light, dark = (
        ";".join(f"{name}:{colour}" for name, colour in zip(names, colours, strict=True))
        for colours in (_LIGHT, _DARK)
    )
    head, rest = svg.split(b"<svg ", 1)
    attributes, body = rest.split(b">", 1)
    style = b"<style>%b%b</style>" % (f":root{{{light}}}:root:target{{{dark}}}".encode(), rules)
    return b"".join((head, b'<svg id="dark" ', attributes, b">", style, body))
