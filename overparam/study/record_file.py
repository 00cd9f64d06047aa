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
ByReplicate = list[list[float]]  # (replicates, members), or (replicates, epochs)


class Checkpoint(TypedDict):
    """Where networks come from."""

    path: str
    md5: str
    weights: NotRequired[list[str]]


class History(TypedDict):
    """Means over members."""

    loss: ByReplicate
    accuracy: ByReplicate


class Early(TypedDict):
    """M_1′ as it was after earlier epochs."""

    epochs: list[float]
    train_accuracy: ByReplicate
    heldout_accuracy: ByReplicate


class Less(TypedDict):
    """Wide networks that are trained for fewer epochs."""

    budgets: list[float]
    checkpoints: list[list[Checkpoint]]
    fit: dict[str, ByReplicate]


class OfWidth(TypedDict, total=False):
    """The networks of one width; `overparam.study.record.Record` explains each entry."""

    checkpoints: list[Checkpoint]
    seeds: list[list[int]]
    environment: list[dict[str, str]]
    features: int
    parameters: int
    dead_features: list[int]
    train_accuracy: ByReplicate
    heldout_accuracy: ByReplicate
    history: History
    early: Early
    fit: dict[str, list[float]]
    near: list[float]
    less: Less


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
    data: dict[str, Any]
    environment: dict[str, str]
    recipe: dict[str, Any]
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


@cache
def of_records() -> TypeAdapter[RecordFile | WithoutCurves]:
    """What validates the content of a record."""
    return TypeAdapter(AnyRecordFile, config=STRICT)
