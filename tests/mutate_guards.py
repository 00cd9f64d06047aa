#!/usr/bin/env python
"""Takes the guards of the measurement away, one at a time, and sees that some test goes red.

The condition of every `if` in the modules below is made false, and of an "or" also each part alone, in a copy of the
package; the tests of that module must fail on it. What survives must stand in `EQUIVALENT`, with the reason why no test
can tell.

    python tests/mutate_guards.py             # all, about half an hour
    python tests/mutate_guards.py metrics/ridge metrics/stats
"""

import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import track

ROOT = Path(__file__).parent.parent
# By module, the tests that answer for it.
TESTS = {
    "metrics/stats": ["test_stats"],
    "metrics/moments": ["test_moments", "test_few_rows"],
    "metrics/penalties": ["test_penalties"],
    "metrics/ridge": ["test_ridge", "test_ridge_edges"],
    "metrics/probes": ["test_probes", "test_probe_search"],
    "metrics/probe_penalty": ["test_probes", "test_probe_search", "test_few_rows"],
    "metrics/definitions": ["test_metrics", "test_metrics_edges", "test_residuals_performance"],
    "metrics/rows": ["test_rows"],
    "metrics/blocks": ["test_blocks"],
    "networks/hooks": ["test_hooks", "test_loaders", "test_extraction"],
    "networks/draws": ["test_loaders", "test_extraction"],
    "networks/calls": ["test_hooks", "test_extraction"],
    "networks/pooling": ["test_hooks", "test_extraction"],
    "io/arrays": ["test_arrays", "test_parquet"],
    "data/hub": ["test_data", "test_sentences", "test_columns"],
    "study/layout": ["test_replicates", "test_measurement"],
    "compare/inputs": ["test_own", "test_split_of_own"],
    "compare/judging": ["test_compare", "test_compare_problems"],
    "compare/layout": ["test_own"],
    "compare/measure": ["test_compare_problems"],
    "compare/order": ["test_order"],
    "compare/pairs": ["test_span_matrix"],
    "compare/sources": ["test_span_files"],
    "compare/span_matrix": ["test_span_matrix"],
    "metrics/similarity": ["test_similarity", "test_similarity_of_rows"],
    "metrics/neighbours": ["test_similarity"],
    "study/record": ["test_results"],
    "verdicts/gates": ["test_penalty_gate", "test_claims"],
    "verdicts/judge": ["test_gates", "test_claims"],
    "verdicts/headlines": ["test_headlines"],
    "verdicts/margins": ["test_margins"],
    "verdicts/recorded": ["test_recorded"],
    "study/belonging": ["test_belonging"],
    "pipeline/artifacts": ["test_belonging"],
    "data/fetch": ["test_fetch", "test_data"],
    "io/files": ["test_files"],
    "io/sealed": ["test_checkpoints"],
    "pipeline/dvc_pins": ["test_pins"],
    "pipeline/evidence": ["test_evidence"],
    "networks/kernels": ["test_kernels", "test_examination"],
    "networks/examination": ["test_examination"],
    "pipeline/doctor": ["test_doctor"],
    "verdicts/equal_fit": ["test_equal_fit", "test_equal_fit_stage"],
    "verdicts/planning": ["test_planning"],
    "pipeline/equal_fit": ["test_equal_fit_stage"],
    "study/budgets/measurement": ["test_equal_fit_stage"],
}
SECONDS = 600  # that tests of one module may take
# By module and condition.
EQUIVALENT = {
    ("verdicts/gates", "setting == chosen"): "the verdict at the chosen setting is the same when it is taken twice",
    (
        "metrics/moments",
        "self.count == 0, of an or",
    ): "an empty group has mean and scatter 0, so the formula gives the other",
    (
        "metrics/moments",
        "other.count == 0, of an or",
    ): "an empty group has mean and scatter 0, so the formula gives the first",
    ("data/hub", "table.column_names != columns"): "pyarrow with its dataset module refuses such a file by itself",
    ("pipeline/evidence", "TYPE_CHECKING"): "only those who check types read on",
}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """What is taken away, in words, and the module without it."""
    tree = ast.parse(source)
    for number, node in enumerate(ast.walk(tree)):
        if isinstance(node, ast.If | ast.IfExp):
            yield f"{node.lineno}: {ast.unparse(node.test)}", _changed(tree, number, ast.Constant(False))
            if isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.Or):
                for part in node.test.values:
                    others = [other for other in node.test.values if other is not part]
                    rest = ast.BoolOp(ast.Or(), others) if len(others) > 1 else others[0]
                    yield f"{node.lineno}: {ast.unparse(part)}, of an or", _changed(tree, number, rest)


def _changed(tree: ast.Module, number: int, condition: ast.expr) -> str:
    """The module with another condition in the node that comes at this number in a walk."""
    changed = copy.deepcopy(tree)
    node = list(ast.walk(changed))[number]
    assert isinstance(node, ast.If | ast.IfExp)
    node.test = condition
    return ast.unparse(ast.fix_missing_locations(changed))


def survives(package: Path, module: str, source: str) -> bool:
    """Whether the tests of a module pass on another source of it."""
    (package / f"{module}.py").write_text(source, encoding="utf-8")
    tests = [f"tests/{name}.py" for name in TESTS[module]]
    command = [sys.executable, "-P", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    try:
        run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return False  # whoever waits for such tests notices
    return run.returncode == 0


def main() -> int:
    """Report every survivor; exit code 1 if there is one without a reason."""
    chosen = sys.argv[1:] or list(TESTS)
    console, unexplained = Console(), 0
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "overparam"
        shutil.copytree(ROOT / "overparam", package)
        for module in chosen:
            source = (ROOT / "overparam" / f"{module}.py").read_text(encoding="utf-8")
            if not survives(package, module, source):
                raise SystemExit(f"the tests of {module} fail as it stands: {' '.join(TESTS[module])}")
            if survives(package, module, ""):
                raise SystemExit(f"the tests of {module} pass without it: do they see this copy?")
            every = list(mutants(source))
            for words, mutant in track(every, description=module, console=console):
                if survives(package, module, mutant):
                    condition = words.partition(": ")[2]
                    reason = EQUIVALENT.get((module, condition))
                    unexplained += reason is None
                    console.print(f"{module}.py:{words} survives: {reason or 'no test goes red without it'}")
            (package / f"{module}.py").write_text(source, encoding="utf-8")
            console.print(f"{module}: {len(every)} conditions were taken away")
    return min(unexplained, 1)


if __name__ == "__main__":
    sys.exit(main())
