"""One study in one picture: Figure 1 as networks were trained, and beside it its gap where networks fit alike."""

from collections.abc import Sequence
from pathlib import Path

from overparam.errors import ArtifactError
from overparam.report.figures.claims import FIGURES
from overparam.report.figures.drawing import Drawing, Numbers, key, label_widths, panels
from overparam.report.figures.gap import draw_cells, draw_margin
from overparam.report.figures.studies import margin_of
from overparam.report.readings import title
from overparam.report.settings import Setting
from overparam.study.record import Record
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import AT_EQUAL_FIT

FIGURE_1 = FIGURES[0]
TRAINED_ALIKE, AT_FIT = CLAIMS["span-over"], AT_EQUAL_FIT["span-over-equal-fit"]


def draw_at_equal_fit(setting: Setting, all_fit: Sequence[Setting], folder: Path) -> Drawing:
    """Draw one study's Figure 1, and its gap FSE(S_α→M_1) − FSE(M_1′→M_1) beside the one at equal fit.

    Marks of gaps are filled where their cell is decided against the margin δ, and hollow where it is not.

    Args:
        setting: the study.
        all_fit: others of the same networks, where all fit their training data; their gaps are drawn beside it.
        folder: where the picture goes.

    Raises:
        ArtifactError: if the study is not judged, or not at equal fit.
    """
    record, name = setting.record, f"{setting.task}-{setting.arch}"
    if not isinstance(record, Record):
        raise ArtifactError(setting.problem)
    if not setting.of(AT_FIT.id):
        command = f"overparam equal-fit {setting.task} {setting.arch} --scale {setting.scale}"
        raise ArtifactError(
            f"{name} at scale {setting.scale} is not compared at equal fit: measure it with `{command}`"
        )
    drawing = Drawing(name, title(record), "", margin_of([record]), folder)
    numbers: Numbers = []
    with panels(drawing, 1, 2, numbers) as grid:
        spans, gaps = grid[0]
        numbers += FIGURE_1.draw([spans], record)
        spans.set_title(f"Figure 1, {title(record)}")
        spans.set_ylabel("feature span error")
        # The first gap is of the first curve beside it, and drawn alike; no other is drawn as a curve there.
        for label, of, claim, place in (
            ("trained alike", setting, TRAINED_ALIKE, 0),
            ("at equal fit", setting, AT_FIT, 3),
            *(("where all fit", each, TRAINED_ALIKE, 4) for each in all_fit),
        ):
            cells = [judgement for judgement in of.of(claim.id) if judgement.alpha]
            if isinstance(of.record, Record):
                numbers += draw_cells(gaps, of.record, cells, f"gap, {label}", place)
        draw_margin(gaps, [cell for cell in setting.of(TRAINED_ALIKE.id) if cell.alpha])
        label_widths(gaps, [record.width(alpha) for alpha in record.narrow_alphas])
        gaps.set_title("Its gap, hollow where undecided")
        gaps.set_ylabel("feature span gap")
        key(gaps)
    return drawing
