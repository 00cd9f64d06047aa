"""Any networks from files: which network and replicate each file is of, and whether rows are in the same order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from overparam.compare.inputs import heldout_of, read_beside
from overparam.compare.order import check_rows
from overparam.compare.span_matrix import SpanMatrix, span_matrix
from overparam.errors import SpecError
from overparam.io.arrays import READERS, read_array
from overparam.metrics.on_arrays import Features
from overparam.metrics.rows import plain_array


@dataclass(frozen=True)
class Source:
    """A network, or a concatenation of several, as it was asked for.

    Attributes:
        parts: files; or names of networks that are given by themselves.
    """

    parts: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Source":
        """``A.npy``, ``A.npy+B.npy``, or ``A+B``; a file whose name has a plus in it is that file."""
        return cls((text,) if Path(text).exists() else tuple(text.split("+")))

    @property
    def name(self) -> str:
        """What it is called: names of files without their folder and suffix."""
        return "+".join(Path(part).stem if _is_file(part) else part for part in self.parts)

    @property
    def of_names(self) -> bool:
        """Whether it concatenates networks that are given by themselves, in every replicate."""
        return len(self.parts) > 1 and not any(map(_is_file, self.parts))

    @property
    def folder(self) -> Path:
        """Where its first file lies."""
        return next((Path(part).parent for part in self.parts if _is_file(part)), Path())


def _is_file(part: str) -> bool:
    return Path(part).suffix in READERS or Path(part).exists()


@dataclass
class Files:
    """Arrays that were read, each once, and what lies beside them.

    Attributes:
        arrays: by file.
    """

    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def read(self, path: str) -> np.ndarray:
        """The array in a file."""
        if path not in self.arrays:
            self.arrays[path] = read_array(Path(path))
        return self.arrays[path]

    def beside(self, what: str) -> dict[str, np.ndarray]:
        """Ids or labels of those files that have any."""
        found = {path: read_beside(Path(path), what) for path in self.arrays}
        return {path: plain_array(values) for path, values in found.items() if values is not None}


def span_files(
    sources: Sequence[str],
    *,
    labels: Path | None = None,
    heldout: str = "0.5",
    seed: int = 0,
    measures: Sequence[str] | None = None,
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> SpanMatrix:
    """`span_matrix` on files that `read_array` reads.

    A network is called what its file is, without folder and suffix. Files of the same name in several folders are
    replicates of one network, and every network must then be in each of these folders.

    Args:
        sources: files; ``A.npy+B.npy`` is a concatenation of files, and ``A+B`` one of networks that are given by
            themselves, in every replicate. Ids and labels are read that lie beside files, as `read_beside` takes them.
        labels: (examples,), with their ids beside them if there are any; by default those that lie beside features.
        heldout: a share, or a file with a mask (examples,) or with row numbers.
        seed: of the split.
        measures: what to measure, by name.
        advance: called with the quantities done and their total.

    Raises:
        SpecError: if a network is given twice, or not in every replicate, or as `span_matrix`.
        ArtifactError: if a file is missing, damaged or holds several arrays.
        MeasurementError: as `span_matrix`, or if ids or labels of two files differ.
    """
    files = Files()
    replicates = _arrange([Source.of(text) for text in sources], files)
    count = len(np.atleast_1d(next(iter(files.arrays.values()))))
    given, beside = read_array(labels) if labels else None, files.beside("labels")
    label_ids = read_beside(labels, "ids") if labels else None
    order = check_rows([*files.arrays], files.beside("ids"), beside, given, label_ids, count)
    matrix = span_matrix(
        replicates,
        labels=next(iter(beside.values()), None) if given is None else given,
        heldout=heldout_of(heldout),
        seed=seed,
        measures=measures,
        advance=advance,
    )
    return replace(matrix, notes=(*matrix.notes, order))


def _arrange(sources: Sequence[Source], files: Files) -> Mapping[str, Mapping[str, Features]]:
    """By name of the replicate and of the network, what stands side by side."""
    folders: dict[str, dict[Path, Source]] = {}
    for source in sources:
        if not source.of_names:
            of_network = folders.setdefault(source.name, {})
            if source.folder in of_network:
                raise SpecError(f"network {source.name} is given twice in {source.folder}: give each its own name")
            of_network[source.folder] = source
    if not folders:
        raise SpecError("no file is given: give one of each network, such as A.npy B.npy")
    single = all(len(of_network) == 1 for of_network in folders.values())
    first, places = next(iter(folders.items()))
    for name, of_network in folders.items():
        if not single and set(of_network) != set(places):
            lacking = next(iter(set(of_network) ^ set(places)))
            raise SpecError(
                f"files of one name in several folders are replicates of one network, but {lacking} has not both "
                f"{first} and {name}: give every network in each folder, or each a name of its own"
            )
    unique = len({place.name for place in places}) == len(places)
    replicates: dict[str, dict[str, Features]] = {}
    for place in places:
        of_place = {name: next(iter(by.values())) if single else by[place] for name, by in folders.items()}
        arrays = {name: [files.read(part) for part in source.parts] for name, source in of_place.items()}
        named = "r0" if single else place.name if unique else str(place)
        joined = {s.name: _side_by_side(s, arrays) if s.of_names else arrays[s.name] for s in sources}
        replicates[named] = {name: parts if len(parts) > 1 else parts[0] for name, parts in joined.items()}
    return replicates


def _side_by_side(source: Source, arrays: Mapping[str, Sequence[np.ndarray]]) -> list[np.ndarray]:
    for part in source.parts:
        if part not in arrays:
            raise SpecError(
                f"there is no network {part!r} to concatenate in {source.name}: there are {', '.join(arrays)}"
            )
    return [array for part in source.parts for array in arrays[part]]
