"""Tables and numbers in Markdown."""

import re
from collections.abc import Sequence
from pathlib import Path

from overparam.errors import ArtifactError
from overparam.io.files import write_text
from overparam.metrics.stats import Effect


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


def replace_section(path: Path, name: str, written: str) -> None:
    """Write what stands between ``<!-- name -->`` and ``<!-- end of name -->`` in a file anew.

    Raises:
        ArtifactError: if there is no such section.
    """
    text = path.read_text(encoding="utf-8")
    new, found = re.subn(
        rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)",
        lambda match: f"{match[1]}\n{written}\n\n{match[2]}",
        text,
        flags=re.DOTALL,
    )
    if not found:
        raise ArtifactError(f"{path} has no section <!-- {name} --> … <!-- end of {name} -->: mark where it goes")
    write_text(path, new)
