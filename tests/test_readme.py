"""The README's Python runs as it stands, and its numbers are those of the code."""

import re
from pathlib import Path

from overparam.config.studies import load_config
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.controls import AT_EQUAL_FIT, CONTROLS, CONTROLS_APART
from overparam.verdicts.margins import load_preregistration
from overparam.verdicts.toy import TOY_CLAIMS, TOY_CONTROLS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_examples_run_as_they_stand(capsys):
    scope = {}
    for example in re.findall(r"```python\n(.*?)```", README, re.DOTALL):  # each goes on from the one before
        exec(compile(example, "README.md", "exec"), scope)
    span, gap, performance, again = capsys.readouterr().out.strip().splitlines()
    assert re.fullmatch(r"FSE\(narrow→wide\) = 0\.\d+", span)
    assert re.fullmatch(r"its gap to the baseline = [+-]\d\.\d+", gap)
    assert performance.startswith("FP(narrow) = 0.")
    assert again == f"gap = {gap.split()[-1]}, over 200 examples"
    assert scope["beyond"].shape == (1000, 32)


def test_the_table_has_every_claim_with_its_figure():
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| ([\w, ]+) \|", README, re.MULTILINE))
    claims = {claim.id: claim.figure for claim in (*CLAIMS.values(), *TOY_CLAIMS.values())}
    assert {name: figure for name, figure in rows.items() if name in claims} == claims


def test_every_badge_is_there():
    badges = re.findall(r"\]\((badges/[^)]*)\)", README)
    assert len(badges) > 20
    assert [badge for badge in badges if not (ROOT / badge).exists()] == []


def test_the_table_of_controls_has_every_control():
    named = set(re.findall(r"^\| `([a-z-]+)` \| `[a-z-]+` \|", README, re.MULTILINE))
    assert named == {*AT_EQUAL_FIT, *CONTROLS, *CONTROLS_APART, *TOY_CONTROLS}


def test_the_scales_are_those_of_params():
    config = load_config(ROOT / "params.yaml")
    for name, tasks in config.scales.items():
        (row,) = re.findall(rf"^\| `{name}` \|(.*)$", README, re.MULTILINE)
        for scale in tasks.values():
            assert re.search(rf"(base|hidden) width {scale.base_width}\b", row)
            assert row.rstrip(" |").endswith(str(len(scale.replicates)))


def test_the_margins_are_those_declared():
    declared = load_preregistration()
    assert (declared.span, declared.accuracy) == (0.02, 0.005)
    assert "0.02 for span errors, half a\npercentage point for accuracies" in README
