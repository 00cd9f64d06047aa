"""Records: the measurements of one study with their provenance, small enough for git and complete enough to judge."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from overparam.config.refusals import refusal
from overparam.errors import ArtifactError
from overparam.io.files import read_sealed, write_sealed
from overparam.metrics.penalties import Fitted, Penalties, PenaltyChoice
from overparam.metrics.stats import Effect
from overparam.study.quantities import Contrast
from overparam.study.record_file import (
    SCHEMA,
    Chosen,
    Data,
    OfWidth,
    PenaltiesFile,
    SampleFile,
    Setting,
    check_lengths,
    of_records,
)
from overparam.study.widths import Width

if TYPE_CHECKING:
    from pandas import DataFrame

# Factors on every cross-validated ridge penalty at which a verdict is taken again; the middle one is the verdict's own.
PENALTY_FACTORS = (1e-2, 1e-1, 1.0, 1e1, 1e2)


@dataclass(frozen=True)
class Sample:
    """Quantities measured together on the same held-out examples, in every replicate and at every penalty factor.

    Attributes:
        quantities: their names.
        values: (penalty factors, replicates, quantities).
        shared: (penalty factors, replicates · quantities, replicates · quantities), the covariance over examples of
            the contributions, divided by the number of examples.
        factors: (penalty factors,) multiples of the cross-validated penalties.
    """

    quantities: tuple[str, ...]
    values: np.ndarray
    shared: np.ndarray
    factors: tuple[float, ...] = PENALTY_FACTORS

    def effect(self, contrast: Contrast, factor: float = 1.0) -> Effect:
        """The contrast in every replicate, at one penalty factor."""
        asked = contrast.by_name
        weights = np.array([asked.get(name, 0.0) for name in self.quantities])
        k = self.factors.index(factor)
        values = self.values[k]
        replicates, count = values.shape
        shared = self.shared[k].reshape(replicates, count, replicates, count)
        return Effect(values @ weights, np.einsum("q,rqsp,p->rs", weights, shared, weights))


@dataclass(frozen=True)
class Record:
    """Everything measured in one study.

    Attributes:
        task: task of the study.
        arch: its architecture.
        scale: its scale.
        key: digest of all the measurements depend on.
        alphas: width factors, from the widest down.
        replicates: names of the replicates.
        networks: by width factor: checkpoints with digests, seeds, training and held-out accuracy (replicates,
            members), features, parameters a network, and by replicate the code, device and libraries that trained it;
            ``history``, training loss and accuracy (replicates, epochs), means over members; for α = 1 also ``early``,
            the accuracies of M_1′ after earlier epochs.
        data: source, digests, numbers of fit and held-out examples, classes.
        environment: library versions of the measurement.
        recipe: the training recipe.
        penalties: by quantity: what cross-validation chose in each replicate, of ridge maps and probes.
        samples: ``span`` and ``performance``; in a record of controls, those of `overparam.study.controls.measurement`.
    """

    task: str
    arch: str
    scale: str
    key: str
    alphas: tuple[Fraction, ...]
    replicates: tuple[int, ...]
    networks: Mapping[Fraction, OfWidth]
    data: Data
    environment: Mapping[str, str]
    recipe: Mapping[str, Setting]
    penalties: Penalties
    samples: Mapping[str, Sample]

    @property
    def chosen(self) -> float:
        """The factor on every cross-validated ridge penalty, of the study itself."""
        return 1.0

    @property
    def members(self) -> dict[Fraction, int]:
        """How many networks were measured at each width factor, in each replicate."""
        return {alpha: len(entry["train_accuracy"][0]) for alpha, entry in self.networks.items()}

    @property
    def narrow_alphas(self) -> tuple[Fraction, ...]:
        """The width factors below 1, from the widest to the narrowest."""
        return tuple(alpha for alpha in self.alphas if alpha < 1)

    def effect(self, contrast: Contrast, factor: float = 1.0) -> Effect:
        """Evaluate a contrast, such as ``FSE(S(α), M_1) - FSE(M_1_PRIME, M_1)``, in every replicate.

        Raises:
            ArtifactError: if the record did not measure one of its quantities.
        """
        for sample in self.samples.values():
            if set(contrast.by_name) <= set(sample.quantities):
                return sample.effect(contrast, factor)
        raise ArtifactError(f"the record of {self.task}-{self.arch} at scale {self.scale} has not measured {contrast}")

    def lacks(self, contrast: Contrast) -> list[str]:
        """Name the quantities of a contrast that were not measured."""
        known = {name for sample in self.samples.values() for name in sample.quantities}
        return [name for name in contrast.by_name if name not in known]

    def width(self, alpha: Fraction) -> Width:
        """Tell how wide the networks are at a width factor, from how many features each of them has."""
        return Width.of_features(self.arch, alpha, self.networks[alpha]["features"])

    def lag(self, alphas: Iterable[Fraction]) -> float:
        """Tell how far the training accuracy of M_1 and M_1′ is above the least of those at some widths; in [−1, 1]."""
        return self.train_accuracy(Fraction(1)) - min(map(self.train_accuracy, alphas))

    def to_frame(self) -> "DataFrame":
        """Give everything that was measured as a tidy table of pandas, a row for each quantity in each replicate.

        Its columns, none of which has a unit:

        - ``task``, ``arch``, ``scale``: of the study.
        - ``sample``: the quantities that were measured together, on the same held-out examples.
        - ``quantity``: its name in the paper's notation, such as ``FSE(S_1/4→M_1)``.
        - ``replicate``: its name.
        - ``value``: of a span error, a share of the variance, 0 or more; of a performance, an accuracy in [0, 1].
        - ``ridge_penalty``, relative, and ``probe_penalty``: those that cross-validation chose and the value was taken
          at; NaN where none was, or older records do not say. What other penalties give stands in ``samples``.
        """
        from pandas import DataFrame  # half a second, and most that read records make no table

        rows = [
            {
                "task": self.task,
                "arch": self.arch,
                "scale": self.scale,
                "sample": name,
                "quantity": quantity,
                "replicate": replicate,
                "value": sample.values[sample.factors.index(1.0), r, q],
                **{f"{fitted}_penalty": choices[r].penalty for fitted, choices in chosen.items()},
            }
            for name, sample in self.samples.items()
            for q, quantity in enumerate(sample.quantities)
            for chosen in [self.penalties.get(quantity, {})]
            for r, replicate in enumerate(self.replicates)
        ]
        penalties = ["ridge_penalty", "probe_penalty"]
        columns = ["task", "arch", "scale", "sample", "quantity", "replicate", "value", *penalties]
        return DataFrame(rows, columns=columns).astype(dict.fromkeys(penalties, float))

    def train_accuracy(self, alpha: Fraction) -> float:
        """Give the mean training accuracy in [0, 1] of the networks at one width."""
        return float(np.mean(self.networks[alpha]["train_accuracy"]))


def write_record(path: Path, record: Record) -> None:
    """Write a record as JSON, sealed with a digest of its content."""
    content = {
        "schema": SCHEMA,
        "task": record.task,
        "arch": record.arch,
        "scale": record.scale,
        "key": record.key,
        "alphas": [str(alpha) for alpha in record.alphas],
        "replicates": list(record.replicates),
        "data": dict(record.data),
        "environment": dict(record.environment),
        "recipe": dict(record.recipe),
        "networks": {str(alpha): dict(entry) for alpha, entry in record.networks.items()},
        "penalties": _written(record.penalties),
        "samples": {
            name: {
                "quantities": list(sample.quantities),
                "penalty_factors": list(sample.factors),
                "values": sample.values.tolist(),
                "shared_lower_triangle": [_rounded(m[np.tril_indices(len(m))]) for m in sample.shared],
            }
            for name, sample in record.samples.items()
        },
    }
    write_sealed(path, content)


def read_record(path: Path) -> Record:
    """Read a record.

    Raises:
        ArtifactError: if it is missing, no record, or was edited after it was written.
    """
    try:
        written = read_sealed(path, "record of a study")
        content = of_records().validate_python(written)
        check_lengths(content)
        samples = {name: _read_sample(entry) for name, entry in content["samples"].items()}
        return Record(
            task=content["task"],
            arch=content["arch"],
            scale=content["scale"],
            key=content["key"],
            alphas=tuple(content["alphas"]),
            replicates=tuple(content["replicates"]),
            # As they were written: 4 epochs are not 4.0, and a record reads back to the same bytes.
            networks=dict(zip(content["networks"], written["networks"].values(), strict=True)),
            data=content["data"],
            environment=content["environment"],
            recipe=content["recipe"],
            penalties=_read_penalties(content["penalties"])
            if content["schema"] == SCHEMA
            else _without_curves(samples, content["penalties"]),
            samples=samples,
        )
    except FileNotFoundError:
        raise ArtifactError(f"there is no record {path}: measure the study first") from None
    except (KeyError, ValueError) as error:
        # The first key of a place is the schema that the file was checked by.
        why = refusal(error, lambda keys: ("it", keys[1:])) if isinstance(error, ValidationError) else error
        raise ArtifactError(
            f"record {path} is damaged or was edited ({why}): restore it with git, or measure again"
        ) from None


def _read_sample(entry: SampleFile) -> Sample:
    values = entry["values"]
    size = values.shape[1] * values.shape[2]
    shared = np.zeros((len(values), size, size))
    rows, columns = np.tril_indices(size)
    triangles = entry["shared_lower_triangle"]
    if triangles.shape != (len(values), len(rows)):
        raise ValueError(f"it has covariances of shape {triangles.shape}, not {(len(values), len(rows))}")
    shared[:, rows, columns] = shared[:, columns, rows] = triangles
    return Sample(tuple(entry["quantities"]), values, shared, tuple(entry["penalty_factors"]))


def _written(penalties: Penalties) -> dict[str, Any]:
    """Of ridge maps and of probes the longest grid that was tried, of which each curve is from the beginning of it.

    Then by quantity, a list over replicates each.
    """
    grids: dict[Fitted, tuple[float, ...]] = {}
    for fitted, by_replicate in chain.from_iterable(choices.items() for choices in penalties.values()):
        grids[fitted] = max(grids.get(fitted, ()), *(choice.grid for choice in by_replicate), key=len)
    chosen = {
        quantity: {
            fitted: {
                "penalty": [choice.penalty for choice in by_replicate],
                "edge": [choice.edge for choice in by_replicate],
                "losses": [_rounded(choice.losses) for choice in by_replicate],
            }
            for fitted, by_replicate in choices.items()
        }
        for quantity, choices in penalties.items()
    }
    return {"grids": {fitted: list(grid) for fitted, grid in grids.items()}, "chosen": chosen}


def _read_penalties(entry: PenaltiesFile) -> Penalties:
    def read(grid: Sequence[float], parts: Chosen) -> list[PenaltyChoice]:
        columns = zip(parts["penalty"], parts["edge"], parts["losses"], strict=True)
        return [
            PenaltyChoice(penalty, edge, tuple(grid[: len(losses)]), tuple(losses)) for penalty, edge, losses in columns
        ]

    return {
        quantity: {fitted: read(entry["grids"][fitted], parts) for fitted, parts in choices.items()}
        for quantity, choices in entry["chosen"].items()
    }


def _without_curves(samples: Mapping[str, Sample], entry: Mapping[str, list[float]]) -> Penalties:
    """What older records keep: of accuracies the penalties of probes, of span errors those of ridge maps."""
    probed = samples["performance"].quantities if "performance" in samples else ()
    fitted: dict[str, Fitted] = {name: "probe" if name in probed else "ridge" for name in entry}
    return {name: {fitted[name]: [PenaltyChoice(penalty, "unknown") for penalty in entry[name]]} for name in entry}


def _rounded(values: Iterable[float]) -> list[float]:
    """Six significant digits: covariances and loss curves need no more, and records stay small."""
    return [float(f"{value:.6g}") for value in values]
