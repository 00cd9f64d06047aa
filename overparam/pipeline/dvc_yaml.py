"""The `dvc.yaml` files, written from ``params.yaml`` and from the code that each stage runs.

Embedded tasks have their stages at the root, whose pipeline so runs to its end in a fresh clone; every other task needs
its data first, and has a folder of its own. A stage that is run for all items of a grid is an entry with a matrix.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

from overparam.config.architectures import ARCHITECTURES
from overparam.config.studies import Config, Scale, StudySpec
from overparam.config.workspace import Workspace
from overparam.data.sentences import MNLI, TOKENIZER
from overparam.data.tasks import hub_dataset
from overparam.pipeline import dependencies
from overparam.pipeline.dependencies import PACKAGE, Code
from overparam.pipeline.toy import record_path

WRITTEN_BY = (
    "# Written by `overparam pipeline --write` from params.yaml and what the code imports: edit those instead.\n"
)
FILE = "dvc.yaml"
# Scales whose networks train again in minutes: the store keeps what takes hours.
NOT_STORED = ("smoke", "pilot")
TRAINING = (
    "base_width",
    "members",
    "snapshots",
    "train_examples",
    "dtype",
    "train",
)  # parameters that networks are of
TRAINING_LESS = ("base_width", "train_examples", "dtype", "train")
APART = ("fit_examples",)  # which are kept apart, where they are
MARGINS = "overparam/verdicts/preregistration.toml"
ARCH = "${item.arch}"
HERE = Workspace.at(Path())

Stage = dict[str, Any]


def pipelines(config: Config) -> dict[Path, str]:
    """The text of every `dvc.yaml`, by its place below the root.

    Raises:
        SpecError: if ``params.yaml`` has an architecture that the package lacks.
        DataError: if it has a task that the package lacks.
    """
    stages: dict[Path, dict[str, Stage]] = {Path(FILE): {}}
    for scales in config.scales.values():
        for scale in scales.values():
            place = Path(scale.task, FILE) if hub_dataset(scale.task) else Path(FILE)
            stages.setdefault(place, {}).update(_Pipeline(scale).stages())
    stages[Path(FILE)]["toy"] = {
        "cmd": "overparam toy",
        "params": ["toy"],
        "deps": _files(dependencies.TOY.modules()),
        **_record(record_path(HERE.results)),
    }
    return {place: _text(place, of_file) for place, of_file in stages.items()}


def differing(config: Config, root: Path) -> dict[Path, str]:
    """What is to be written below ``root``: the text of every `dvc.yaml` that is missing or another one there."""
    return {place: text for place, text in pipelines(config).items() if _found(root / place) != text}


def _found(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


@dataclass(frozen=True)
class _Grid:
    """The ensembles of a study that one stage is run for, each with its own checkpoint.

    Attributes:
        arch: of its networks, a name or `ARCH`.
        matrix: by the name of an item what it runs through.
        arguments: that name an ensemble on the command line.
        options: that do so after the scale.
        ensemble: its part of a file's name.
    """

    arch: str
    matrix: Mapping[str, str]
    arguments: str
    ensemble: str
    options: str = ""


class _Pipeline:
    """The stages of one task at one scale."""

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self.of = f"scales.{scale.name}.{scale.task}"  # its section of params.yaml
        replicate = {"replicate": f"${{{self.of}.replicates}}"}
        self.archs = {"arch": f"${{{self.of}.architectures}}"}
        self.ensembles = _Grid(
            ARCH,
            {**self.archs, "alpha": f"${{{self.of}.alphas}}", **replicate},
            f"{ARCH} ${{item.alpha}} ${{item.replicate}}",
            f"{ARCH}-${{item.alpha}}-r${{item.replicate}}",
        )
        self.trained_less = [
            _Grid(
                arch,
                {"epochs": f"${{{self.of}.budgets.{arch}}}", **replicate},
                f"{arch} 1 ${{item.replicate}}",
                f"{arch}-1-e${{item.epochs}}-r${{item.replicate}}",
                " --epochs ${item.epochs}",
            )
            for arch in scale.budgets
        ]

    def stages(self) -> dict[str, Stage]:
        """Every stage by its name, in the order in which they run."""
        fetched = hub_dataset(self.scale.task)
        suffix, below = (self.scale.name, {"wdir": ".."}) if fetched else (self.scale.task, {})
        stages = {name.format(suffix): {**below, **stage} for name, stage in self._named()}
        return {"tokenizer": {**below, **self._tokenizer()}, **stages} if self._tokenizers() else stages

    def _named(self) -> Iterator[tuple[str, Stage]]:
        """Every stage by its name, with a place for what it is of; of a second architecture that is named as well."""
        less = [
            ("-less-{}" if grid is self.trained_less[0] else f"-less-{{}}-{grid.arch}", grid)
            for grid in self.trained_less
        ]
        yield "train-{}", self._train(self.ensembles, *TRAINING)
        yield from ((f"train{name}", self._train(grid, *TRAINING_LESS)) for name, grid in less)
        yield "features-{}", self._features(self.ensembles)
        yield from ((f"features{name}", self._features(grid)) for name, grid in less)
        yield "measure-{}", self._measure()
        yield "controls-{}", self._controls()
        yield from ((f"equal-fit{name.removeprefix('-less')}", self._equal_fit(grid.arch)) for name, grid in less)
        yield "judge-{}", self._judge()

    def _tokenizer(self) -> Stage:
        return {
            "cmd": f"overparam tokenizer {self.scale.task}",
            "deps": [self._data()[0], *_files(dependencies.TOKENIZER.modules())],
            "outs": [{path: {"persist": True}} for path in self._tokenizers()],
        }

    def _train(self, grid: _Grid, *params: str) -> Stage:
        # Deleted only by hand; the command keeps what it would make.
        kept = {"persist": True, **({"push": False} if self.scale.name in NOT_STORED else {})}
        return {
            "matrix": dict(grid.matrix),
            "cmd": self._command(f"train {self.scale.task} {grid.arguments}", grid.options),
            "params": [f"{self.of}.{name}" for name in (*params, *(APART if self.scale.admission else ()))],
            "deps": [*self._data(), *self._tokenizers(), *self._code(dependencies.TRAIN, grid.arch)],
            "outs": [{self._file("checkpoints", grid): kept}],
        }

    def _features(self, grid: _Grid) -> Stage:
        examples = [*self._data(), *self._tokenizers()]
        return {
            "matrix": dict(grid.matrix),
            "cmd": self._command(f"features {self.scale.task} {grid.arguments}", grid.options),
            "params": [f"{self.of}.fit_examples"],
            "deps": [self._file("checkpoints", grid), *examples, *self._code(dependencies.FEATURES, grid.arch)],
            "outs": [{self._file("features", grid): {"push": False}}],
        }

    def _measure(self) -> Stage:
        study = StudySpec(ARCH, self.scale)
        # DVC must know the exact files: a folder as a dependency would run everything again in a fresh clone.
        return {
            "matrix": self.archs,
            "cmd": self._command(f"measure {self.scale.task} {ARCH}"),
            "deps": [*_ensembles(study, HERE.feature_file), *self._code(dependencies.MEASURE, ARCH)],
            **_record(HERE.record(study)),
        }

    def _controls(self) -> Stage:
        study = StudySpec(ARCH, self.scale)
        return {
            "matrix": self.archs,
            "cmd": self._command(f"controls {self.scale.task} {ARCH}"),
            "deps": [HERE.record(study).as_posix(), *self._code(dependencies.CONTROLS, ARCH)],
            **_record(HERE.controls(study)),
        }

    def _equal_fit(self, arch: str) -> Stage:
        study = StudySpec(arch, self.scale)
        studies = [study, *map(study.trained_less, study.budgets)]
        files = [
            path for place in (HERE.checkpoint, HERE.feature_file) for of in studies for path in _ensembles(of, place)
        ]
        return {
            "cmd": self._command(f"equal-fit {self.scale.task} {arch}"),
            "deps": [*files, *self._code(dependencies.EQUAL_FIT, arch)],
            **_record(HERE.equal_fit(study)),
        }

    def _judge(self) -> Stage:
        records = [HERE.record(StudySpec(arch, self.scale)).as_posix() for arch in self.scale.architectures]
        verdicts = HERE.results / self.scale.name / "verdicts" / f"{self.scale.task}.json"
        return {
            "cmd": self._command(f"judge {self.scale.task}", f" --verdicts {verdicts.as_posix()}"),
            "deps": [*records, MARGINS, *_files(dependencies.JUDGE.modules())],
            **_record(verdicts),
        }

    def _command(self, what: str, options: str = "") -> str:
        return f"overparam {what} --scale {self.scale.name}{options}"

    def _file(self, kind: str, grid: _Grid) -> str:
        return f"artifacts/{kind}/{self.scale.name}/{self.scale.task}-{grid.ensemble}.safetensors"

    def _data(self) -> list[str]:
        """The files that examples are read from, the training split first; none where they are embedded."""
        dataset = hub_dataset(self.scale.task)
        return [] if dataset is None else [f"data/{dataset.folder}/{split}.parquet" for split in dataset.rows]

    def _tokenizers(self) -> list[str]:
        """The tokenizer of a task that trains its own."""
        return [TOKENIZER.as_posix()] if self.scale.task == MNLI.task else []

    def _code(self, code: Code, arch: str) -> list[str]:
        """The files of a stage's code; in a matrix of architectures each one's own, and all that any imports."""
        if arch != ARCH:
            return _files(code.modules(self.scale.task, arch))
        of = {name: set(code.modules(self.scale.task, name)) for name in self.scale.architectures}
        own = {name: f"networks/architectures/{name}" for name in of if name in ARCHITECTURES}
        shared = set[str]().union(*(modules - {own.get(name)} for name, modules in of.items()))
        if not code.of_arch:
            return _files(shared)
        # One that imports another's file makes all of them depend on all: DVC takes no file twice. One from outside has
        # no such file.
        together = len(own) < len(of) or not shared.isdisjoint(own.values())
        return _files(shared | (set(own.values()) if together else {f"networks/architectures/{ARCH}"}))


def _ensembles(study: StudySpec, place: Callable[[StudySpec, Fraction, int], Path]) -> list[str]:
    """The files of every ensemble of a study, replicate by replicate."""
    return [place(study, alpha, replicate).as_posix() for replicate in study.scale.replicates for alpha in study.alphas]


def _files(modules: Iterable[str]) -> list[str]:
    """Those of the package; the file of what is plugged in lies outside of the repository."""
    return [f"{PACKAGE.name}/{module}.py" for module in sorted(modules) if not Path(module).is_absolute()]


def _record(path: Path) -> Stage:
    """A small output that is kept in git."""
    return {"metrics": [{path.as_posix(): {"cache": False}}]}


class _Dumper(yaml.SafeDumper):
    """Lists stand further in than what they are of."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent, whatever YAML allows."""
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True


def _text(place: Path, stages: Mapping[str, Stage]) -> str:
    above = [{"vars": ["../params.yaml"]}] if place.parent != Path() else []
    head = "".join(f"{_dumped(entry)}\n" for entry in above)
    entries = (indent(_dumped({name: stage}), "  ") for name, stage in stages.items())
    return f"{WRITTEN_BY}{head}stages:\n" + "\n".join(entries)


def _dumped(content: Stage) -> str:
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
