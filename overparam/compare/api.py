"""The claims on networks of one's own: compared as arrays, or from files."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

import numpy as np

from overparam.compare.comparison import Comparison
from overparam.compare.inputs import (
    NetworkFeatures,
    classes_of,
    digest_array,
    heldout_of,
    named_features,
    read_beside,
    read_folder,
    read_networks,
    split_examples,
)
from overparam.compare.judging import judge_all, left_out, quantities_of
from overparam.compare.layout import Layout, check_networks, lay_out
from overparam.compare.measure import Measurements, listed_problems, measure_each
from overparam.compare.order import check_order
from overparam.errors import MeasurementError, SpecError
from overparam.io.arrays import read_array
from overparam.io.files import digest_json
from overparam.metrics.blocks import Blocks
from overparam.metrics.rows import Column
from overparam.study.feature_blocks import M_1, just_as_wide
from overparam.study.record import Record
from overparam.study.record_file import Data
from overparam.verdicts.margins import Preregistration, load_preregistration
from overparam.verdicts.registry import of_measurements

ONE = Fraction(1)


def compare_networks(
    networks: Mapping[str, NetworkFeatures],
    *,
    labels: Column | None = None,
    label_ids: Column | None = None,
    heldout: float | Column = 0.5,
    seed: int = 0,
    preregistration: Preregistration | None = None,
    strict: bool = False,
    workers: int = -1,
) -> Comparison:
    """Measure and judge the claims on networks of one's own, as far as they can be.

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
        strict: raise for the first quantity that decides nothing, or has no value, instead of comparing the others.
        workers: processes that share the work; −1 for one a core.

    Raises:
        SpecError: if there is no replicate, or the share does not lie between 0 and 1.
        MeasurementError: if features, labels or held-out examples are not what they should be, ids or labels of two
            networks differ, M_1′ has not as many features as M_1, there are too few narrow networks, a network appears
            twice, or not a single quantity can be measured.
    """
    if not networks:
        raise SpecError("there are no networks to compare: give at least one replicate")
    preregistration = preregistration or load_preregistration()
    count = len(np.atleast_1d(next(iter(networks.values())).wide))
    split = split_examples(heldout, count, seed)
    classes = classes_of(networks, labels, count)
    dead = check_networks(networks, count)
    layout = Layout.of(networks)
    replicates = lay_out(networks, layout, classes, split)
    order = check_order(networks, labels, label_ids, count)
    blocks = next(iter(replicates.values())).blocks
    claims = {
        name: claim for name, claim in of_measurements().items() if blocks.classified or claim.inequality.unit == "span"
    }
    asked = quantities_of(claims, layout.members)
    measured = measure_each(replicates, asked, workers=workers)
    if strict and measured.problems:
        first, *others = listed_problems(measured.problems)
        raise MeasurementError(f"{first}{f'; and {len(others)} more' if others else ''} (strict)")
    record = _record(networks, layout, blocks, measured)
    wide = blocks[M_1].shape[1]
    notes = (
        *(
            f"M_1: {wide} features; S_{alpha}: {just_as_wide(alpha)} × {int(alpha * wide)} features"
            for alpha in layout.members
        ),
        f"fitted on {np.sum(~split):,} examples, measured on {np.sum(split):,} held-out ones; R = {len(replicates)}",
        order,
        *([f"networks whose features do not vary: {', '.join(dead)}"] if dead else []),
        *layout.notes,
        *left_out(claims, layout),
        _said_of_fit(record),
    )
    return Comparison(
        replicates=tuple(networks),
        record=record,
        incomplete=measured.incomplete,
        similarity={str(quantity): effect for quantity, effect in measured.similarity.items()},
        judgements=tuple(judge_all(claims, layout, record, measured.problems, preregistration)),
        problems=measured.problems,
        notes=notes,
    )


def _record(networks: Mapping[str, NetworkFeatures], layout: Layout, blocks: Blocks, measured: Measurements) -> Record:
    """The record of what was measured, with the digests of all that it was measured on."""
    arrays = {**named_features(networks), "held-out examples": blocks.heldout}
    if blocks.labels is not None:
        arrays["classes"] = blocks.classes
    digests = {name: digest_array(array) for name, array in arrays.items()}
    environment = {library: version(library) for library in ("overparam", "numpy", "scipy")}
    members = {ONE: 2 if layout.baseline else 1, **layout.members}
    data: Data = {"source": f"features of {sum(members.values()) * len(networks)} networks", "sha256": digests}
    if blocks.labels is not None:
        data["majority_share"] = _majority_share(blocks.classes[blocks.heldout])
    return Record(
        task="own",
        arch="networks",
        scale="own",
        key=digest_json({"inputs": digests, "libraries": environment}),
        alphas=tuple(members),
        replicates=tuple(range(len(networks))),
        networks={
            alpha: {
                "features": int(alpha * blocks[M_1].shape[1]),
                "train_accuracy": [given.train_accuracies(alpha)[:count] for given in networks.values()],
                "heldout_accuracy": [[math.nan] * count] * len(networks),
            }
            for alpha, count in members.items()
        },
        data=data,
        environment=environment,
        recipe={},
        penalties=measured.penalties,
        samples=measured.samples,
    )


def _majority_share(classes: np.ndarray) -> float:
    return float(np.bincount(classes).max() / len(classes))


def _said_of_fit(record: Record) -> str:
    """Whether verdicts are marked where narrow networks fit their training data less well."""
    known = {alpha: np.isfinite(record.networks[alpha]["train_accuracy"]) for alpha in record.alphas}
    if all(given.all() for given in known.values()):
        shown = ", ".join(f"{record.train_accuracy(alpha):.1%} at α = {alpha}" for alpha in record.alphas)
        return f"mean training accuracy: {shown}; where narrow networks fit less well, verdicts are marked"
    lacking = ", ".join(str(alpha) for alpha, given in known.items() if not given.all())
    return (
        f"no claim is marked confounded where training accuracies are unknown, which they are at α = {lacking}: "
        "check that narrow networks fit as well"
    )


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
    strict: bool = False,
    workers: int = -1,
) -> Comparison:
    """Compare networks from files that `read_array` reads: a folder of replicates, or the files of a single one.

    Args:
        folder: of replicates, as `read_folder` reads them.
        wide: features of M_1; here and below ids and labels are read that lie beside, as `read_networks` takes them.
        baseline: features of M_1′, if there is one.
        narrow: features of each narrow network.
        labels: (examples,), with their ids beside them if there are any; by default the folder's own, if it has any.
        heldout: a share, or a file with a mask (examples,) or with row numbers.
        seed: of the split.
        preregistration: the margins; by default those that came with this package.
        strict: raise for the first quantity that decides nothing, or has no value, instead of comparing the others.
        workers: processes that share the work; −1 for one a core.

    Raises:
        SpecError: if neither or both of a folder and files are given, a file is of no known kind, or as above.
        ArtifactError: if a file is missing, damaged or holds several arrays.
        MeasurementError: as above.
    """
    if folder and not (wide or baseline or narrow):
        networks, own_labels = read_folder(folder)
        labels = labels or own_labels
    elif wide and narrow and not folder:
        networks = {"r0": read_networks(wide, baseline, narrow)}
    else:
        raise SpecError("give a folder of replicates, or the files of one: wide and all narrow networks")
    return compare_networks(
        networks,
        labels=read_array(labels) if labels else None,
        label_ids=read_beside(labels, "ids") if labels else None,
        heldout=heldout_of(heldout),
        seed=seed,
        preregistration=preregistration,
        strict=strict,
        workers=workers,
    )
