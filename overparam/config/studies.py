"""What is to be run: scales, recipes and studies, read from ``params.yaml`` and checked before anything starts."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from reprlib import repr as short
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from overparam.config.entries import Count, Must, read_section, require, section, stated
from overparam.config.recipes import Recipe, TrainSpec
from overparam.config.refusals import Keys
from overparam.config.yaml_file import read_yaml
from overparam.errors import SpecError

FRACTION = re.compile(r"[+-]?\d+([/_]\d+|\.\d+)?")


def parse_alpha(text: str) -> Fraction:
    """Width factor from ``1/16``, ``1_16`` or ``1``.

    Raises:
        SpecError: unless it is 1 or 1/k for a whole k, so that U* = 1/α networks have as many features as M_1.
    """
    try:
        return _width_factor(text)
    except ValueError as error:
        raise SpecError(str(error)) from None


def alpha_label(alpha: Fraction) -> str:
    """The width factor as it stands in file names: ``1_16`` for 1/16."""
    return str(alpha).replace("/", "_")


def _width_factor(written: object) -> Fraction:
    text = str(written).strip()
    try:
        if not FRACTION.fullmatch(text):  # Fraction would also take 1e-99999999, and hours to make it
            raise ValueError
        alpha = Fraction(text.replace("_", "/"))
    except (ValueError, ZeroDivisionError):
        raise ValueError(
            f"width factor {short(written)} is not a fraction: write it as 1/16 (in file names 1_16)"
        ) from None
    if alpha.numerator != 1:
        raise ValueError(
            f"width factor {alpha} is out of range: it must be 1 or 1/k for a whole number k, such as 1/16"
        )
    return alpha


Alpha = Annotated[
    Fraction,
    PlainValidator(_width_factor),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": f"^{FRACTION.pattern}$"}),
]
Examples = Annotated[Annotated[int, Field(ge=2)] | None, Must("be at least 2, or null for all")]
Admission = Annotated[Annotated[float, Field(gt=0, le=1)] | None, Must("be above 0 and at most 1")]


@section
class ScaleSection:
    """What ``params.yaml`` says of a task at one scale, and explains: networks, how many, data, recipe."""

    quick: bool
    architectures: Annotated[tuple[str, ...], Field(min_length=1), Must("be a list with at least one name")]
    base_width: Count
    alphas: tuple[Alpha, ...]
    members: Mapping[Alpha, int]
    snapshots: tuple[int, ...]
    replicates: tuple[int, ...]
    train_examples: Examples
    fit_examples: Examples
    dtype: Literal["float32", "float16"]
    train: Recipe
    budgets: Mapping[str, tuple[float, ...]] = Field(default_factory=dict)
    admission: Admission = None

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        narrow = [a for a in self.alphas if (self.base_width * a).denominator != 1]
        few = [a for a in self.alphas if self.members.get(a, 0) < 2 / a]
        require(
            {
                "alphas must contain 1, the full width, and a narrower one": Fraction(1) in self.alphas
                and len(self.alphas) > 1,
                "alphas must differ": len(set(self.alphas)) == len(self.alphas),
                f"base_width {self.base_width} times α = {_listed(narrow)} is no whole number of channels": not narrow,
                f"members at α = {_listed(few)} must be at least 2/α: U* for S_α, and as many held out of it": not few,
                "members at α = 1 must be 2: M_1 and M_1′": self.members.get(Fraction(1)) == 2,
                "replicates must be different whole numbers from 0 up": self.replicates != ()
                and len(set(self.replicates)) == len(self.replicates)
                and min(self.replicates) >= 0,
                "snapshots must be ascending epochs, all before the last": self._are_fewer_epochs(self.snapshots),
                "budgets must be ascending epochs, fewer than the recipe's, of architectures that it has": all(
                    arch in self.architectures and self._are_fewer_epochs(epochs)
                    for arch, epochs in self.budgets.items()
                ),
                "train_examples and fit_examples must be numbers where there is an admission: neither holds one of the "
                "other": self.admission is None or None not in (self.train_examples, self.fit_examples),
            }
        )
        return self

    def _are_fewer_epochs(self, epochs: Sequence[float]) -> bool:
        return list(epochs) == sorted({each for each in epochs if 0 < each < self.train.epochs})


@section
class Scale(ScaleSection):
    """What a task is run with at one size, under the names that its section stands under."""

    name: str
    task: str

    @property
    def narrow_alphas(self) -> tuple[Fraction, ...]:
        """The width factors below 1, from the widest to the narrowest."""
        return tuple(sorted((a for a in self.alphas if a < 1), reverse=True))


@dataclass(frozen=True)
class StudySpec:
    """One architecture on one task at one scale: what a record in ``results/`` stands for.

    Attributes:
        arch: its architecture.
        scale: its scale.
        budget: epochs that its wide networks, W and W′, are trained for instead of the recipe's; None for the study
            itself. Such networks fit about as badly as narrow ones, and have a schedule run to its end.
    """

    arch: str
    scale: Scale
    budget: float | None = None

    @property
    def task(self) -> str:
        """The task that its networks are trained on."""
        return self.scale.task

    def __str__(self) -> str:
        less = "" if self.budget is None else f" trained for {self.budget:g} epochs"
        return f"{self.task}-{self.arch} at scale {self.scale.name}{less}"

    @property
    def recipe(self) -> TrainSpec:
        """What its networks are trained by."""
        return self.scale.train if self.budget is None else replace(self.scale.train, epochs=self.budget)

    @property
    def alphas(self) -> tuple[Fraction, ...]:
        """The widths of its networks; those trained less are wide."""
        return self.scale.alphas if self.budget is None else (Fraction(1),)

    @property
    def budgets(self) -> tuple[float, ...]:
        """The epochs of wide networks that are trained less, from the fewest up."""
        return self.scale.budgets.get(self.arch, ())

    def trained_less(self, budget: float) -> "StudySpec":
        """The wide networks that are trained for so many epochs, or SpecError if the scale has none."""
        if budget not in self.budgets:
            known = _listed(f"{epochs:g}" for epochs in self.budgets) or "none"
            raise SpecError(f"{self} has no budget of {budget:g} epochs: it has {known}")
        return replace(self, budget=budget)

    def snapshots(self, alpha: Fraction) -> tuple[int, ...]:
        """The epochs after which M_1′ is kept as it was then; there are none of narrow networks."""
        return self.scale.snapshots if alpha == 1 and self.budget is None else ()

    def training_identity(self, alpha: Fraction, replicate: int) -> dict[str, Any]:
        """All that the weights of one checkpoint depend on, data and code apart, as plain JSON values."""
        # The keys "copies" and "storage" stay: the identities of checkpoints that took hours digest them.
        return {
            "task": self.task,
            "arch": self.arch,
            "alpha": str(alpha),
            "replicate": replicate,
            "base_width": self.scale.base_width,
            "copies": self.scale.members[alpha],
            "snapshots": list(self.snapshots(alpha)),
            "train_examples": self.scale.train_examples,
            "storage": self.scale.dtype,
            "train": stated(self.recipe),
            **({"apart_from": self.scale.fit_examples} if self.scale.admission else {}),
        }

    def check_ensemble(self, alpha: Fraction, replicate: int) -> None:
        """Raise SpecError if the scale has no such width factor or replicate."""
        if alpha not in self.alphas:
            raise SpecError(f"{self.task} at scale {self.scale.name} has no α = {alpha}: it has {_listed(self.alphas)}")
        if replicate not in self.scale.replicates:
            known = _listed(self.scale.replicates)
            raise SpecError(f"{self.task} at scale {self.scale.name} has no replicate {replicate}: it has {known}")


@dataclass(frozen=True)
class Config:
    """All of ``params.yaml``: the default scale of each task, and by scale and task what it is run with."""

    default_scales: Mapping[str, str]
    scales: Mapping[str, Mapping[str, Scale]]

    def study(self, task: str, arch: str, scale: str | None = None) -> StudySpec:
        """The study of ``arch`` on ``task``; at the task's default scale unless another is named.

        Raises:
            SpecError: for a task, scale or architecture that ``params.yaml`` does not bring together.
        """
        chosen = self.scale_of(task, scale)
        if arch not in chosen.architectures:
            known = _listed(chosen.architectures)
            raise SpecError(f"{task} at scale {chosen.name} has no architecture {arch!r}: it has {known}")
        return StudySpec(arch, chosen)

    def studies(self, scale: str | None = None) -> list[StudySpec]:
        """Every study of one scale, or for None of each task at its default scale."""
        chosen = {task: self.scale_of(task) for task in self.default_scales} if scale is None else self._named(scale)
        return [StudySpec(arch, at) for at in chosen.values() for arch in at.architectures]

    def scale_of(self, task: str, scale: str | None = None) -> Scale:
        """What a task is run with at the named scale, or at its default one; SpecError if there is no such thing."""
        if task not in self.default_scales:
            raise SpecError(f"there is no task {task!r}: params.yaml has {_listed(self.default_scales)}")
        name = scale or self.default_scales[task]
        tasks = self._named(name)
        if task not in tasks:
            raise SpecError(f"scale {name} does not run task {task}: it runs {_listed(tasks)}")
        return tasks[task]

    def _named(self, scale: str) -> Mapping[str, Scale]:
        if scale not in self.scales:
            raise SpecError(f"there is no scale {scale!r}: params.yaml has {_listed(self.scales)}")
        return self.scales[scale]


@section
class Task:
    """What ``params.yaml`` says of a task at every scale."""

    default_scale: str


@section
class Params:
    """All of ``params.yaml``; what the toy's section says is read by `overparam.toy.spec`."""

    tasks: Mapping[str, Task]
    scales: Mapping[str, Mapping[str, ScaleSection]]
    toy: Any


