"""Ridge regression between feature blocks from their moments alone: whole paths, cross-validation, predictions.

For centred features A (n, p) and targets B (n, q) the map is ``W = (AᵀA + λI)⁻¹ AᵀB`` with the relative penalty
``λ = λ_rel · tr(AᵀA) / p``, so that λ_rel means the same at any feature scale and any n. With the eigenvectors Q and
eigenvalues Λ of AᵀA the squared error on other rows is a quadratic form in ``d = 1 / (Λ + λ)``,

    ‖B − B̂‖² = tr(S_BB) − 2 dᵀ diag(C̃ S̃ᵀ) + dᵀ (Ñ ∘ C̃ C̃ᵀ) d,    C̃ = QᵀAᵀB, S̃ = QᵀS_AB, Ñ = QᵀS_AA Q,

S being second moments of those rows about the fit means: a whole path costs one eigendecomposition. Equal to
scikit-learn's ``Ridge(alpha=λ)`` and ``RidgeCV`` with the same folds. Blocks of more features than fit rows stand in
`Coordinates`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from overparam.errors import MeasurementError
from overparam.metrics.blocks import Name
from overparam.metrics.coordinates import Coordinates
from overparam.metrics.moments import Group, Moments
from overparam.metrics.penalties import PenaltyChoice

# Relative penalties tried by cross-validation: 1e-8 to 1e6, two a decade. The strongest leaves next to nothing of a
# map, also where one unit has nearly all the variance, and with it of what the penalty is relative to.
PENALTIES = 10.0 ** np.arange(-8, 6.5, 0.5)


@dataclass(frozen=True)
class Eigenbasis:
    """Centred Gram matrix of one source block on some rows, diagonalised: ``AᵀA = Q diag(values) Qᵀ``.

    ``features`` is p, the number of features that the penalty is relative to.
    """

    rows: Group
    values: np.ndarray
    vectors: np.ndarray
    features: int

    @classmethod
    def of(cls, rows: Group, source: slice, features: int) -> "Eigenbasis":
        """Diagonalise the source's columns; those of a block that does not vary are 0, without rounding."""
        if rows.constant(source).all():
            columns = source.stop - source.start
            return cls(rows, np.zeros(columns), np.eye(columns), features)
        values, vectors = np.linalg.eigh(rows.scatter[source, source])
        return cls(rows, np.maximum(values, 0), vectors, features)

    def shrinkage(self, penalties: np.ndarray) -> np.ndarray:
        """``1 / (Λ + λ)`` for each relative penalty: (penalties, columns).

        Raises:
            MeasurementError: for a negative penalty, or 0 where the Gram matrix is singular.
        """
        features, mean_value = self.features, self.values.sum() / self.features
        if np.any(penalties < 0):
            raise MeasurementError(f"ridge penalty {np.min(penalties)} is negative: it must be 0 or more")
        if mean_value == 0:
            return np.zeros((len(penalties), len(self.values)))  # constant features predict the mean at any penalty
        singular = self.rows.count <= features or self.values[0] <= features * np.finfo(float).eps * self.values[-1]
        if np.any(penalties == 0) and singular:
            raise MeasurementError(
                f"ridge penalty 0 needs independent features and more rows than features: "
                f"{features} features on {self.rows.count} rows are not; use a penalty above 0"
            )
        return 1 / (self.values + penalties[:, None] * mean_value)


class RidgeSource:
    """Everything about ridge regression *from* one block that does not depend on the target.

    Args:
        moments: of source and targets.
        source: name of the block.
        coordinates: of those blocks whose moments are of their coordinates, as `in_coordinates` gives both.
    """

    def __init__(
        self, moments: Moments, source: Name, coordinates: Mapping[Name, Coordinates] = MappingProxyType({})
    ) -> None:
        self.moments = moments
        self.name = source
        self.columns = moments.block(source)
        self.coordinates = coordinates
        own = coordinates.get(source)
        self.features = self.columns.stop - self.columns.start if own is None else len(own.centre)
        self.whole = Eigenbasis.of(moments.fit, self.columns, self.features)

    @cached_property
    def without_fold(self) -> list[tuple[Eigenbasis, Group]]:
        """For every fold: the basis of the other folds, and the fold itself."""
        return [
            (Eigenbasis.of(others, self.columns, self.features), fold)
            for others, fold in self.moments.without_each_fold()
        ]

    def to(self, target: Name) -> "Ridge":
        """Regress one target block on this source."""
        return Ridge(self, target)


