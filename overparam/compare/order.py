"""Whether files of features have their rows in the same order, by what lies beside them."""

from collections.abc import Mapping, Sequence

import numpy as np

from overparam.compare.inputs import NetworkFeatures, beside_features, named_features
from overparam.errors import MeasurementError
from overparam.metrics.rows import Column, one_each, plain_array


def check_order(
    networks: Mapping[str, NetworkFeatures], labels: Column | None, label_ids: Column | None, count: int
) -> str:
    """See that all rows are of the same examples in the same order, as far as ids and labels beside them tell.

    Args:
        networks: by name of the replicate.
        labels: (examples,) that were given for all of them, if any.
        label_ids: (examples,) what example each of those is of, if known.
        count: number of examples.

    Returns:
        A sentence that says what was taken on trust.

    Raises:
        MeasurementError: if ids are not ``count`` different whole numbers or text, or ids or labels of two networks, or
            of a network and of ``labels``, differ.
    """
    ids, beside = beside_features(networks, "ids"), beside_features(networks, "labels")
    return check_rows([*named_features(networks)], ids, beside, labels, label_ids, count)


def check_rows(
    names: Sequence[str],
    beside_ids: Mapping[str, np.ndarray],
    beside_labels: Mapping[str, np.ndarray],
    labels: Column | None,
    label_ids: Column | None,
    count: int,
) -> str:
    """See that rows of features and labels are of the same examples in the same order; as `check_order`.

    Args:
        names: what features are called.
        beside_ids: by name, what example each row of features is of, as far as known.
        beside_labels: by name, labels that lie beside features.
        labels: as in `check_order`.
        label_ids: likewise.
        count: number of examples.
    """
    ids = ({} if label_ids is None else {"labels": plain_array(label_ids)}) | dict(beside_ids)
    given = {} if labels is None else {"labels": labels}
    by_name = {where: one_each(values, count) for where, values in {**given, **beside_labels}.items()}
    for where, values in ids.items():
        if values.dtype.kind not in "iuU" or values.shape != (count,) or len(np.unique(values)) < count:
            raise MeasurementError(
                f"ids of {where} are {values.dtype} of shape {values.shape} where {count} whole numbers or texts "
                "belong, each once: say which example each row is"
            )
    _refuse_differing("ids", ids)
    _refuse_differing("labels", by_name)
    trusted = [where for where in [*given, *names] if where not in ids]
    if not trusted:
        return "all rows are in the same order by their ids"
    agree = [where for where in trusted if where in by_name and len(by_name) > 1]
    return (
        f"that rows are in the same order was taken on trust where there are no ids: {listed(trusted)}"
        f"{f'; but labels agree of {listed(agree)}' if agree else ''}"
    )


def _refuse_differing(what: str, by_file: Mapping[str, np.ndarray]) -> None:
    first = next(iter(by_file), "")
    for where, values in by_file.items():
        differ = values != by_file[first]
        if np.any(differ):
            row = np.argmax(differ)
            raise MeasurementError(
                f"{where} and {first} have different {what}, first in row {row} ({values.tolist()[row]!r} "
                f"and {by_file[first].tolist()[row]!r}): extract all over the same examples in the same order"
            )


def listed(names: Sequence[str]) -> str:
    """The first three of some names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
