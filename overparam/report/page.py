"""One self-contained page: answers, figures, verdicts, numbers, provenance, all from records, nothing typed by hand."""

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from rich.progress import Progress

from overparam.io.files import write_text
from overparam.io.progress import silent
from overparam.report.answers import FIRST, answers, not_run, spelled_out, without_equal_fit
from overparam.report.explorer import explorer_data
from overparam.report.figures.claims import FIGURES
from overparam.report.figures.controls import CONTROL_FIGURES
from overparam.report.figures.drawing import Drawing
from overparam.report.figures.gap import draw_gap
from overparam.report.figures.studies import draw_figures
from overparam.report.figures.toy import draw_toy_figures
from overparam.report.settings import Setting
from overparam.report.tables.equal_fit import fits_by_budget, fits_by_width
from overparam.study.record import Record
from overparam.study.widths import BESIDE_ALPHA
from overparam.toy.record import ToyRecord
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import AT_EQUAL_FIT, CONTROLS, CONTROLS_APART
from overparam.verdicts.headlines import FITS, SAID, Kind, Line, counts, fit_of, line
from overparam.verdicts.intervals import CONDITION
from overparam.verdicts.judge import Judgement, cell_id
from overparam.verdicts.margins import Preregistration
from overparam.verdicts.registry import plugged_claims
from overparam.verdicts.scoreboard import interval, signed
from overparam.verdicts.toy import TOY_CLAIMS, TOY_CONTROLS

PAPER = "https://arxiv.org/abs/2407.00968"
SYMBOLS: dict[Kind, str] = {"holds": "✓", "partly": "◐", "refuted": "✗", "inconclusive": "?"}  # seen without colour
WORDS: dict[Kind, str] = {"partly": "partly", **{kind: SAID[kind] for kind in ("holds", "refuted", "inconclusive")}}
CONTROLLED = AT_EQUAL_FIT | CONTROLS | CONTROLS_APART | TOY_CONTROLS
FIRST_FIGURES = ("figure-1", "figure-1-gap")  # those that stand at the top
IN_ADDRESS = str.maketrans({"%": "%25", "#": "%23", "<": "%3C", ">": "%3E", "'": "%26%2339;", '"': "'", "&": "%26"})


