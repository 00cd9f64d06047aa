"""Things to plug in: as a file, and as a distribution that is installed."""

from pathlib import Path

from extensions import ARCHITECTURE, TASK

CLAIM = """
import pytest

from overparam.study.feature_blocks import M_1, S, S_prime, twice_as_wide
from overparam.study.quantities import FSE
from overparam.verdicts.claims import HALF, STUDIES, Claim
from overparam.verdicts.inequalities import Above
from overparam.verdicts.widths import Narrow

ASYMMETRIC = Claim(
    "span-asymmetric",
    "none",
    "narrow networks miss more of the wide one than it misses of them",
    Above(lambda alpha: FSE(S(alpha), M_1) - FSE(M_1, S_prime(alpha)), "span"),
    Narrow(HALF, twice_as_wide),
    STUDIES,
)
"""
MEASURE = """
from overparam.metrics.similarity import Measure

ALWAYS_ONE = Measure("always one", lambda A, B: 1.0, "rows", (0, 1), True, frozenset(), symmetric=True)
"""
FILE = f"""{ARCHITECTURE}{TASK}{CLAIM}{MEASURE}
from overparam.config.tasks import TaskData

ARCHITECTURES = {{"one_layer": OneLayer}}
TASKS = {{"parity": TaskData("parity of digits", load_parity)}}
CLAIMS = {{"span-asymmetric": ASYMMETRIC}}
MEASURES = {{"always one": ALWAYS_ONE}}
"""
NAMED = {
    "architectures": {"one_layer": "my_networks:OneLayer"},
    "tasks": {"parity": "my_tasks:PARITY"},
    "claims": {"span-asymmetric": "my_claims:ASYMMETRIC"},
    "measures": {"always one": "my_measures:ALWAYS_ONE"},
}
MODULES = {
    "my_networks": ARCHITECTURE,
    "my_tasks": """
from overparam.config.tasks import TaskData
PARITY = TaskData("parity of digits", "my_data:load_parity")
""",
    "my_data": TASK,
    "my_claims": CLAIM,
    "my_measures": MEASURE,
}


def install(folder: Path, named=NAMED, name="my-plugins") -> Path:
    """A distribution as pip leaves it."""
    folder.mkdir(exist_ok=True)
    for module, text in MODULES.items():
        (folder / f"{module}.py").write_text(text, encoding="utf-8")
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", encoding="utf-8")
    lines = [
        line
        for kind, table in named.items()
        for line in (f"[overparam.{kind}]", *(f"{key} = {value}" for key, value in table.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
