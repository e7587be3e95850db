"""Where the study says what it is doing: nowhere, with --quiet."""

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
say = console.print
