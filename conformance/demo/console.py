"""What the demo prints: a line a step."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

CONSOLE = Console(highlight=False)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print one line a step: what it does, and how long it took."""
    started = time.monotonic()
    if CONSOLE.is_terminal:
        CONSOLE.print(f"  [dim]· {title} ...[/dim]", end="\r", soft_wrap=True)
    yield
    CONSOLE.print(f"  [green]✓[/green] {title} [dim]({time.monotonic() - started:.1f} s)[/dim]    ", soft_wrap=True)
