"""What a run of the claims leaves: the scoreboard and the file of verdicts, whichever processes judged them."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from overparam.errors import StorageError
from overparam.pytest_plugin.hearing import HEARING

if TYPE_CHECKING:
    from overparam.verdicts.judge import Judgement

MORE = "`-v` shows every cell with its interval and why; `overparam explain CLAIM` says what it compares"


class Run:
    """Keeps what was judged, from the reports of tests; registered where tests are reported, not in workers of xdist.

    Attributes:
        file: where every judgement goes, or None.
        must_judge: whether a run in which every test was skipped fails.
    """

    def __init__(self, file: Path | None, *, must_judge: bool) -> None:
        self.file = file
        self.must_judge = must_judge
        self._judged: dict[str, dict[str, Any]] = {}
        self._order: list[str] = []
        self._ran = False
        self._of_claims = False
        self._problems: list[str] = []
        self._shown: _Lasting | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What was judged, as plain values, in the order of the tests; workers report in any."""
        names = self._order or list(self._judged)
        return [self._judged[name] for name in names if name in self._judged]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._of_claims = HEARING in session.config.stash
        terminal: Any = session.config.pluginmanager.getplugin("terminalreporter")
        if terminal and self._of_claims:
            terminal._tw._file = self._shown = _Lasting(terminal._tw._file)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self._order = list(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._of_claims |= "claim" in report.keywords
        if report.when == "call":
            self._ran = True
            row: Any = dict(report.user_properties).get("judgement")
            if isinstance(row, dict):
                self._judged[report.nodeid] = row

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Any:
        if self.must_judge and not self._ran:
            self._problems.append("nothing was judged, which is no success")
        if self.file and self._judged:
            from overparam.io.files import write_json

            try:
                write_json(self.file, self.rows)
            except StorageError as error:
                self._problems.append(str(error))
        yield  # the summary is shown
        if self._shown:
            self._shown.flush()
        if (self._problems or (self._shown and self._shown.lost)) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not (self._of_claims or self._problems):
            return
        skipped = sorted(
            {report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.getreports("skipped")}
        )
        terminalreporter.write_sep("=", "scoreboard")
        if self._judged:
            self._show_judgements(terminalreporter)
        for reason in skipped:
            terminalreporter.write_line(f"not judged: {reason}")
        for reason in self._fallbacks(terminalreporter.config):
            terminalreporter.write_line(f"on records: {reason}")
        for problem in self._problems:
            terminalreporter.write_line(f"error: {problem}", red=True)

    def _fallbacks(self, config: pytest.Config) -> list[str]:
        """Why some tasks were judged on records, where data lie at hand and no evidence was asked for."""
        from overparam.pipeline.evidence import why_on_record

        hearing = config.stash.get(HEARING, None)
        if hearing is None or hearing.court.level is not None:
            return []
        tasks = dict.fromkeys(row["task"] for row in self.rows if row["evidence"] == "record")
        return [reason for task in tasks if (reason := why_on_record(task, hearing.court.root))]

    def _show_judgements(self, terminalreporter: pytest.TerminalReporter) -> None:
        """At a glance; or, of a verbose run, cell by cell."""
        from rich.console import Console

        from overparam.verdicts import matrix, scoreboard
        from overparam.verdicts.judge import Judgement

        judgements = [Judgement(**row) for row in self.rows]
        if terminalreporter.config.get_verbosity() > 0:
            table, width, lines = scoreboard.scoreboard(judgements), scoreboard.WIDTH, scoreboard.summary(judgements)
        else:
            judgements = _real_data_first(judgements, terminalreporter.config)
            table, width = matrix.matrix(judgements), matrix.WIDTH
            lines = [*matrix.LEGEND, *matrix.refuted(judgements), MORE]
        drawn = StringIO()
        width, colours = max(terminalreporter._tw.fullwidth, width), terminalreporter._tw.hasmarkup
        Console(file=drawn, width=width, force_terminal=colours).print(table)
        terminalreporter.write(drawn.getvalue())
        for line in lines:
            terminalreporter.write_line(line)


def _real_data_first(judgements: list["Judgement"], config: pytest.Config) -> list["Judgement"]:
    hearing = config.stash.get(HEARING, None)
    studies = hearing.court.studies() if hearing else []
    real = {study.task for study in studies if not study.scale.quick}
    return sorted(judgements, key=lambda judged: judged.task not in real)


class _Lasting:
    """Where a run is shown; a pipe that closed or a disk that is full loses what is shown, and nothing else."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.lost = False

    def write(self, text: str) -> None:
        self._attempt(lambda: self._file.write(text))

    def flush(self) -> None:
        self._attempt(self._file.flush)

    def _attempt(self, show: Callable[[], object]) -> None:
        try:
            show()
        except OSError:
            self.lost = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