def write_page(
    settings: Sequence[Setting], preregistration: Preregistration, folder: Path, *, progress: Progress | None = None
) -> Path:
    """Draw every figure below ``folder``, write ``folder/index.html`` with them in it, and return that path."""
    figures = draw_all(settings, folder / "figures", progress or silent())
    judged = _in_order([setting for setting in settings if setting.state == "judged"])
    groups = _groups(settings)
    environment = Environment(
        loader=PackageLoader("overparam.report", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    page = environment.get_template("page.html.jinja").render(
        version=version("overparam"),
        paper=PAPER,
        preregistration=preregistration,
        settings=settings,
        judged=judged,
        answers=answers(judged),
        first_claim=FIRST[0],
        not_run=not_run(settings),
        without_equal_fit=without_equal_fit,
        groups=groups,
        figures={scale: figures[scale] for scale in dict.fromkeys(setting.scale for setting in judged)},
        first_figures=FIRST_FIGURES,
        data=_as_script(explorer_data(judged, groups)),
        headline=headline,
        cell=cell,
        fits=fits,
        controls_of=controls_of,
        fit_tables=fit_tables,
        symbols=SYMBOLS,
        words=WORDS,
        inline=inline,
        rerun=rerun,
        interval=interval,
        signed=signed,
        networks=networks,
        condition=CONDITION,
        beside_alpha=BESIDE_ALPHA,
    )
    target = folder / "index.html"
    write_text(target, page)
    return target


def draw_all(settings: Sequence[Setting], folder: Path, progress: Progress) -> dict[str, list[Drawing]]:
    """By scale, the figures of every setting that is judged; each scale has a folder."""
    drawn: dict[str, list[Drawing]] = {}
    scales = dict.fromkeys(setting.scale for setting in settings if setting.state == "judged")
    for scale in progress.track(scales, description="drawing figures"):
        members = [setting for setting in settings if setting.scale == scale]
        records = [setting.record for setting in members]
        studies = [record for record in records if isinstance(record, Record)]
        drawn[scale] = draw_figures(FIGURES, studies, folder / scale) + draw_gap(members, folder / scale)
        controls = [setting.controls for setting in members if setting.controls is not None]
        drawn[scale] += draw_figures(CONTROL_FIGURES, controls, folder / scale)
        for record in records:
            drawn[scale] += draw_toy_figures(record, folder / scale) if isinstance(record, ToyRecord) else []
    return drawn


def _in_order(judged: Sequence[Setting]) -> list[Setting]:
    """Real data before what is embedded, and then larger scales, later in ``params.yaml``, before smaller."""
    scales = list(dict.fromkeys(setting.scale for setting in judged))
    return sorted(judged, key=lambda setting: (setting.embedded, -scales.index(setting.scale)))


def _groups(settings: Sequence[Setting]) -> dict[str, dict[str, Any]]:
    """Of a repository also the claims that lack evidence; of one's own networks only what was judged."""
    judged = {judgement.claim for setting in settings for judgement in setting.judgements}
    known = {"claims": CLAIMS | plugged_claims() | TOY_CLAIMS, "controls": CONTROLLED}
    own = all(setting.own for setting in settings)
    shown = judged if own else {name for claims in known.values() for name in claims}
    groups = {group: {name: c for name, c in claims.items() if name in shown} for group, claims in known.items()}
    return {group: claims for group, claims in groups.items() if claims}


def cell(setting: Setting, claim: str) -> Line | None:
    """How one claim is judged in one setting; None where it is not about it."""
    judgements = setting.of(claim)
    return line(judgements) if judgements else None


def fits(setting: Setting, claim: str) -> str:
    """At which fit a claim is judged in a setting; nothing where nobody compares fits."""
    found = {fit_of(judgement) for judgement in setting.of(claim)}
    return ", ".join(fit for fit in FITS[1:] if fit in found)


def controls_of(setting: Setting, claim: Any) -> list[str]:
    """The controls of the same figure of the paper that are judged in a setting."""
    return [c.id for c in CONTROLLED.values() if c.figure == claim.figure and c.id != claim.id and setting.of(c.id)]


def headline(setting: Setting) -> list[str]:
    """How many claims hold in one setting, at equal and at unequal fit, and which do and do not."""
    return [spelled_out(count) for count in counts(setting.judgements)]


def fit_tables(setting: Setting) -> list[list[list[str]]]:
    """How well the networks of a setting fit, where that was measured; tables of a head and rows."""
    return [] if setting.equal_fit is None else [fits_by_width(setting.equal_fit), fits_by_budget(setting.equal_fit)]


def inline(drawing: Drawing) -> Markup:
    """A figure's SVG as an address, so that the page needs no other file."""
    return Markup(f"data:image/svg+xml,{drawing.file('svg').read_text(encoding='utf-8').translate(IN_ADDRESS)}")


def _as_script(data: Any) -> Markup:
    """Data as JSON that no word in it can end early."""
    return Markup(json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))


def rerun(judgement: Judgement) -> str:
    """The command that judges just this cell again."""
    alpha = None if judgement.alpha is None else Fraction(judgement.alpha)
    cell = cell_id(judgement.claim, judgement.task, judgement.arch, judgement.scale, alpha)
    return f"pytest claims --scale {judgement.scale} -k {cell}"


def networks(setting: Setting) -> list[Mapping[str, Any]]:
    """Provenance of a study's networks, one entry a checkpoint; nothing of networks that none is known of."""
    if not isinstance(setting.record, Record) or "checkpoints" not in setting.record.networks[Fraction(1)]:
        return []
    return [
        {
            "width": setting.record.width(alpha),
            "checkpoint": checkpoint,
            "seeds": seeds,
            "environment": environment,
        }
        for alpha, entry in setting.record.networks.items()
        for checkpoint, seeds, environment in zip(
            entry["checkpoints"], entry["seeds"], entry["environment"], strict=True
        )
    ]
