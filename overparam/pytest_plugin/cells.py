"""What tests ask for: a claim in a study at a width, and what is recorded and no test asks for."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from overparam.config.studies import StudySpec
from overparam.court import Court
from overparam.toy.record import ARCHITECTURE, SCALE, TASK
from overparam.verdicts.recorded import TREND, Cell
from overparam.verdicts.registry import OF_THE_TOY


@dataclass(frozen=True)
class Asked:
    """The cell that a test asks for: a claim in a study, or in the toy setting for None, at a width or in its trend."""

    claim: str
    study: StudySpec | None
    alpha: Fraction | None

    @property
    def cell(self) -> Cell:
        """Its line of the scoreboard."""
        alpha = TREND if self.alpha is None else str(self.alpha)
        if self.study is None:
            return Cell(self.claim, TASK, ARCHITECTURE, alpha, SCALE)
        return Cell(self.claim, self.study.task, self.study.arch, alpha, self.study.scale.name)

    @property
    def param(self) -> Any:
        """The test's parameter, named and marked."""
        return pytest.param(self, marks=getattr(pytest.mark, self.cell.task), id=self.cell.name)


class Untested(pytest.Item):
    """A recorded verdict that no test takes again."""

    def runtest(self) -> None:
        """Fail."""
        pytest.fail(f"the verdict of {self.name} is recorded, and no test takes it again", pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Which verdict it is."""
        return self.path, None, self.name


def asked_of(court: Court, claim: str, *, trend: bool) -> list[Asked]:
    """Where a claim is judged: every cell, or only its trends."""
    if claim in OF_THE_TOY:
        return [Asked(claim, None, alpha) for alpha in court.toy_cells(claim)]
    return [Asked(claim, study, alpha) for study, alpha in court.cells(claim) if (alpha is None) == trend]


def one_study_a_task(court: Court) -> list[Any]:
    """Parameters for what puts the judge on trial, not networks: one architecture will do."""
    studies: dict[str, StudySpec] = {}
    for study in court.studies():
        studies.setdefault(study.task, study)
    return [pytest.param(s, marks=getattr(pytest.mark, s.task), id=str(s)) for s in studies.values()]


def cells_of(items: Iterable[pytest.Item]) -> set[Cell]:
    """The cells that tests ask for."""
    params = [item.callspec.params for item in items if isinstance(item, pytest.Function) and hasattr(item, "callspec")]
    return {asked.cell for param in params if isinstance(asked := param.get("judgement"), Asked)}