def load_config(path: Path = Path("params.yaml")) -> Config:
    """The studies and scales of ``params.yaml``.

    Raises:
        SpecError: if the file is missing, is no YAML, or asks for something that cannot be run.
    """
    params = read_params(path)
    scales = {
        name: {task: Scale(name=name, task=task, **vars(said)) for task, said in tasks.items()}
        for name, tasks in params.scales.items()
    }
    config = Config({task: said.default_scale for task, said in params.tasks.items()}, scales)
    strangers = {task for tasks in scales.values() for task in tasks} - set(params.tasks)
    if strangers:
        raise SpecError(f"{path} has scales for {_listed(sorted(strangers))} but no such task: give it a default scale")
    for task in params.tasks:
        config.scale_of(task)
    return config


def read_params(path: Path) -> Params:
    """Read ``params.yaml`` and check each section by itself; raises as `load_config`."""
    return read_section(Params, read_yaml(path), partial(_place, path.name))


def _place(file: str, keys: Keys) -> tuple[str, Keys]:
    match keys:
        case ("scales", scale, task, "train", _, *inner):
            return f"train recipe of {task} at scale {scale} in {file}", tuple(inner)
        case ("scales", scale, task, *inner):
            return f"{task} at scale {scale} in {file}", tuple(inner)
    return file, keys


def _listed(items: Iterable[object]) -> str:
    return ", ".join(map(str, items))
