"""Tables and numbers in Markdown."""

from collections.abc import Sequence

from overparam.stats import Effect


def number(effect: Effect | None, *, percent: bool) -> str:
    """Mean ± the distance to its one-sided 95 % bounds; percent with one decimal, shares with three."""
    if effect is None:
        return ""
    mean, reach = effect.mean, effect.upper - effect.mean
    return f"{100 * mean:z.1f} ± {100 * reach:.1f} %" if percent else f"{mean:z.3f} ± {reach:.3f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, words: int) -> str:
    """A table whose first ``words`` columns hold words, the others numbers."""
    lines = [head, ["---"] * words + ["---:"] * (len(head) - words), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
