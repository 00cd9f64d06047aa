"""The claims on networks of one's own: what was measured on their features, and the verdicts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from overparam.compare.inputs import (
    NetworkFeatures,
    build_replicates,
    classes_of,
    digest_array,
    heldout_of,
    named_features,
    read_beside,
    read_folder,
    read_networks,
    split_examples,
)
from overparam.compare.order import check_order
from overparam.errors import SpecError
from overparam.io.arrays import read_array
from overparam.io.files import digest_json
from overparam.metrics.blocks import Blocks
from overparam.metrics.similarity import Pair, linear_cka
from overparam.metrics.stats import Effect
from overparam.study.controls.quantities import similarity
from overparam.study.feature_blocks import M_1, M_1_PRIME, Block, S
from overparam.study.layout import Replicate
from overparam.study.measure import measure
from overparam.study.quantities import alone
from overparam.study.record import Record
from overparam.verdicts.claims import Claim
from overparam.verdicts.judge import Judgement, finite
from overparam.verdicts.margins import Preregistration, load_preregistration
from overparam.verdicts.registry import judge_record, of_measurements
from overparam.verdicts.scoreboard import scoreboard, summary

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Comparison:
    """What was measured on networks of one's own, and what the claims say of it; rich prints it as tables.

    Attributes:
        replicates: their names.
        record: every measured quantity.
        similarity: by name, linear CKA of M_1 with M_1′ and every S_α on held-out examples; no claim is about it. Its
            bounds are over replicates alone.
        judgements: every claim that these quantities allow.
        notes: sentences on what was compared, and on what was left out and why.
    """

    replicates: tuple[str, ...]
    record: Record
    similarity: Mapping[str, Effect]
    judgements: tuple[Judgement, ...]
    notes: tuple[str, ...]

    def __rich__(self) -> Group:
        lines = [*self.notes, "", *summary(self.judgements)]
        return Group(self._measured(), scoreboard(self.judgements), *map(Text, lines))

    def to_frame(self) -> "DataFrame":
        """What the claims say as a tidy table of pandas, a row for each claim at each width and for each trend.

        What was measured in each replicate is the table of the record, ``comparison.record.to_frame()``. The columns:

        - ``claim``: its id.
        - ``alpha``: width factor in (0, 1); NaN for the trend along all of them.
        - ``width``: how wide a narrow network is, in features; None for a trend.
        - ``replicates``: their number.
        - ``effect``, ``lower``, ``upper``, ``margin``: mean over replicates, one-sided 95 % bounds, and the declared
          margin; of spans a difference of shares of variance, of performances a difference of accuracies (0.01 is one
          percentage point). Bounds are NaN where one replicate gives none.
        - ``verdict``: ``holds``, ``refuted`` or ``inconclusive``, and ``why``.
        - ``p_value``, ``p_value_against``: for the claim, and against it; of this row alone.
        """
        from pandas import DataFrame  # half a second, and most comparisons are only printed

        columns = ["claim", "alpha", "width", "replicates", "effect", "lower", "upper", "margin", "verdict"]
        columns += ["why", "p_value", "p_value_against"]
        frame = DataFrame([judgement.as_json() for judgement in self.judgements], columns=columns)
        frame["alpha"] = [float(Fraction(alpha)) if alpha else math.nan for alpha in frame["alpha"]]
        return frame.astype({"alpha": float, "lower": float, "upper": float})

    def _measured(self) -> Table:
        """The quantities that claims compare, then their differences, then similarities."""
        asked = [
            effect
            for claim in of_measurements().values()
            for alpha in self.record.narrow_alphas
            for effect in claim.inequality.compared(self.record, [alpha])
        ]
        effects = [effect for effect in asked if not self.record.lacks(effect)]
        quantities = [alone(quantity) for effect in effects for quantity in effect.weights]
        table = Table(title="Measured", title_justify="left", header_style="bold")
        table.add_column("quantity", no_wrap=True)
        for heading in ("mean", "± to 95 % bounds", *map(Text, self.replicates)):
            table.add_column(heading, justify="right", no_wrap=True)
        measured = [
            {str(contrast): self.record.effect(contrast) for contrast in part} for part in (quantities, effects)
        ]
        for section in (*measured, self.similarity):
            for name, effect in section.items():
                reach = finite(effect.upper - effect.mean)
                values = [f"{value:z.4f}" for value in effect.values]
                table.add_row(name, f"{effect.mean:z.4f}", "−" if reach is None else f"{reach:.4f}", *values)
            table.add_section()
        return table


def compare_networks(
    networks: Mapping[str, NetworkFeatures],
    *,
    labels: np.ndarray | None = None,
    label_ids: np.ndarray | None = None,
    heldout: float | np.ndarray = 0.5,
    seed: int = 0,
    preregistration: Preregistration | None = None,
    workers: int = -1,
) -> Comparison:
    """Measure and judge the claims on networks of one's own.

    Args:
        networks: by name of the replicate; each has networks from seeds of their own. One replicate gives numbers, and
            every verdict is inconclusive.
        labels: (examples,) classes, as `number_classes` takes them; by default the first that lie beside features.
            Without any, or with one class, only spans are compared.
        label_ids: (examples,) what example each label is of; compared with the ids of features.
        heldout: the share of examples that is measured on, drawn with ``seed``; or which ones, as a mask (examples,) or
            as row numbers. The others fit ridge maps and probes.
        seed: of the split.
        preregistration: the margins; by default those that came with this package.
        workers: processes that share the work; −1 for one a core.

    Raises:
        SpecError: if there is no replicate, or the share does not lie between 0 and 1.
        MeasurementError: if features, labels or held-out examples are not what they should be, ids or labels of two
            networks differ, S_α or M_1′ has not as many features as M_1, a network appears twice, there are too few
            rows, or a quantity has no meaning on these features.
    """
    if not networks:
        raise SpecError("there are no networks to compare: give at least one replicate")
    preregistration = preregistration or load_preregistration()
    first = next(iter(networks.values()))
    count = len(np.atleast_1d(first.wide))
    split = split_examples(heldout, count, seed)
    classes = classes_of(networks, labels, count)
    replicates = dict(enumerate(build_replicates(networks, classes, split)))
    order = check_order(networks, labels, label_ids, count)
    members = {Fraction(1): 2, **{alpha: len(narrow) for alpha, narrow in first.by_width().items()}}
    arrays = {**named_features(networks), "held-out examples": split}
    if classes is not None:
        arrays["classes"] = classes
    record = _measure(replicates, members, {name: digest_array(array) for name, array in arrays.items()}, workers)
    classified = replicates[0].blocks.classified
    claims = {name: claim for name, claim in of_measurements().items() if classified or claim.inequality.unit == "span"}
    notes = (
        *(
            f"M_1: {first.wide.shape[1]} features; S_{alpha}: {alpha.denominator} × {narrow[0].shape[1]} features"
            for alpha, narrow in first.by_width().items()
        ),
        f"fitted on {np.sum(~split):,} examples, measured on {np.sum(split):,} held-out ones; R = {len(replicates)}",
        order,
        *_left_out(claims, members),
        "no claim is marked confounded: training accuracies are unknown here; check that narrow networks fit as well",
    )
    judgements = judge_record(record, preregistration, evidence="features", claims=claims)
    return Comparison(tuple(networks), record, _similarity(list(replicates.values())), tuple(judgements), notes)


def _measure(
    replicates: Mapping[int, Replicate], members: Mapping[Fraction, int], digests: Mapping[str, str], workers: int
) -> Record:
    """A record of everything that can be measured; ``members`` by width factor, ``digests`` of all inputs by name."""
    unknown = {alpha: [[math.nan] * count] * len(replicates) for alpha, count in members.items()}
    environment = {library: version(library) for library in ("overparam", "numpy", "scipy")}
    blocks = replicates[0].blocks
    wide = blocks[M_1].shape[1]
    known = {} if blocks.labels is None else {"majority_share": _majority_share(blocks.classes[blocks.heldout])}
    samples, penalties = measure(replicates, workers=workers)
    return Record(
        task="own",
        arch="networks",
        scale="own",
        key=digest_json({"inputs": digests, "libraries": environment}),
        alphas=tuple(members),
        replicates=tuple(replicates),
        networks={
            alpha: {"features": int(alpha * wide), "train_accuracy": nan, "heldout_accuracy": nan}
            for alpha, nan in unknown.items()
        },
        data={
            "source": f"features of {sum(members.values()) * len(replicates)} networks",
            "sha256": digests,
            **known,
        },
        environment=environment,
        recipe={},
        penalties=penalties,
        samples=samples,
    )


def _majority_share(classes: np.ndarray) -> float:
    return float(np.bincount(classes).max() / len(classes))


def _similarity(replicates: Sequence[Replicate]) -> dict[str, Effect]:
    def aligned(blocks: Blocks, other: Block) -> float:
        wide, rival = (np.asarray(blocks[name][:])[blocks.heldout] for name in (M_1, other))
        return linear_cka(Pair.of(wide, rival))

    return {
        str(similarity("linear CKA", other)): Effect.independent([aligned(r.blocks, other) for r in replicates])
        for other in (M_1_PRIME, *map(S, replicates[0].alphas))
    }


def compare_files(
    folder: Path | None = None,
    *,
    wide: Path | None = None,
    baseline: Path | None = None,
    narrow: Sequence[Path] = (),
    labels: Path | None = None,
    heldout: str = "0.5",
    seed: int = 0,
    preregistration: Preregistration | None = None,
    workers: int = -1,
) -> Comparison:
    """Compare networks from files that `read_array` reads: a folder of replicates, or the files of a single one.

    Args:
        folder: of replicates, as `read_folder` reads them.
        wide: features of M_1; here and below ids and labels are read that lie beside, as `read_networks` takes them.
        baseline: features of M_1′.
        narrow: features of each narrow network.
        labels: (examples,), with their ids beside them if there are any; by default the folder's own, if it has any.
        heldout: a share, or a file with a mask (examples,) or with row numbers.
        seed: of the split.
        preregistration: the margins; by default those that came with this package.
        workers: processes that share the work; −1 for one a core.

    Raises:
        SpecError: if neither or both of a folder and files are given, a file is of no known kind, or as above.
        ArtifactError: if a file is missing, damaged or holds several arrays.
        MeasurementError: as above.
    """
    if folder and not (wide or baseline or narrow):
        networks, own_labels = read_folder(folder)
        labels = labels or own_labels
    elif wide and baseline and narrow and not folder:
        networks = {"r0": read_networks(wide, baseline, narrow)}
    else:
        raise SpecError("give a folder of replicates, or the files of one: wide, baseline and all narrow networks")
    return compare_networks(
        networks,
        labels=read_array(labels) if labels else None,
        label_ids=read_beside(labels, "ids") if labels else None,
        heldout=heldout_of(heldout),
        seed=seed,
        preregistration=preregistration,
        workers=workers,
    )


def _left_out(claims: Mapping[str, Claim], members: Mapping[Fraction, int]) -> list[str]:
    """For everything that would let more claims be judged, a sentence that names them."""
    waiting: dict[str, list[str]] = {}
    if len(claims) < len(of_measurements()):
        waiting["labels of two or more classes"] = [name for name in of_measurements() if name not in claims]
    for name, claim in claims.items():
        enough = {alpha: claim.widths.enough(alpha) for alpha in members if alpha < 1}
        if not claim.cells(enough):
            waiting.setdefault(f"networks of α {claim.widths}", []).append(name)
        for alpha in claim.widths.about(enough):
            if members[alpha] < enough[alpha]:
                waiting.setdefault(f"{enough[alpha]} networks of α = {alpha}", []).append(name)
    return [f"not judged without {remedy}: {', '.join(names)}" for remedy, names in waiting.items()]
