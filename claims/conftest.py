"""Claims as tests: which cells there are, what they are judged on, what makes a test pass, and the scoreboard."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console
from rich.progress import Progress

from overparam.claims import CLAIMS, CONTROLS, CONTROLS_APART, QUARTER, cells
from overparam.config import Config, StudySpec, load_config
from overparam.errors import OverparamError
from overparam.evidence import LEVELS, NoEvidence, gather, gather_controls, workspace_of
from overparam.files import write_json
from overparam.judging import Judgement, Preregistration, cell_id, judge, load_preregistration
from overparam.progress import progress_display
from overparam.scoreboard import scoreboard, summary
from overparam.toy import claims as toy
from overparam.toy.evidence import gather_toy
from overparam.toy.spec import ToySpec, read_toy

if TYPE_CHECKING:
    from overparam.calibration.worlds import Study

ROOT = Path(__file__).parent.parent
BASELINE = Path(__file__).parent / "baseline.json"
GATES = ("holds", "baseline", "none")
JUDGED = CLAIMS | CONTROLS | CONTROLS_APART
JUDGED_TOY = toy.TOY_CLAIMS | toy.TOY_CONTROLS
COURT = pytest.StashKey["Court"]()
JUDGEMENT = pytest.StashKey[Judgement]()


class Court:
    """Gathers the evidence of each study once, judges cells on it, and keeps what was judged."""

    def __init__(self, options: pytest.Config, config: Config, spec: ToySpec, preregistration: Preregistration) -> None:
        self.config = config
        self.toy_spec = spec
        self.scale: str | None = options.getoption("--scale")
        self.level: str | None = options.getoption("--evidence")
        self.gate = str(options.getoption("--claims-gate"))
        self.judgements: list[Judgement] = []
        self._capture: Any = options.pluginmanager.getplugin("capturemanager")
        self.preregistration = preregistration
        self._evidence: dict[str, tuple[str, Any] | OverparamError] = {}
        self._baseline: dict[tuple[str, ...], str] | None = None

    def studies(self) -> list[StudySpec]:
        """Every study of the chosen scale, or of each task's default scale."""
        return self.config.studies(self.scale)

    def judge(self, claim: str, study: StudySpec, alpha: Fraction | None) -> Judgement:
        """The judgement of one cell; raises what gathering the study's evidence raised."""
        if claim in CONTROLS_APART:
            level, record = self._once(f"controls of {study}", lambda: gather_controls(study, ROOT))
        else:
            level, record = self._once(str(study), lambda: gather(study, self.level, ROOT, self._progress))
        return self._keep(judge(JUDGED[claim], record, alpha, self.preregistration, evidence=level))

    def judge_toy(self, claim: str, alpha: Fraction) -> Judgement:
        """The judgement of one cell of the toy setting."""
        level, record = self._once(toy.TASK, lambda: gather_toy(self.toy_spec, self.level, ROOT, self._progress))
        return self._keep(toy.judge_toy(JUDGED_TOY[claim], record, alpha, self.preregistration, evidence=level))

    def features(self, study: StudySpec) -> "Study":
        """Features of the wide networks of a study and of those of a quarter of the width, gathered as its evidence."""
        level, _ = self._once(str(study), lambda: gather(study, self.level, ROOT, self._progress))
        if level == "record":
            raise NoEvidence(f"{study} is judged on its record, which holds no features that could be disturbed")
        from overparam.calibration.disturbed import features_at

        return features_at(study, QUARTER, workspace_of(level, ROOT))

    def _once(self, name: str, gather_evidence: Callable[[], tuple[str, Any]]) -> tuple[str, Any]:
        if name not in self._evidence:
            try:
                self._evidence[name] = gather_evidence()
            except OverparamError as error:
                self._evidence[name] = error
        evidence = self._evidence[name]
        if isinstance(evidence, OverparamError):
            raise evidence
        return evidence

    def _keep(self, judgement: Judgement) -> Judgement:
        self.judgements.append(judgement)
        return judgement

    def recorded_verdict(self, judgement: Judgement) -> str | None:
        """The verdict of the same cell in the committed baseline."""
        if self._baseline is None:
            rows = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else []
            self._baseline = {Judgement(**row).cell: row["verdict"] for row in rows}
        return self._baseline.get(judgement.cell)

    @contextmanager
    def _progress(self) -> Iterator[Progress]:
        with self._capture.global_and_fixture_disabled(), progress_display() as display:
            yield display


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("claims")
    group.addoption("--scale", help="judge the studies of this scale (default: the default scale of each task)")
    group.addoption("--evidence", choices=LEVELS, help="what to judge on (default: the strongest at hand)")
    group.addoption(
        "--claims-gate",
        choices=GATES,
        default="holds",
        help="a claim's test passes if it holds (holds), if its verdict is the recorded one (baseline), always (none)",
    )
    group.addoption("--verdicts", type=Path, metavar="FILE.json", help="write every judgement to this file")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "claim(id, part): which claim of the paper a test asserts: its cells or its trend"
    )
    try:
        params = ROOT / "params.yaml"
        preregistration = load_preregistration(ROOT / "claims/preregistration.toml")
        court = Court(config, load_config(params), read_toy(params), preregistration)
        court.studies()
    except OverparamError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[COURT] = court


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "disturbed" in metafunc.fixturenames:
        studies: dict[str, StudySpec] = {}
        for study in metafunc.config.stash[COURT].studies():
            studies.setdefault(study.task, study)  # the judge is on trial, not networks: one architecture will do
        params = [pytest.param(s, marks=getattr(pytest.mark, s.task), id=str(s)) for s in studies.values()]
        metafunc.parametrize("disturbed", params, indirect=True, scope="module")
        return
    marker = metafunc.definition.get_closest_marker("claim")
    if marker is None:
        return
    court = metafunc.config.stash[COURT]
    name = marker.args[0]
    if name in JUDGED_TOY:
        alphas = JUDGED_TOY[name].alphas(court.toy_spec) if court.scale in (None, toy.SCALE) else []
        params = [
            pytest.param(
                (name, None, alpha),
                marks=pytest.mark.toy,
                id=cell_id(name, toy.TASK, toy.ARCHITECTURE, toy.SCALE, alpha),
            )
            for alpha in alphas
        ]
        metafunc.parametrize("judgement", params, indirect=True)
        return
    claim, trend = JUDGED[name], marker.kwargs.get("part") == "trend"
    params = [
        pytest.param(
            (claim.id, study, alpha),
            marks=getattr(pytest.mark, study.task),
            id=cell_id(claim.id, study.task, study.arch, study.scale.name, alpha),
        )
        for study in court.studies()
        for alpha in cells(claim, {alpha: study.scale.copies[alpha] for alpha in study.scale.alphas})
        if (alpha is None) == trend
    ]
    metafunc.parametrize("judgement", params, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Disturbing features takes longer than judging the claims on them: it is done only for ``-m control``."""
    if "control" not in str(config.getoption("markexpr")):
        left_out = [item for item in items if "disturbed" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def judgement(request: pytest.FixtureRequest) -> Judgement:
    """What the evidence says of the test's claim in its cell; a study without evidence skips, naming the remedy."""
    claim, study, alpha = request.param
    court = request.config.stash[COURT]
    try:
        judged = court.judge_toy(claim, alpha) if study is None else court.judge(claim, study, alpha)
    except NoEvidence as error:
        pytest.skip(str(error))
    except OverparamError as error:
        pytest.fail(str(error), pytrace=False)
    request.node.stash[JUDGEMENT] = judged
    request.node.user_properties.append(("judgement", judged.as_json()))
    return judged


@pytest.fixture(scope="module")
def disturbed(request: pytest.FixtureRequest) -> Callable[[str], list[str]]:
    """What is wrong with the verdicts on a study's features after something was done to them, by what was done."""
    from overparam.calibration.disturbed import as_they_are, complaints

    court = request.config.stash[COURT]
    try:
        study = court.features(request.param)
    except NoEvidence as error:
        pytest.skip(str(error))
    undisturbed = as_they_are(study, court.preregistration)
    return lambda world: complaints(world, study, court.preregistration, undisturbed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Let the gate decide: a failed assertion is a verdict; any other exception stays a failure."""
    report: pytest.TestReport = yield
    judged = item.stash.get(JUDGEMENT, None)
    asserted = call.excinfo is None or call.excinfo.errisinstance(AssertionError)
    if call.when != "call" or judged is None or not asserted:
        return report
    court = item.config.stash[COURT]
    if court.gate == "holds":
        if judged.verdict == "inconclusive":
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {judged.why}")
    elif court.gate == "baseline" and court.recorded_verdict(judged) != judged.verdict:
        recorded = court.recorded_verdict(judged) or "not recorded"
        report.outcome = "failed"
        report.longrepr = f"the recorded verdict is: {recorded}; now it is: {judged.verdict} ({judged.why})"
    else:
        report.outcome = "passed"
        report.longrepr = None
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    judged = dict(report.user_properties).get("judgement") if report.when == "call" else None
    if not isinstance(judged, dict):
        return None
    verdict = judged["verdict"]
    if report.skipped:
        return "inconclusive", "?", "INCONCLUSIVE"
    return report.outcome, "F" if report.failed else ".", verdict.upper()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    judgements = config.stash[COURT].judgements
    skipped = sorted(
        {report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.getreports("skipped")}
    )
    terminalreporter.write_sep("=", "scoreboard")
    console = Console(width=max(terminalreporter._tw.fullwidth, 150), force_terminal=terminalreporter._tw.hasmarkup)
    if judgements:
        with console.capture() as captured:
            console.print(scoreboard(judgements))
        terminalreporter.write(captured.get())
        for line in summary(judgements):
            terminalreporter.write_line(line)
    for reason in skipped:
        terminalreporter.write_line(f"not judged: {reason}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = session.config.getoption("--verdicts")
    judgements = session.config.stash[COURT].judgements
    if path and judgements:
        write_json(path, [judgement.as_json() for judgement in judgements])
