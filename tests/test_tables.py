import json
from pathlib import Path

import numpy as np
import pytest
from features import HALF, ONE, QUARTER, replicates
from records import EIGHTH, SIXTEENTH, spread_effect, synthetic_record

from overparam.config.architectures import known_architecture
from overparam.config.studies import load_config
from overparam.errors import ArtifactError
from overparam.io.files import digest_json, write_sealed
from overparam.report.tables.claims import record_tables
from overparam.report.tables.sections import SECTION, fill_sections
from overparam.report.tables.setting import PAPER_WIDTHS, setting_table
from overparam.report.tables.verdicts import verdict_table
from overparam.study.feature_blocks import M_1
from overparam.study.quantities import FP
from overparam.study.record import Record, Sample, write_record
from overparam.study.widths import BESIDE_ALPHA
from overparam.verdicts.claims import CLAIMS
from overparam.verdicts.intervals import CONDITION

ROOT = Path(__file__).parent.parent
DATA = {"source": "drawn", "sha256": {}, "train_examples": 1000, "fit_examples": 500, "heldout_examples": 797}


def study(**changes) -> Record:
    record = synthetic_record(spread=0.0, early_stages={}, **changes)
    networks = {
        a: {**entry, "heldout_accuracy": [[0.8, 0.9] * (members // 2)] * len(record.replicates)}
        for (a, entry), members in zip(record.networks.items(), record.members.values(), strict=True)
    }
    return Record(**{**vars(record), "data": DATA, "networks": networks})


def cells(tables: str, label: str) -> list[str]:
    (line,) = [line for line in tables.splitlines() if line.startswith(f"| {label}")]
    return [cell.strip() for cell in line.strip("| ").split("|")]


def test_the_table_holds_what_the_record_holds():
    tables = record_tables(study())
    assert cells(tables, "measured")[2:] == [
        "α = 1 (16 ch)", "α = 1/2 (8 ch)", "α = 1/4 (4 ch)", "α = 1/8 (2 ch)", "α = 1/16 (1 ch)"
    ]  # fmt: skip
    assert cells(tables, "FSE(S_α→M_1)")[2:] == [f"{v:.3f} ± 0.000" for v in (0.2, 0.2, 0.3, 0.4, 0.5)]
    assert cells(tables, "FSE(M_1→S_α′)")[2:] == ["", *(f"{v:.3f} ± 0.000" for v in (0.35, 0.4, 0.45, 0.5))]
    assert cells(tables, "FP(S_α)")[2:] == [f"{v:.1f} ± 0.0 %" for v in (90, 88, 86, 84, 82)]
    assert cells(tables, "gain of S_α by R(S_α→M_1)")[3:] == [f"{v:.1f} ± 0.0 %" for v in (2, 3, 4, 5)]
    assert cells(tables, "gain of M_1")[3:] == ["0.0 ± 0.0 %"] * 4
    assert cells(tables, "held-out accuracy")[2] == "85.0 ± 0.0 %"
    assert "FSE(S_α^(1/α²)" not in record_tables(study(alphas=(ONE, EIGHTH)))  # what was not measured has no line
    assert "trained on 1,000 examples for 10 epochs" in tables
    assert "fitted on 500 of them, measured on 797 held-out ones (drawn), R = 5" in tables


def test_what_words_alone_tell_of_sentence_pairs_stands_beside_the_networks():
    record = study()
    data = {**DATA, "majority_share": 0.35, "word_baselines": {"hypothesis": 0.488, "overlap": 0.577}}
    assert "Without a network" not in record_tables(record)
    tables = record_tables(Record(**{**vars(record), "data": data}))
    assert "the most common answer is right for 35.0% of the held-out pairs" in tables
    assert "the words of the hypothesis for 48.8%" in tables
    assert "whether the premise has them for 57.7%" in tables


def test_an_interval_reaches_to_the_one_sided_bounds():
    effect = spread_effect(0.9, half_width=0.012)
    sample = Sample((str(FP(M_1)),), np.tile(effect.values[:, None], (5, 1, 1)), np.tile(effect.shared, (5, 1, 1)))
    record = Record(**{**vars(study(replicates=3)), "samples": {"performance": sample}})
    assert cells(record_tables(record), "FP(S_α)")[2] == "90.0 ± 1.2 %"


def test_the_setting_stands_beside_the_papers():
    table = setting_table([study()])
    assert cells(table, "width of M_1") == ["width of M_1", "64 ch; 512 feat.", "16 ch"]
    assert cells(table, "of M_α")[0] == "of M_α at α = 1/2, 1/4, 1/8, 1/16"
    assert cells(table, "of M_α")[2] == "8, 4, 2, 1 ch"
    assert cells(table, "training examples")[2] == "1,000"
    assert cells(table, "held-out accuracy")[2] == "85.0 % to 85.0 %"
    assert cells(table, "replicates")[2] == "5"


def test_the_papers_widths_are_those_of_scale_paper():
    studies = load_config(ROOT / "params.yaml").studies("paper")
    assert {known_architecture(chosen.arch).unit: chosen.scale.base_width for chosen in studies} == PAPER_WIDTHS


def test_of_every_claim_a_line_says_where_it_holds_in_each_study():
    table = verdict_table(
        [synthetic_record(), synthetic_record({"over": {HALF: 0.0, QUARTER: 0.0, EIGHTH: 0.2, SIXTEENTH: 0.3}})]
    )
    assert [line.split("`")[1] for line in table.splitlines()[2:]] == list(CLAIMS)
    first, second = cells(table, "`span-over`")[1:]
    assert first.startswith("holds at α = 1/4, 1/8, 1/16")
    assert second.startswith("holds at α = 1/8, 1/16, refuted at α = 1/4")


def test_networks_early_in_training_have_a_table_of_their_own():
    from overparam.study.measure import measure

    samples, _ = measure(replicates(count=2), workers=1)
    early = {"epochs": [4], "train_accuracy": [[0.5], [0.7]], "heldout_accuracy": [[0.4], [0.6]]}
    accuracies = {"train_accuracy": [[0.9, 0.8]] * 2, "heldout_accuracy": [[0.8, 0.7]] * 2}
    networks = {a: accuracies | {"features": int(128 * a)} for a in (ONE, HALF, QUARTER)}
    networks[ONE]["early"] = early
    record = Record(
        **{
            **vars(study(replicates=2)),
            "samples": samples,
            "networks": networks,
            "alphas": (ONE, HALF, QUARTER),
            "replicates": (0, 1),
        }
    )
    tables = record_tables(record)
    assert cells(tables, "M_1′ after epochs")[1:] == ["4", "10"]
    assert cells(tables, "training accuracy |")[1][:4] == "60.0"
    assert cells(tables, "training accuracy |")[2] == "80.0 ± 0.0 %"
    k = samples["span"].quantities.index("FSE(M_1′ after 4→M_1)")
    assert cells(tables, "FSE(M_1′→M_1) |")[1].startswith(f"{np.mean(samples['span'].values[2, :, k]):.3f} ±")
    assert cells(tables, "FSE(S_α^(1/α²)")[3] != ""
    assert len(cells(tables, "FSE(S_α^(1/α²)")) == 4  # at 1/4 there are too few networks, so the last cell is empty


NOTE = f"{CONDITION} {BESIDE_ALPHA}"
MARKED = "before\n<!-- tables smoke -->\nold\n<!-- end of tables -->\nafter\n"


def test_only_the_marked_sections_are_written_anew(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(MARKED, encoding="utf-8")
    write_record(tmp_path / "results" / "smoke" / "digits-resnet18.json", study())
    (tmp_path / "results" / "smoke" / "verdicts.json").write_text("[]")
    fill_sections(path, tmp_path / "results")
    text = path.read_text(encoding="utf-8")
    written = f"{NOTE}\n\n{record_tables(study())}"
    assert text == f"before\n<!-- tables smoke -->\n\n{written}\n\n<!-- end of tables -->\nafter\n"
    fill_sections(path, tmp_path / "results")
    assert path.read_text(encoding="utf-8") == text


TRIAL = {
    "seed": 1,
    "preregistration": "0123456789abcdef",
    "met": False,
    "rows": [
        {
            "world": "noise",
            "claim": claim,
            "R": R,
            "worlds": 200,
            "counts": {"holds": holds, "error": 0},
            "met": holds < 9,
            "bounds": [{"counted": "holds", "at most": 8}, {"counted": "error", "at most": 0}],
        }
        for R, claim, holds in ((3, "span-over", 2), (5, "span-over", 9), (3, "span-under", 0))
    ]
    + [
        {
            "world": "signal",
            "claim": "span-over",
            "R": 3,
            "worlds": 100,
            "counts": {"holds": 97},
            "met": True,
            "bounds": [{"counted": "holds", "at least": 95}],
        }
    ],
}


def test_the_trial_of_the_judge_is_a_line_for_all_that_must_come_out_alike(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("<!-- error-rates -->\nas before\n<!-- end of error-rates -->\n", encoding="utf-8")
    write_sealed(tmp_path / "error-rates.json", TRIAL)
    fill_sections(path, tmp_path)
    text = path.read_text(encoding="utf-8")
    assert "before" not in text
    assert "3 of 4 counts are as they must be" in text
    asked, found = "holds at most 8; error at most 0", "holds 0 to 9; error 0"
    assert f"| noise | span-over, span-under | 3, 5 | 200 | {asked} | {found} | 2 of 3 |" in text
    assert "| signal | span-over | 3 | 100 | holds at least 95 | holds 97 | 1 of 1 |" in text


def edited(content):
    """What seals an edit, as someone who knows how would."""
    return json.dumps({**content, "sha256": digest_json(content)})


SEALED = {**TRIAL, "sha256": digest_json(TRIAL)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there are no error rates"),
        ("", "is damaged"),
        ("{", "is damaged"),
        ("{}", "does not match its own SHA-256"),
        ("[]", "does not match its own SHA-256"),
        ("[" * 9999, "is nested too deeply"),
        (json.dumps(TRIAL), "does not match its own SHA-256"),
        (json.dumps(SEALED).replace("97", "98"), "does not match its own SHA-256"),
        (json.dumps(SEALED).replace("true", "false", 1), "does not match its own SHA-256"),
        (json.dumps({**SEALED, "preregistration": "f" * 64}), "does not match its own SHA-256"),
        (json.dumps({**SEALED, "rows": SEALED["rows"][1:]}), "does not match its own SHA-256"),
        (json.dumps({**SEALED, "sha256": "0" * 64}), "does not match its own SHA-256"),
        (edited({"samples": {}}), "it is a record of a study, where a trial of the judge belongs"),
        (edited({"rows": [{}], "preregistration": "f" * 64}), "is damaged or was edited"),
        (edited({**TRIAL, "rows": [{**TRIAL["rows"][0], "R": "3"}]}), "rows.0.R must be a whole number"),
        (edited({**TRIAL, "more": 1}), "unknown more"),
    ],
)
def test_a_trial_that_is_not_there_damaged_or_edited_leaves_the_page_as_it_is(tmp_path, content, message):
    path = tmp_path / "page.md"
    path.write_text("<!-- error-rates -->\nas before\n<!-- end of error-rates -->\n", encoding="utf-8")
    if content is not None:
        (tmp_path / "error-rates.json").write_text(content, encoding="utf-8")
    with pytest.raises(ArtifactError, match=f"{message}.*overparam error-rates"):
        fill_sections(path, tmp_path)
    assert "as before" in path.read_text(encoding="utf-8")


def test_a_section_without_an_end_swallows_nothing(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(f"<!-- tables pilot -->\nno end\n{MARKED}", encoding="utf-8")
    write_record(tmp_path / "results" / "smoke" / "digits-resnet18.json", study())
    fill_sections(path, tmp_path / "results")
    assert path.read_text(encoding="utf-8").startswith("<!-- tables pilot -->\nno end\nbefore\n<!-- tables smoke -->\n")


def test_a_page_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "page.md"
    path.write_bytes(MARKED.encode() + "é".encode("latin-1"))
    with pytest.raises(ArtifactError, match="not encoded in UTF-8"):
        fill_sections(path, tmp_path / "results")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "has no section <!-- tables SCALE -->"),
        (MARKED, "there is no record of the tables of scale smoke in"),
    ],
)
def test_a_page_that_cannot_be_filled_stays_as_it_is(tmp_path, text, message):
    path = tmp_path / "page.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ArtifactError, match=message):
        fill_sections(path, tmp_path / "results")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "file",
    [
        "README.md",
        "docs/claims.md",
        "docs/controls.md",
        "docs/equal-fit.md",
        "docs/error-rates.md",
        "docs/measured.md",
    ],
)
def test_what_is_documented_has_the_tables_of_the_committed_records(tmp_path, file):
    text = (ROOT / file).read_text(encoding="utf-8")
    path = tmp_path / "page.md"
    path.write_text(text, encoding="utf-8")
    assert SECTION.search(text)
    fill_sections(path, ROOT / "results")
    assert path.read_text(encoding="utf-8") == text
