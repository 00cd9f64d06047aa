"""How alike two feature blocks are, by the field's own measures: what stands beside FSE.

Most are functions of the second moments ``S_aa = AᵀA``, ``S_bb = BᵀB``, ``S_ab = AᵀB`` of centred features, and take a
`Pair` of them, as it follows from `Moments` or from arrays. Debiased CKA and RSA look at single rows, so they take
arrays. A and B may differ in their number of features. `MEASURES` lists all, with what holds of each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.spatial.distance import pdist
from scipy.stats import rankdata

from overparam.config.plugins import plugged_in
from overparam.errors import MeasurementError
from overparam.metrics.moments import Group

# SVCCA keeps the leading directions that explain this share of a block's variance (Raghu et al. 2017).
EXPLAINED = 0.99
# RSA compares all pairs of rows: of more rows than this it takes so many, evenly spaced.
ROWS = 2000

Invariance = Literal["orthogonal maps", "isotropic scaling", "translation", "invertible maps"]


@dataclass(frozen=True)
class Pair:
    """Second moments of two blocks over the same rows.

    Attributes:
        moments: count, mean and centred second moment of the rows, over all columns.
        first: the columns of A.
        second: the columns of B.

    Raises:
        MeasurementError: if a block does not vary.
    """

    moments: Group
    first: slice
    second: slice

    def __post_init__(self) -> None:
        for place, columns in (("first", self.first), ("second", self.second)):
            if self.moments.constant(columns).all():
                raise MeasurementError(f"the {place} block does not vary, so nothing is like or unlike it")

    @classmethod
    def of(cls, A: np.ndarray, B: np.ndarray) -> "Pair":
        """From A (examples, features of A) and B (examples, features of B), in float64.

        Raises:
            MeasurementError: for other shapes, rows that do not match, NaN or infinity.
        """
        A, B = _checked(A, B)
        split = A.shape[1]
        return cls(Group.of(np.hstack([A, B])), slice(0, split), slice(split, split + B.shape[1]))

    @property
    def aa(self) -> np.ndarray:
        """``S_aa``: (features of A, features of A)."""
        return self.moments.scatter[self.first, self.first]

    @property
    def bb(self) -> np.ndarray:
        """``S_bb``: (features of B, features of B)."""
        return self.moments.scatter[self.second, self.second]

    @property
    def ab(self) -> np.ndarray:
        """``S_ab``: (features of A, features of B)."""
        return self.moments.scatter[self.first, self.second]


def _checked(A: np.ndarray, B: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both blocks in float64, or MeasurementError if they are not finite features of the same rows."""
    A, B = np.asarray(A, dtype=np.float64), np.asarray(B, dtype=np.float64)
    for place, values in (("first", A), ("second", B)):
        if values.ndim != 2 or values.shape[1] == 0:
            raise MeasurementError(f"the {place} block has shape {values.shape} where (examples, features) belongs")
        if not np.isfinite(values).all():
            raise MeasurementError(f"the {place} block has features that are NaN or infinite")
    if len(A) != len(B):
        raise MeasurementError(f"the blocks have {len(A)} and {len(B)} rows: give both over the same examples")
    return A, B


def linear_cka(pair: Pair) -> float:
    """Linear centred kernel alignment, ``‖S_ab‖² / (‖S_aa‖ ‖S_bb‖)`` in Frobenius norms (Kornblith et al. 2019).

    On few rows it is high even for unrelated blocks: see `debiased_cka`.
    """
    return float(np.square(pair.ab).sum() / np.sqrt(np.square(pair.aa).sum() * np.square(pair.bb).sum()))


def debiased_cka(A: np.ndarray, B: np.ndarray) -> float:
    """Linear CKA from unbiased HSIC, ``HSIC(A, B) / √(HSIC(A, A) HSIC(B, B))``: about 0 for unrelated blocks.

    A (examples, features of A), B (examples, features of B). After Nguyen, Raghu and Kornblith (2021).

    Raises:
        MeasurementError: for fewer than 4 rows, or a block whose HSIC with itself is 0, as where only one row differs.
    """
    pair = Pair.of(A, B)
    count, mean = pair.moments.count, pair.moments.mean
    if count < 4:
        raise MeasurementError(f"debiased CKA needs at least 4 rows: there are {count}")
    a = np.square(A - mean[pair.first]).sum(axis=1)
    b = np.square(B - mean[pair.second]).sum(axis=1)
    own = _unbiased_hsic(pair.aa, a, a), _unbiased_hsic(pair.bb, b, b)
    for place, hsic, squares in (("first", own[0], a), ("second", own[1], b)):
        if hsic <= count * np.finfo(float).eps * squares.sum() ** 2:
            raise MeasurementError(f"the {place} block has HSIC 0 with itself, so debiased CKA is 0 / 0: add rows")
    return float(_unbiased_hsic(pair.ab, a, b) / np.sqrt(own[0] * own[1]))


