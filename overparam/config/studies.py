"""What is to be run: scales, recipes and studies, read from ``params.yaml`` and checked before anything starts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from overparam.config.recipes import TrainSpec, check_keys, check_kinds, read_recipe, require
from overparam.errors import SpecError

STORAGES = ("float32", "float16")


def parse_alpha(text: str) -> Fraction:
    """Width factor from ``1/16``, ``1_16`` or ``1``.

    Raises:
        SpecError: unless it is 1 or 1/k for a whole k, so that U* = 1/α networks have as many features as M_1.
    """
    try:
        alpha = Fraction(str(text).strip().replace("_", "/"))
    except (ValueError, ZeroDivisionError):
        raise SpecError(f"width factor {text!r} is not a fraction: write it as 1/16 (in file names 1_16)") from None
    if alpha.numerator != 1:
        raise SpecError(f"width factor {alpha} is out of range: it must be 1 or 1/k for a whole number k, such as 1/16")
    return alpha


def alpha_label(alpha: Fraction) -> str:
    """The width factor as it stands in file names: ``1_16`` for 1/16."""
    return str(alpha).replace("/", "_")


@dataclass(frozen=True)
class Scale:
    """What a task is run with at one size: which networks, how many, on how much data, by which recipe."""

    name: str
    task: str
    quick: bool
    architectures: tuple[str, ...]
    base_width: int
    alphas: tuple[Fraction, ...]
    copies: Mapping[Fraction, int]
    snapshots: tuple[int, ...]
    replicates: tuple[int, ...]
    train_examples: int | None
    fit_examples: int | None
    storage: str
    train: TrainSpec
    budgets: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"{self.task} at scale {self.name}"
        check_kinds(where, self)
        whole = {
            "architectures must be a list with at least one name": self.architectures != (),
            "base_width must be at least 1": self.base_width >= 1,
            "copies, snapshots and replicates must be whole numbers": all(
                type(number) is int for number in (*self.copies.values(), *self.snapshots, *self.replicates)
            ),
            "train_examples and fit_examples must be at least 2, or null for all": min(
                self.train_examples or 2, self.fit_examples or 2
            )
            >= 2
            and 0 not in (self.train_examples, self.fit_examples),
        }
        require(where, whole)
        narrow = [a for a in self.alphas if (self.base_width * a).denominator != 1]
        few = [a for a in self.alphas if self.copies.get(a, 0) < 2 / a]
        checks = {
            "alphas must contain 1, the full width, and a narrower one": Fraction(1) in self.alphas
            and len(self.alphas) > 1,
            "alphas must differ": len(set(self.alphas)) == len(self.alphas),
            f"base_width {self.base_width} times α = {_listed(narrow)} is no whole number of channels": not narrow,
            f"copies at α = {_listed(few)} must be at least 2/α: U* for S_α, and as many held out of it": not few,
            "copies at α = 1 must be 2: M_1 and M_1′": self.copies.get(Fraction(1)) == 2,
            "replicates must be different whole numbers from 0 up": self.replicates != ()
            and len(set(self.replicates)) == len(self.replicates)
            and min(self.replicates) >= 0,
            "snapshots must be ascending epochs, all before the last": list(self.snapshots)
            == sorted({epoch for epoch in self.snapshots if 0 < epoch < self.train.epochs}),
            f"storage must be one of {', '.join(STORAGES)}": self.storage in STORAGES,
            "budgets must be ascending epochs, fewer than the recipe's, of architectures that it has": all(
                arch in self.architectures and list(epochs) == sorted({e for e in epochs if 0 < e < self.train.epochs})
                for arch, epochs in self.budgets.items()
            ),
        }
        require(where, checks)

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
        return {
            "task": self.task,
            "arch": self.arch,
            "alpha": str(alpha),
            "replicate": replicate,
            "base_width": self.scale.base_width,
            "copies": self.scale.copies[alpha],
            "snapshots": list(self.snapshots(alpha)),
            "train_examples": self.scale.train_examples,
            "storage": self.scale.storage,
            "train": asdict(self.recipe),
        }

    def check_member(self, alpha: Fraction, replicate: int) -> None:
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


def load_config(path: Path = Path("params.yaml")) -> Config:
    """Read and check ``params.yaml``.

    Raises:
        SpecError: if the file is missing, is no YAML, or asks for something that cannot be run.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecError(f"there is no {path} here: run the command from the root of the repository") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} is no valid YAML: {' '.join(str(error).split())}") from None
    try:
        scales = {
            name: {task: _read_scale(name, task, section) for task, section in tasks.items()}
            for name, tasks in content["scales"].items()
        }
        defaults = {task: section["default_scale"] for task, section in content["tasks"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise SpecError(f"{path} lacks an entry or has one of the wrong kind: {error}") from None
    config = Config(defaults, scales)
    strangers = {task for tasks in scales.values() for task in tasks} - set(defaults)
    if strangers:
        raise SpecError(f"{path} has scales for {_listed(sorted(strangers))} but no such task: give it a default scale")
    for task in defaults:
        config.scale_of(task)
    return config


def _read_scale(name: str, task: str, section: Mapping[str, Any]) -> Scale:
    where = f"{task} at scale {name}"
    entries = {entry.name for entry in fields(Scale)} - {"name", "task"}
    check_keys(where, {"budgets": {}, **section}, entries)
    return Scale(
        name=name,
        task=task,
        quick=section["quick"],
        architectures=_names(section["architectures"]),
        base_width=section["base_width"],
        alphas=tuple(parse_alpha(text) for text in section["alphas"]),
        copies={parse_alpha(text): count for text, count in section["copies"].items()},
        snapshots=tuple(section["snapshots"]),
        replicates=tuple(section["replicates"]),
        train_examples=section["train_examples"],
        fit_examples=section["fit_examples"],
        storage=section["storage"],
        train=read_recipe(f"train recipe of {where}", section["train"]),
        budgets={arch: tuple(float(epochs) for epochs in few) for arch, few in section.get("budgets", {}).items()},
    )


def _names(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) and all(isinstance(name, str) for name in value) else ()


def _listed(items: Any) -> str:
    return ", ".join(str(item) for item in items)
