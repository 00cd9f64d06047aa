"""One self-contained page: verdicts, figures, numbers, provenance, all from records, nothing typed by hand."""

import base64
from collections.abc import Mapping, Sequence
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.progress import Progress

from overparam.io.files import write_atomically
from overparam.io.progress import silent
from overparam.report.figures.claims import FIGURES
from overparam.report.figures.controls import CONTROL_FIGURES
from overparam.report.figures.drawing import Drawing
from overparam.report.figures.studies import draw_figures
from overparam.report.figures.toy import draw_toy_figures
from overparam.report.settings import Setting
from overparam.study.record import Record
from overparam.study.widths import BESIDE_ALPHA
from overparam.toy.record import ToyRecord
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import AT_EQUAL_FIT, CONTROLS, CONTROLS_APART
from overparam.verdicts.headlines import Count, Kind, Line, counts, line
from overparam.verdicts.intervals import CONDITION
from overparam.verdicts.judge import Judgement, cell_id
from overparam.verdicts.margins import Preregistration
from overparam.verdicts.toy import TOY_CLAIMS, TOY_CONTROLS

PAPER = "https://arxiv.org/abs/2407.00968"
SYMBOLS: dict[Kind, str] = {"holds": "✓", "partly": "◐", "refuted": "✗", "inconclusive": "?"}  # seen without colour
NAMES: dict[Kind, str] = {"holds": "", "partly": "partly ", "refuted": "refuted ", "inconclusive": "not established "}


def write_page(
    settings: Sequence[Setting], preregistration: Preregistration, folder: Path, *, progress: Progress | None = None
) -> Path:
    """Draw every figure below ``folder``, write ``folder/index.html`` with them in it, and return that path."""
    figures = draw_all(settings, folder / "figures", progress or silent())
    everything = {"claims": CLAIMS | TOY_CLAIMS, "controls": AT_EQUAL_FIT | CONTROLS | CONTROLS_APART | TOY_CONTROLS}
    # Of one's own networks only what was judged; of a repository also the claims that lack evidence.
    judged = {judgement.claim for setting in settings for judgement in setting.judgements}
    shown = judged if all(setting.own for setting in settings) else {name for g in everything.values() for name in g}
    claims = {
        group: {name: claim for name, claim in members.items() if name in shown}
        for group, members in everything.items()
        if shown & set(members)
    }
    environment = Environment(
        loader=PackageLoader("overparam.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("page.html.jinja").render(
        version=version("overparam"),
        paper=PAPER,
        preregistration=preregistration,
        settings=settings,
        judged=[setting for setting in settings if setting.state == "judged"],
        groups=claims,
        figures=figures,
        headline=headline,
        cell=cell,
        symbols=SYMBOLS,
        inline=inline,
        rerun=rerun,
        networks=networks,
        condition=CONDITION,
        beside_alpha=BESIDE_ALPHA,
    )
    target = folder / "index.html"
    write_atomically(target, lambda temporary: temporary.write_text(page, encoding="utf-8"))
    return target


def draw_all(settings: Sequence[Setting], folder: Path, progress: Progress) -> dict[str, list[Drawing]]:
    """By scale, the figures of every setting that is judged; each scale has a folder."""
    drawn: dict[str, list[Drawing]] = {}
    scales = dict.fromkeys(setting.scale for setting in settings if setting.state == "judged")
    for scale in progress.track(scales, description="drawing figures"):
        records = [setting.record for setting in settings if setting.scale == scale]
        studies = [record for record in records if isinstance(record, Record)]
        drawn[scale] = draw_figures(FIGURES, studies, folder / scale)
        controls = [s.controls for s in settings if s.scale == scale and s.controls is not None]
        drawn[scale] += draw_figures(CONTROL_FIGURES, controls, folder / scale)
        for record in records:
            drawn[scale] += draw_toy_figures(record, folder / scale) if isinstance(record, ToyRecord) else []
    return drawn


def cell(setting: Setting, claim: str) -> Line | None:
    """How one claim is judged in one setting; None where it is not about it."""
    judgements = setting.of(claim)
    return line(judgements) if judgements else None


def headline(setting: Setting) -> list[str]:
    """How many claims hold in one setting, at equal and at unequal fit, and which do and do not."""
    return [_spelled_out(count) for count in counts(setting.judgements)]


def _spelled_out(count: Count) -> str:
    """A count and its claims by name; of those that are decided somewhere, and do not hold everywhere, also where."""
    named = {name: [_named(claim, count.lines[claim]) for claim in count.of(kind)] for kind, name in NAMES.items()}
    said = [f"{name}{', '.join(claims)}" for name, claims in named.items() if claims]
    return f"{count.words}: {'; '.join(said)}"


def _named(claim: str, found: Line) -> str:
    return claim if found.kind in ("holds", "inconclusive") else f"{claim} ({found.words})"


def inline(path: Path, kind: str) -> str:
    """A file as a data address of the given media type, so that the page needs no other file."""
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


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