def _unbiased_hsic(cross: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """``‖S_ab‖² − n / (n − 2) Σ a_i b_i + Σ a_i Σ b_i / ((n − 1)(n − 2))``: n (n − 3) times the estimate of HSIC.

    The squared norms of centred rows, ``a_i = ‖A_i‖²`` and ``b_i``, are the diagonals of the Gram matrices AAᵀ and BBᵀ,
    which the estimate leaves out (Song et al. 2012). Σ a_i b_i is why second moments are not enough.
    """
    n = len(a)
    return np.square(cross).sum() - n / (n - 2) * (a @ b) + a.sum() * b.sum() / ((n - 1) * (n - 2))


def _directions(scatter: np.ndarray, count: int, explained: float) -> tuple[np.ndarray, np.ndarray]:
    """Variances (directions,) and axes (features, directions) of a block's fewest directions that explain a share.

    Directions in which the block does not vary beyond the rounding of its second moments never count.
    """
    values, vectors = np.linalg.eigh(scatter)
    varies = values > count * np.finfo(float).eps * values[-1]
    kept = varies & (np.cumsum(values) > (1 - explained) * values.sum())
    return values[kept], vectors[:, kept]


def _canonical_correlations(pair: Pair, explained: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """``ρ_i`` (k,), and ``A_j · h_i`` (features of A, k) with A's canonical variates h_i, of length 1 over the rows."""
    count = pair.moments.count
    (a, V_a), (b, V_b) = (_directions(scatter, count, explained) for scatter in (pair.aa, pair.bb))
    if len(a) + len(b) >= count:
        raise MeasurementError(
            f"{len(a)} and {len(b)} independent features correlate perfectly on {count} rows, whatever they are: "
            f"canonical correlations need more than {len(a) + len(b)} rows"
        )
    variates, correlations, _ = np.linalg.svd((V_a / np.sqrt(a)).T @ pair.ab @ (V_b / np.sqrt(b)), full_matrices=False)
    return np.minimum(correlations, 1), V_a * np.sqrt(a) @ variates


def mean_cca(pair: Pair) -> float:
    """Mean canonical correlation ``Σ ρ_i / k``, k being the number of independent features of the smaller block.

    Equal to the mean cosine of `scipy.linalg.subspace_angles` between the spans of centred A and B.

    Raises:
        MeasurementError: unless there are more rows than independent features of A and B together. With fewer, some ρ_i
            are 1 whatever the features; with hardly more, all are high.
    """
    correlations, _ = _canonical_correlations(pair)
    return float(correlations.mean())


def svcca(pair: Pair) -> float:
    """Mean canonical correlation of the directions that explain 99 % of each block's variance (Raghu et al. 2017).

    Raises:
        MeasurementError: for too few rows, as `mean_cca`, counting the directions kept.
    """
    correlations, _ = _canonical_correlations(pair, EXPLAINED)
    return float(correlations.mean())


def projection_weighted_cca(pair: Pair) -> float:
    """Mean canonical correlation, weighted by how much of A each variate carries (Morcos, Raghu and Bengio 2018).

    ``Σ w_i ρ_i / Σ w_i`` with ``w_i = Σ_j |A_j · h_i|`` over A's centred features A_j and its canonical variates h_i of
    length 1. The weights look at A alone: (B, A) gives another number, and B may go through any invertible map where
    A may not even be rotated.

    Raises:
        MeasurementError: for too few rows, as `mean_cca`.
    """
    correlations, projections = _canonical_correlations(pair)
    return float(np.average(correlations, weights=np.abs(projections).sum(axis=0)))


def procrustes(pair: Pair) -> float:
    """Squared distance of centred A and B, each of Frobenius norm 1, after the best rotation (Ding et al. 2021).

    ``2 − 2 ‖S_ab‖_* / √(tr S_aa · tr S_bb)`` with the nuclear norm; the smaller block is padded by zeros. With the
    disparity of `scipy.spatial.procrustes`, which also rescales B to fit best, it is 2 − 2 √(1 − disparity).
    """
    fit = np.linalg.norm(pair.ab, "nuc") / np.sqrt(np.trace(pair.aa) * np.trace(pair.bb))
    return float(2 - 2 * min(fit, 1.0))


def evenly_spaced(count: int, most: int) -> np.ndarray:
    """Which rows to take of ``count``: all, or where there are more than ``most`` so many, evenly spaced."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(int)


def rsa(A: np.ndarray, B: np.ndarray) -> float:
    """Representational similarity analysis (Kriegeskorte, Mur and Bandettini 2008).

    Spearman correlation, over all pairs of rows, of the Euclidean distances within A with those within B: the upper
    triangles of the dissimilarity matrices. Not of 1 − Pearson's correlation, which depends on the axes and the origin
    of the features. A (examples, features of A), B (examples, features of B); of more than 2,000 rows 2,000, evenly
    spaced.

    Raises:
        MeasurementError: for fewer than 3 rows, or a block whose rows are all equally far from each other.
    """
    A, B = _checked(A, B)
    if len(A) < 3:
        raise MeasurementError(f"representational similarity needs at least 3 rows: there are {len(A)}")
    rows = evenly_spaced(len(A), ROWS)
    distances = [pdist(block[rows]) for block in (A, B)]
    for place, lengths in zip(("first", "second"), distances, strict=True):
        if np.ptp(lengths) <= len(rows) * np.finfo(float).eps * lengths.max():
            raise MeasurementError(f"distances between rows of the {place} block do not vary, so there is no order")
    return float(np.corrcoef([rankdata(lengths) for lengths in distances])[0, 1])


@dataclass(frozen=True)
class Measure:
    """A measure of similarity, and what holds of it.

    Attributes:
        name: as the field calls it.
        of: the function, of a `Pair` or of two arrays (examples, features).
        takes: which of the two.
        range: least and greatest value; a block beside itself reaches the one for most alike.
        larger_is_more_similar: False for a distance.
        invariances: what may be done to either block, or to both, without effect.
        symmetric: whether A and B may be exchanged.
    """

    name: str
    of: Callable[..., float]
    takes: Literal["moments", "rows"]
    range: tuple[float, float]
    larger_is_more_similar: bool
    invariances: frozenset[Invariance]
    symmetric: bool

    def __call__(self, A: np.ndarray, B: np.ndarray) -> float:
        """The measure of A (examples, features of A) and B (examples, features of B).

        Raises:
            MeasurementError: for rows that do not match, NaN, infinity, no variance, or too few rows.
        """
        return self.of(Pair.of(A, B)) if self.takes == "moments" else self.of(A, B)


_AXES = frozenset[Invariance](("isotropic scaling", "translation"))
_SHAPE = frozenset[Invariance]((*_AXES, "orthogonal maps"))
_SPAN = frozenset[Invariance]((*_SHAPE, "invertible maps"))

MEASURES = (
    Measure("linear CKA", linear_cka, "moments", (0, 1), True, _SHAPE, symmetric=True),
    Measure("debiased linear CKA", debiased_cka, "rows", (-1, 1), True, _SHAPE, symmetric=True),
    Measure("mean CCA", mean_cca, "moments", (0, 1), True, _SPAN, symmetric=True),
    Measure("SVCCA", svcca, "moments", (0, 1), True, _SHAPE, symmetric=True),
    Measure("projection-weighted CCA", projection_weighted_cca, "moments", (0, 1), True, _AXES, symmetric=False),
    Measure("RSA", rsa, "rows", (-1, 1), True, _SHAPE, symmetric=True),
    Measure("Procrustes distance", procrustes, "moments", (0, 2), False, _SHAPE, symmetric=True),
)


def with_plugged_in(built_in: Sequence[Measure]) -> dict[str, Measure]:
    """Measures by name, and those that are plugged in; raises SpecError if one cannot be."""
    named = {measure.name: measure for measure in built_in}
    return named | {name: plugin.load(Measure) for name, plugin in plugged_in("measures", named).items()}


def measures() -> dict[str, Measure]:
    """`MEASURES`, which studies record, and those that are plugged in, by name."""
    return with_plugged_in(MEASURES)
