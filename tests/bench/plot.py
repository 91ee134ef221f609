"""The plot of a run: CPU a chunk for each service and number of streams, as bars in an SVG."""

from typing import Final

from bench.figures import Figures

_WIDTH: Final = 720
_LEFT: Final = 150
_BAR: Final = 16
_GAP: Final = 26
_TOP: Final = 48
_COLOURS: Final = {"Deltawire": "#2563eb", "FastAPI": "#9ca3af", "floor": "#10b981"}


def svg(figures: Figures) -> str:
    """A group of bars for each number of streams, a bar for each service."""
    most = max(round_.cpu_us for rounds in figures.paced.values() for round_ in rounds.values())
    scale = (_WIDTH - _LEFT - 60) / most
    parts = []
    y = _TOP
    for streams in figures.direct:
        parts.append(f'<text x="8" y="{y - 6}" font-weight="bold">{streams} streams</text>')
        for lane, rounds in figures.paced.items():
            cpu = rounds[streams].cpu_us
            width = cpu * scale
            parts.append(f'<text x="{_LEFT - 8}" y="{y + 12}" text-anchor="end">{lane}</text>')
            parts.append(
                f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{_COLOURS[lane.service.name]}"/>'
            )
            parts.append(f'<text x="{_LEFT + width + 6:.1f}" y="{y + 12}">{cpu:.0f}</text>')
            y += _BAR + 4
        y += _GAP
    return "\n".join([_HEAD.format(width=_WIDTH, height=y - _GAP + 8), *parts, "</svg>", ""])


_HEAD: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">
<title>CPU a chunk, µs</title>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="8" y="18" font-size="14">Server CPU for each chunk of the upstream, µs</text>"""