class Ridge:
    """Ridge regression from a source block to a target block, its penalty chosen by cross-validation on the fit split.

    Raises:
        MeasurementError: if the target does not vary on the fit split.
    """

    def __init__(self, source: RidgeSource, target: Name) -> None:
        self.source = source
        self.target = target
        self.columns = source.moments.block(target)
        fit = source.whole.rows
        self._coordinates = source.coordinates.get(source.name), source.coordinates.get(target)
        own = self._coordinates[1]
        constant = own.constant if own else fit.constant(self.columns)
        self.dead_targets = int(constant.sum())
        if constant.all():
            raise MeasurementError(f"block {target} does not vary on the fit split, so its span has no meaning")

    @property
    def centre(self) -> np.ndarray:
        """(target features,) their mean on the fit split."""
        own = self._coordinates[1]
        return own.centre if own else self.source.whole.rows.mean[self.columns]

    def path(self, penalties: np.ndarray, rows: Group | None = None) -> np.ndarray:
        """FSE on ``rows`` (held-out, by default) at each relative penalty, fitted on the fit split: (penalties,).

        Squared error over the target's squared distance from its fit mean, pooled over its features.
        """
        rows = self.source.moments.heldout if rows is None else rows
        errors = _squared_errors(self.source.whole, rows, self.source.columns, self.columns, penalties)
        return errors / np.trace(rows.about(self.source.whole.rows.mean, self.columns, self.columns))

    @cached_property
    def cross_validated_errors(self) -> np.ndarray:
        """Squared error on each left-out fold, at each of ``PENALTIES``: (folds, penalties)."""
        return np.array(
            [
                _squared_errors(basis, fold, self.source.columns, self.columns, PENALTIES)
                for basis, fold in self.source.without_fold
            ]
        )

    @cached_property
    def choice(self) -> PenaltyChoice:
        """The relative penalty with the least cross-validated error, and the curve of errors."""
        by_mean = [
            np.trace(fold.about(basis.rows.mean, self.columns, self.columns))
            for basis, fold in self.source.without_fold
        ]
        return PenaltyChoice.of(PENALTIES.tolist(), self.cross_validated_errors, np.array(by_mean))

    @property
    def penalty(self) -> float:
        """The relative penalty with the least cross-validated error."""
        return self.choice.penalty

    def coefficients(self, penalty: float) -> np.ndarray:
        """``W`` at a relative penalty: (source features, target features)."""
        found, (own, others) = self.inner_coefficients(penalty), self._coordinates
        found = own.axes @ found[:-1] if own else found
        return others.features(found) if others else found

    def inner_coefficients(self, penalty: float) -> np.ndarray:
        """``W`` between what moments are of: the coordinates of blocks that have any, features of others."""
        basis = self.source.whole
        cross = basis.rows.scatter[self.source.columns, self.columns]
        return basis.vectors @ (basis.shrinkage(np.array([penalty])).T * (basis.vectors.T @ cross))

    def residuals(self, source: np.ndarray, target: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        """``target − prediction from source`` of rows, by `inner_coefficients`: (rows, target features)."""
        mean, (own, others) = self.source.whole.rows.mean, self._coordinates
        predicted = ((own.of_rows(source) if own else source) - mean[self.source.columns]) @ coefficients
        return target - self.centre - (others.features(predicted) if others else predicted)


def _squared_errors(basis: Eigenbasis, rows: Group, source: slice, target: slice, penalties: np.ndarray) -> np.ndarray:
    """``‖B − B̂‖²`` on ``rows`` of the maps fitted on ``basis.rows``, at each penalty."""
    centre, Q = basis.rows.mean, basis.vectors
    fitted = Q.T @ basis.rows.scatter[source, target]  # C̃ (p, q)
    cross = Q.T @ rows.about(centre, source, target)  # S̃ (p, q)
    gram = Q.T @ rows.about(centre, source, source) @ Q  # Ñ (p, p)
    linear = np.sum(fitted * cross, axis=1)
    quadratic = gram * (fitted @ fitted.T)
    d = basis.shrinkage(penalties)  # (penalties, p)
    total = np.trace(rows.about(centre, target, target))
    return np.maximum(total - 2 * d @ linear + np.einsum("ki,ij,kj->k", d, quadratic, d, optimize=True), 0)
