"""What the page says first: what holds on each task, at unequal and at equal fit, and what was not run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from overparam.report.settings import Setting
from overparam.study.record import Record
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import AT_EQUAL_FIT
from overparam.verdicts.headlines import COUNTED, Count, Fit, Kind, Line, counts, fit_of, over_all
from overparam.verdicts.judge import Judgement

NAMES: dict[Kind, str] = {"holds": "", "partly": "partly ", "refuted": "refuted ", "inconclusive": "not established "}
FIRST = (
    CLAIMS["span-over"],
    AT_EQUAL_FIT["span-over-equal-fit"],
)  # the paper's first claim
NOT_AT_EQUAL_FIT = "At equal fit nothing was judged."


@dataclass(frozen=True)
class Finding:
    """What holds of one task at one fit.

    Attributes:
        fit: such as "at equal fit"; empty where nobody compares fits.
        kind: of the paper's first claim; None where it was not judged.
        first: where that claim holds, and how large its gaps are where they are decided.
        sentence: how many claims hold, and which do and do not.
    """

    fit: str
    kind: Kind | None
    first: str
    sentence: str


@dataclass(frozen=True)
class Answer:
    """What was found on one task, at one scale at which it was judged.

    Attributes:
        settings: its studies.
        findings: at every fit at which they are judged, over all of them together.
        facts: sentences on the networks of each.
    """

    settings: tuple[Setting, ...]
    findings: tuple[Finding, ...]
    facts: tuple[str, ...]

    @property
    def title(self) -> str:
        """Data and scale."""
        return f"{self.settings[0].data}, scale {self.settings[0].scale}"


def answers(settings: Sequence[Setting]) -> list[Answer]:
    """Of every task, of real data where there are any: one at its largest scale, and one wherever all networks fit.

    Args:
        settings: that are judged, from the largest scale down.
    """
    real = [setting for setting in settings if not setting.embedded] or settings
    largest: dict[str, str] = {}
    for setting in real:
        largest.setdefault(setting.task, setting.scale)
    return [
        _answer([setting for setting in real if (setting.task, setting.scale) == (task, scale)])
        for task, at_most in largest.items()
        for scale in dict.fromkeys([at_most, *(s.scale for s in real if s.task == task and s.all_fit)])
    ]


def _answer(members: Sequence[Setting]) -> Answer:
    judgements = [judgement for member in members for judgement in member.judgements]
    decided = over_all([judgement for judgement in judgements if judgement.claim in COUNTED])
    found = {count.fit: _finding(count, decided) for count in counts(judgements)}
    order: tuple[Fit, ...] = ("whatever the fit", "at unequal fit", "at equal fit")
    findings = [found[fit] for fit in order if fit in found]
    if "at unequal fit" in found and "at equal fit" not in found:
        findings.append(Finding("at equal fit", None, "", NOT_AT_EQUAL_FIT))
    return Answer(tuple(members), tuple(findings), tuple(filter(None, map(_facts, members))))


def _finding(count: Count, decided: Sequence[Judgement]) -> Finding:
    fit = "" if count.fit == "whatever the fit" else count.fit
    for claim in FIRST:
        if claim.id in count.lines:
            found = count.lines[claim.id]
            cells = [one for one in decided if one.claim == claim.id and one.alpha and fit_of(one) == count.fit]
            effects = [one.effect for one in cells if one.effect is not None and one.verdict != "inconclusive"]
            gaps = [f"{effect:+.3f}" for effect in sorted(effects)]
            reach = f"; gaps, where decided, of {' to '.join(dict.fromkeys((gaps[0], gaps[-1])))}" if gaps else ""
            return Finding(fit, found.kind, f"{found.words}{reach}".replace("-", "−"), spelled_out(count))
    return Finding(fit, None, "", spelled_out(count))


def spelled_out(count: Count) -> str:
    """A count and its claims by name; of those that are decided somewhere, and do not hold everywhere, also where."""
    named = {name: [_named(claim, count.lines[claim]) for claim in count.of(kind)] for kind, name in NAMES.items()}
    said = [f"{name}{', '.join(claims)}" for name, claims in named.items() if claims]
    return f"{count.words}: {'; '.join(said)}"


def _named(claim: str, found: Line) -> str:
    return claim if found.kind in ("holds", "inconclusive") else f"{claim} ({found.words})"


def _facts(setting: Setting) -> str:
    """On what networks: how wide, trained on how much, how often, and how well they fit."""
    record = setting.record
    if not isinstance(record, Record) or setting.own:
        return ""
    ends = (record.alphas[0], record.alphas[-1])
    fits = [f"{100 * record.train_accuracy(alpha):.0f} % at α = {alpha}" for alpha in ends]
    counted = record.width(ends[0]).unit.words
    widths = [f"{record.width(alpha).count} at α = {alpha}" for alpha in ends]
    return (
        f"{setting.title}: {counted}, {' to '.join(widths)}; trained on {record.data['train_examples']:,} examples for "
        f"{record.recipe['epochs']} epochs, {len(record.replicates)} replicates; training accuracy of one network "
        f"{' and '.join(fits)}."
    )


def not_run(settings: Iterable[Setting]) -> list[str]:
    """A sentence for every scale of which something is not judged, and why."""
    sentences = []
    lacking = [setting for setting in settings if setting.state != "judged"]
    for (scale, state), group in groupby(lacking, key=lambda setting: (setting.scale, setting.state)):
        members = list(group)
        base = {f"{member.study.scale.base_width}" for member in members if member.study}
        wide = f" (base width {', '.join(sorted(base, key=int))})" if base else ""
        reason = "no record was made of it" if state == "missing" else "its record is stale"
        sentences.append(f"Scale {scale}{wide}: not judged, {reason}: {_listed(members)}.")
    return sentences


def without_equal_fit(settings: Iterable[Setting]) -> str:
    """A sentence on the studies of which nothing was measured at equal fit; empty if there are none."""
    measured = [setting for setting in settings if setting.study and setting.record and not setting.all_fit]
    lacking = [setting for setting in measured if setting.equal_fit is None]
    return f"Wide networks that fit as badly as narrow ones were not trained for {_listed(lacking)}." if lacking else ""


def _listed(settings: Iterable[Setting]) -> str:
    return ", ".join(setting.title.replace("The Transformer", "the Transformer") for setting in settings)
