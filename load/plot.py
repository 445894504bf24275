"""Latency over load as one HTML file that needs nothing from elsewhere: logarithmic upwards, a line a percentile."""

import math
from collections.abc import Iterator, Sequence
from html import escape

from load.measurement import Result

_WIDTH, _HEIGHT, _EDGE = 860, 480, 70
_PERCENTILES = (("p50", "p50"), ("p99", "p99"), ("p999", "p99.9"))
_COLOURS = ("#1b6ca8", "#c0392b", "#7d3c98", "#117a65", "#b9770e", "#566573", "#2e4053", "#884ea0", "#a04000")


def plot(title: str, results: Sequence[Result]) -> str:
    shown = [each for each in results if each.accepted]
    drawing = "\n".join(_drawing(shown)) if shown else '<text x="80" y="80">nothing was accepted</text>'
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{escape(title)}</title>
<style>body {{ font: 14px sans-serif }} text {{ font: 12px sans-serif }}</style>
<h1>{escape(title)}</h1>
<svg width="{_WIDTH + 170}" height="{_HEIGHT}" role="img">
{drawing}
</svg>
</html>
"""


def _drawing(results: Sequence[Result]) -> Iterator[str]:
    widest = max(each.per_second for each in results)
    values = [getattr(each, name) for each in results for name, _ in _PERCENTILES]
    low = math.floor(math.log10(max(0.1, min(values))))
    high = max(low + 1, math.ceil(math.log10(max(0.1, *values))))

    def x(per_second: float) -> float:
        return _EDGE + per_second / widest * (_WIDTH - 2 * _EDGE)

    def y(milliseconds: float) -> float:
        part = (math.log10(max(10.0**low, milliseconds)) - low) / (high - low)
        return _HEIGHT - _EDGE - part * (_HEIGHT - 2 * _EDGE)

    for power in range(low, high + 1):
        height = y(10.0**power)
        yield f'<line x1="{_EDGE}" x2="{_WIDTH - _EDGE}" y1="{height:.1f}" y2="{height:.1f}" stroke="#ddd"/>'
        yield f'<text x="{_EDGE - 8}" y="{height + 4:.1f}" text-anchor="end">{10.0**power:g} ms</text>'
    for quarter in range(5):
        rate = widest * quarter / 4
        yield f'<text x="{x(rate):.1f}" y="{_HEIGHT - _EDGE + 20}" text-anchor="middle">{rate:,.0f}</text>'
    yield f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 20}" text-anchor="middle">accepted a second</text>'
    targets = list(dict.fromkeys(each.target for each in results))
    lines = [(target, *percentile) for target in targets for percentile in _PERCENTILES]
    for number, (target, name, label) in enumerate(lines):
        colour = _COLOURS[number % len(_COLOURS)]
        mine = sorted((each for each in results if each.target == target), key=lambda each: each.per_second)
        points = [(x(each.per_second), y(getattr(each, name))) for each in mine]
        path = " ".join(f"{across:.1f},{up:.1f}" for across, up in points)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield from (f'<circle cx="{across:.1f}" cy="{up:.1f}" r="3" fill="{colour}"/>' for across, up in points)
        yield f'<text x="{_WIDTH - 50}" y="{_EDGE + 20 * number}" fill="{colour}">{escape(target)} {label}</text>'
