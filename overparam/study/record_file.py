"""What the JSON of a record says: checked when one is read, and printed by `overparam schema record`."""

from functools import cache, partial
from typing import Annotated, Any, Literal, NotRequired

import numpy as np
from pydantic import ConfigDict, Discriminator, PlainValidator, TypeAdapter, WithJsonSchema
from typing_extensions import TypedDict

from overparam.config.entries import Must
from overparam.config.studies import Alpha
from overparam.metrics.penalties import Edge, Fitted

SCHEMA: Literal[4] = 4  # of records that are written
STRICT = ConfigDict(strict=True, extra="forbid")


def _numbers(value: Any, axes: int) -> np.ndarray:
    """Check many numbers by NumPy: one by one would take longer than to read them."""
    array = np.array(value)  # raises ValueError for rows of different lengths
    if array.dtype.kind not in "iuf" or array.ndim != axes or not np.isfinite(array).all():
        raise ValueError
    return array.astype(np.float64)


Matrix = Annotated[
    np.ndarray,
    PlainValidator(partial(_numbers, axes=2)),
    Must("be rows of numbers"),
    WithJsonSchema(TypeAdapter(list[list[float]]).json_schema()),
]
Cube = Annotated[
    np.ndarray,
    PlainValidator(partial(_numbers, axes=3)),
    Must("be rows of rows of numbers"),
    WithJsonSchema(TypeAdapter(list[list[list[float]]]).json_schema()),
]
BY_REPLICATE = ("train_accuracy", "heldout_accuracy", "checkpoints", "seeds", "environment", "dead_features")
ByReplicate = list[list[float]]  # (replicates, members), or (replicates, epochs)


class Pinned(TypedDict):
    """Where networks come from: a file of a repository, and the MD5 that DVC pins of it."""

    path: str
    md5: str


class Checkpoint(Pinned):
    """The same, with the digest of each network's weights, which older records lack."""

    weights: NotRequired[list[str]]


class History(TypedDict):
    """Means over members."""

    loss: ByReplicate
    accuracy: ByReplicate


class EarlyStages(TypedDict):
    """M_1′ as it was after earlier epochs."""

    epochs: list[int]
    train_accuracy: ByReplicate
    heldout_accuracy: ByReplicate


class Less(TypedDict):
    """Wide networks that are trained for fewer epochs."""

    budgets: list[float]
    checkpoints: list[list[Pinned]]
    fit: dict[str, ByReplicate]


class EqualFit(TypedDict, total=False):
    """What is known of the networks of one width where they are compared at equal fit."""

    fit: dict[str, list[float]]
    near: list[float]
    less: Less


class OfWidth(EqualFit):
    """The networks of one width; `overparam.study.record.Record` explains each entry."""

    features: int
    train_accuracy: ByReplicate
    heldout_accuracy: ByReplicate
    dead_features: NotRequired[list[int]]
    checkpoints: NotRequired[list[Checkpoint]]
    seeds: NotRequired[list[list[int]]]
    environment: NotRequired[list[dict[str, str]]]
    parameters: NotRequired[int]
    history: NotRequired[History]
    early: NotRequired[EarlyStages]


class Data(TypedDict, total=False):
    """The examples: what is known of them."""

    source: str
    sha256: dict[str, str]  # of each file that they were read from
    tokenizer: str | None
    train_examples: int
    fit_examples: int
    heldout_examples: int
    majority_share: float  # of the most common class among those held out
    word_baselines: dict[str, float]  # held-out accuracies of what sees words alone
    admission: float  # the share of its training examples that every network must get right to be judged


Setting = bool | int | float | str  # of a recipe


class SampleFile(TypedDict):
    """Quantities that were measured together."""

    quantities: list[str]
    penalty_factors: list[float]
    values: Cube  # (penalty factors, replicates, quantities)
    shared_lower_triangle: Matrix  # (penalty factors, pairs of replicates and quantities)


class Chosen(TypedDict):
    """What cross-validation chose, by replicate."""

    penalty: list[float]
    edge: list[Edge]
    losses: list[list[float]]


class PenaltiesFile(TypedDict):
    """Grids once, and by quantity what was chosen from them."""

    grids: dict[Fitted, list[float]]
    chosen: dict[str, dict[Fitted, Chosen]]


class _File(TypedDict):
    task: str
    arch: str
    scale: str
    key: str
    alphas: list[Alpha]
    replicates: list[int]
    data: Data
    environment: dict[str, str]
    recipe: dict[str, Setting]
    networks: dict[Alpha, OfWidth]
    samples: dict[str, SampleFile]
    sha256: NotRequired[str]  # the seal, which is taken off before this is checked


class RecordFile(_File):
    """A record."""

    schema: Literal[4]
    penalties: PenaltiesFile


class WithoutCurves(_File):
    """A record that keeps no more of a choice than the penalty, by quantity and replicate."""

    schema: Literal[3]
    penalties: dict[str, list[float]]


AnyRecordFile = Annotated[RecordFile | WithoutCurves, Discriminator("schema")]


def check_lengths(content: RecordFile | WithoutCurves) -> None:
    """Raise ValueError unless whatever has an entry a width, a replicate or a quantity has as many as there are."""
    networks, count = content["networks"], len(content["replicates"])
    wanted = {
        "networks are those of its widths, M_1's among them": set(networks) == {*content["alphas"]} >= {1},
        "replicates are some, each once": 0 < len(set(content["replicates"])) == count,
    }
    for alpha, entry in networks.items():
        members, *others = {len(each) for each in [*entry["train_accuracy"], *entry["heldout_accuracy"]]} or {0}
        wanted[f"networks of α = {alpha} have an accuracy each"] = members > 0 and not others
        less = entry.get("less", Less(budgets=[], checkpoints=[], fit={}))
        as_many = len(less["budgets"]) == len(less["checkpoints"])
        wanted[f"networks of α = {alpha} that are trained less have a budget each"] = as_many
        by_replicate: dict[str, Any] = {name: entry[name] for name in BY_REPLICATE if name in entry}
        by_replicate.update(entry.get("history", {}))
        for name, values in by_replicate.items():
            wanted[f"networks of α = {alpha} have {name} of {count} replicates"] = len(values) == count
    for name, sample in content["samples"].items():
        shape = (len(sample["penalty_factors"]), count, len(sample["quantities"]))
        wanted[f"values of {name} are {shape}"] = sample["values"].shape == shape
        wanted[f"quantities of {name} differ"] = len(set(sample["quantities"])) == shape[2]
        wanted[f"penalty factors of {name} have 1 among them"] = 1.0 in sample["penalty_factors"]
    for sentence, holds in wanted.items():
        if not holds:
            raise ValueError(f"it is not so that its {sentence}")


@cache
def of_records() -> TypeAdapter[RecordFile | WithoutCurves]:
    """What validates the content of a record."""
    return TypeAdapter(AnyRecordFile, config=STRICT)
