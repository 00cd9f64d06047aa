"""The claims on networks of one's own: what was measured on their features, and the verdicts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from overparam.arrays import read_array
from overparam.claims import CLAIMS, CONTROLS, Claim, cells
from overparam.errors import SpecError
from overparam.judging import Judgement, Preregistration, finite, judge, load_preregistration
from overparam.measurement import measure
from overparam.own import NetworkFeatures, build_replicates, number_classes, read_folder, split_examples
from overparam.quantities import Contrast, S_matched
from overparam.results import Record
from overparam.scoreboard import scoreboard, summary

# Claims at matched fit need training accuracies, which features do not tell.
JUDGED = tuple(claim for claim in (*CLAIMS.values(), *CONTROLS.values()) if claim.earlier is None)


@dataclass(frozen=True)
class Comparison:
    """What was measured on networks of one's own, and what the claims say of it; rich prints it as tables.

    Attributes:
        replicates: their names.
        record: every measured quantity.
        judgements: every claim that these quantities allow.
        notes: sentences on what was compared, and on what was left out and why.
    """

    replicates: tuple[str, ...]
    record: Record
    judgements: tuple[Judgement, ...]
    notes: tuple[str, ...]

    def __rich__(self) -> Group:
        lines = [*self.notes, "", *summary(self.judgements)]
        return Group(self._measured(), scoreboard(self.judgements), *map(Text, lines))

    def _measured(self) -> Table:
        """The quantities that claims compare, then their differences."""
        (alpha,) = self.record.narrow_alphas
        effects = [claim.effect(alpha) for claim in JUDGED if not self.record.lacks(claim.effect(alpha))]
        quantities = [Contrast({name: 1.0}) for effect in effects for name in effect.weights]
        table = Table(title="Measured", title_justify="left", header_style="bold")
        table.add_column("quantity", no_wrap=True)
        for heading in ("mean", "± to 95 % bounds", *self.replicates):
            table.add_column(heading, justify="right", no_wrap=True)
        for section in (quantities, effects):
            for name, contrast in {str(contrast): contrast for contrast in section}.items():
                effect = self.record.effect(contrast)
                reach = finite(effect.upper - effect.mean)
                values = [f"{value:z.4f}" for value in effect.values]
                table.add_row(name, f"{effect.mean:z.4f}", "−" if reach is None else f"{reach:.4f}", *values)
            table.add_section()
        return table


def compare_networks(
    networks: Mapping[str, NetworkFeatures],
    *,
    labels: np.ndarray | None = None,
    heldout: float | np.ndarray = 0.5,
    seed: int = 0,
    preregistration: Preregistration | None = None,
    workers: int = -1,
) -> Comparison:
    """Measure and judge the claims on networks of one's own.

    Args:
        networks: by name of the replicate; each has networks from seeds of their own. One replicate gives numbers, and
            every verdict is inconclusive.
        labels: (examples,) whole numbers; without them only spans are compared.
        heldout: the share of examples that is measured on, drawn with ``seed``; or which ones, as (examples,) bool or
            as row numbers. The others fit ridge maps and probes.
        seed: of the split.
        preregistration: the margins; by default those declared in ``claims/``.
        workers: processes that share the work; −1 for one a core.

    Raises:
        SpecError: if there is no replicate, or the share does not lie between 0 and 1.
        MeasurementError: if features, labels or held-out examples are not what they should be, S_α or M_1′ has not as
            many features as M_1, a network appears twice, or a quantity has no meaning on these features.
    """
    if not networks:
        raise SpecError("there are no networks to compare: give at least one replicate")
    preregistration = preregistration or load_preregistration()
    first = next(iter(networks.values()))
    count, classified = len(np.atleast_1d(first.wide)), labels is not None
    split = split_examples(heldout, count, seed)
    # Blocks want labels; with one class there is nothing to probe.
    classes = np.zeros(count, dtype=np.int64) if labels is None else number_classes(labels, count)
    replicates = dict(enumerate(build_replicates(networks, classes, split)))
    (alpha,) = replicates[0].alphas
    copies = {Fraction(1): 2, alpha: len(first.narrow)}
    record = Record(
        task="own",
        arch="networks",
        scale="own",
        key="",
        alphas=tuple(copies),
        replicates=tuple(replicates),
        networks={width: {"train_accuracy": [[math.nan] * k] * len(replicates)} for width, k in copies.items()},
        data={"majority_share": float(np.bincount(classes[split]).max() / np.sum(split))},
        environment={},
        recipe={},
        penalties={},
        samples=measure(replicates, workers=workers)[0],
    )
    # As many networks as any claim asks for: which of them are lacking is said below.
    claimed = [claim for claim in JUDGED if cells(claim, {alpha: alpha.denominator**2})]
    judgements = [
        judge(claim, record, alpha, preregistration, evidence="features")
        for claim in claimed
        if not record.lacks(claim.effect(alpha))
    ]
    notes = (
        f"M_1: {first.wide.shape[1]} features; S_{alpha}: {alpha.denominator} × {first.narrow[0].shape[1]} features; "
        f"fitted on {np.sum(~split):,} examples, measured on {np.sum(split):,} held-out ones; R = {len(replicates)}",
        *_left_out(claimed, record, alpha, classified=classified),
        "no claim is marked confounded: training accuracies are unknown here; check that narrow networks fit as well",
    )
    return Comparison(tuple(networks), record, tuple(judgements), notes)


def compare_files(
    folder: Path | None = None,
    *,
    wide: Path | None = None,
    baseline: Path | None = None,
    narrow: Sequence[Path] = (),
    labels: Path | None = None,
    heldout: str = "0.5",
    seed: int = 0,
    workers: int = -1,
) -> Comparison:
    """`compare_networks` on files that `read_array` reads: a folder of replicates, or the files of a single one.

    Args:
        folder: of replicates, as `read_folder` reads them.
        wide: features of M_1.
        baseline: features of M_1′.
        narrow: features of each narrow network.
        labels: (examples,); by default the folder's own, if it has any.
        heldout: a share, or a file with (examples,) bool or with row numbers.
        seed: of the split.
        workers: processes that share the work; −1 for one a core.

    Raises:
        SpecError: if neither or both of a folder and files are given, a file is of no known kind, or as above.
        ArtifactError: if a file is missing, damaged or holds several arrays.
        MeasurementError: as above.
    """
    found = None
    if folder and not (wide or baseline or narrow):
        networks, found = read_folder(folder)
    elif wide and baseline and narrow and not folder:
        arrays = [read_array(path) for path in (wide, baseline, *narrow)]
        networks = {"r0": NetworkFeatures(arrays[0], arrays[1], arrays[2:])}
    else:
        raise SpecError("give a folder of replicates, or the files of one: wide, baseline and all narrow networks")
    try:
        chosen = float(heldout)
    except ValueError:
        chosen = read_array(Path(heldout))
    return compare_networks(
        networks, labels=read_array(labels) if labels else found, heldout=chosen, seed=seed, workers=workers
    )


def _left_out(claimed: Sequence[Claim], record: Record, alpha: Fraction, *, classified: bool) -> list[str]:
    """For everything that would let more claims be judged, a sentence that names them."""
    U = alpha.denominator
    waiting: dict[str, list[str]] = {}
    for claim in claimed:
        missing = " ".join(record.lacks(claim.effect(alpha)))
        if claim.unit == "accuracy" and not classified:
            waiting.setdefault("labels", []).append(claim.id)
        elif missing:
            enough = U * U if S_matched(alpha) in missing else 2 * U
            waiting.setdefault(f"{enough} narrow networks", []).append(claim.id)
    return [f"not judged without {remedy}: {', '.join(ids)}" for remedy, ids in waiting.items()]
