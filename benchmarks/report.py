"""The tables of a run: one row a cell, ours beside Pebble's and their ratios."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.load import Measurement

Figure = Callable[[Measurement], float]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A configuration at a concurrency, with the rounds of both servers, in pairs."""

    stored: int
    """Certificates issued by each server before its rounds; those add their own."""
    lint: str
    concurrency: int
    ours: Sequence[Measurement]
    pebble: Sequence[Measurement]

    def ratios(self, figure: Figure) -> list[float]:
        """Ours divided by Pebble's, round by round, in ascending order."""
        return sorted(figure(a) / figure(b) for a, b in zip(self.ours, self.pebble, strict=True))


_COLUMNS: Sequence[tuple[str, Figure, str]] = (
    ("cert/s", lambda m: m.per_second, ".0f"),
    ("CPU ms", lambda m: m.cpu_ms, ".2f"),
    ("req", lambda m: m.requests_each, ".1f"),
    ("p50 ms", lambda m: m.p50_ms, ".1f"),
    ("p95 ms", lambda m: m.p95_ms, ".1f"),
    ("MiB", lambda m: m.rss_mib, ".0f"),
)


def heading() -> str:
    """The two lines above the rows, in Markdown."""
    names = ["stored", "lint", "server", "lanes"]
    names += [f"{who} {column}" for who in ("ours", "Pebble") for column, _figure, _form in _COLUMNS]
    names += ["CPU ratio (min-max)", "rate ratio (min-max)"]
    return f"| {' | '.join(names)} |\n|{'---|' * len(names)}"


def row(cell: Cell) -> str:
    """A cell: medians over the rounds, and the ratios ours/Pebble of each round as median and spread."""
    values = [str(cell.stored), cell.lint, cell.ours[0].server, str(cell.concurrency)]
    for taken in (cell.ours, cell.pebble):
        values += [format(median(map(figure, taken)), form) for _column, figure, form in _COLUMNS]
    values += [_spread(cell.ratios(lambda m: m.cpu_ms)), _spread(cell.ratios(lambda m: m.per_second))]
    return f"| {' | '.join(values)} |"


def summary(cells: Sequence[Cell]) -> str:
    """Per configuration, all concurrencies together: the ratio of server CPU per certificate."""
    lines = ["", "CPU per certificate, ours / Pebble, all concurrencies (median, min-max):"]
    configurations = dict.fromkeys((cell.stored, cell.lint, cell.ours[0].server) for cell in cells)
    for stored, lint, server in configurations:
        chosen = [c for c in cells if (c.stored, c.lint, c.ours[0].server) == (stored, lint, server)]
        ratios = sorted(ratio for cell in chosen for ratio in cell.ratios(lambda m: m.cpu_ms))
        lines.append(f"  {server}, lint {lint}, {stored} stored: {_spread(ratios)}")
    if len({cell.stored for cell in cells}) > 1:
        lines += ["", "CPU per certificate, what holding certificates costs (medians of all concurrencies):"]
    emptiest = min((cell.stored for cell in cells), default=0)
    for stored, lint, server in configurations:
        ours, pebble = _cost(cells, stored, lint, server)
        empty_ours, empty_pebble = _cost(cells, emptiest, lint, server)
        if stored != emptiest and empty_ours:
            lines.append(
                f"  {server}, lint {lint}: ours {stored} stored / ours {emptiest} stored: {ours / empty_ours:.2f}; "
                f"Pebble the same: {pebble / empty_pebble:.2f}; "
                f"ours {stored} stored / Pebble {emptiest} stored: {ours / empty_pebble:.2f}"
            )
    driver = median(m.driver_cpu_seconds / m.seconds for c in cells for m in (*c.ours, *c.pebble) if c.concurrency > 1)
    lines.append(
        f"The driver's own CPU took {driver:.0%} of the time at more than one lane (near 100%: it is the bound)."
    )
    return "\n".join(lines)


def _cost(cells: Sequence[Cell], stored: int, lint: str, server: str) -> tuple[float, float]:
    """The median CPU per certificate (ms) of ours and of Pebble in one configuration; zeros when not measured."""
    chosen = [c for c in cells if (c.stored, c.lint, c.ours[0].server) == (stored, lint, server)]
    if not chosen:
        return 0.0, 0.0
    return median(m.cpu_ms for c in chosen for m in c.ours), median(m.cpu_ms for c in chosen for m in c.pebble)


def _spread(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
