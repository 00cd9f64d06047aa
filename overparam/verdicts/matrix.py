"""What came out at a glance: claims by studies, a glyph a width; and of each refuted claim one line."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from rich.box import MINIMAL
from rich.table import Table
from rich.text import Text

from overparam.metrics.stats import Outcome
from overparam.verdicts.judge import Judgement
from overparam.verdicts.registry import every_claim
from overparam.verdicts.scoreboard import COLOURS

WIDTH = 100  # columns of a console in which no line is cut
GLYPHS: Mapping[Outcome, str] = {"holds": "✓", "refuted": "✗", "inconclusive": "·"}
OF_TRENDS: Mapping[Outcome, str] = {**GLYPHS, "holds": "↗"}
LEGEND = (
    "✓ holds, ✗ refuted, · not decided: from the widest width down; then ↗, growth as α falls, if claimed",
    "ᶜ at unequal fit: some narrow networks there fit their training data less well than the wide one",
)

Study = tuple[str, str, str]  # task, architecture, scale


def matrix(judgements: Sequence[Judgement]) -> Table:
    """A table with a line for each claim, in the order of the registry, and a column for each study as it comes."""
    found = _by_claim(judgements)
    studies = dict.fromkeys(study for by_study in found.values() for study in by_study)
    table = Table(box=MINIMAL, padding=0, show_edge=False)
    table.add_column("claim", no_wrap=True, vertical="bottom")
    for study in studies:
        table.add_column("\n".join(study), no_wrap=True)
    for claim, by_study in found.items():
        table.add_row(claim, *(_glyphs(by_study.get(study, ())) for study in studies))
    return table


def refuted(judgements: Sequence[Judgement]) -> list[str]:
    """Of each claim that is refuted in a study one line: where, and what its effect is beside the margin."""
    lines = []
    for claim, by_study in _by_claim([judged for judged in judgements if judged.verdict == "refuted"]).items():
        for (task, arch, scale), cells in by_study.items():
            where = [f"{one.effect:+.3f} {f'at α = {one.alpha}' if one.alpha else 'in its growth'}" for one in cells]
            lines.append(f"refuted: {claim}, {task}-{arch}, {scale}: {', '.join(where)}; margin {cells[0].margin:g}")
    return lines


def _by_claim(judgements: Sequence[Judgement]) -> dict[str, dict[Study, list[Judgement]]]:
    """By claim and study, its cells from the widest down, the trend last."""
    claims, studies = list(every_claim()), list(dict.fromkeys(map(_study, judgements)))

    def place(judged: Judgement) -> tuple[float, ...]:
        return claims.index(judged.claim), studies.index(_study(judged)), _narrowness(judged)

    found: dict[str, dict[Study, list[Judgement]]] = {}
    for judged in sorted(judgements, key=place):
        found.setdefault(judged.claim, {}).setdefault(_study(judged), []).append(judged)
    return found


def _study(judged: Judgement) -> Study:
    return judged.task, judged.arch, judged.scale


def _narrowness(judged: Judgement) -> float:
    return float(1 / Fraction(judged.alpha)) if judged.alpha else float("inf")


def _glyphs(cells: Sequence[Judgement]) -> Text:
    found = Text()
    for judged in cells:
        glyph = (GLYPHS if judged.alpha else OF_TRENDS)[judged.verdict]
        found.append(glyph, COLOURS[judged.verdict])
    return found.append("ᶜ" if any(judged.confounded for judged in cells) else "")
