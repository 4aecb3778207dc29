"""An evaluation measures what it asked, resumes where it was, and tells it."""

import re
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.evaluation.conftest import small_plan, write_plan
from tre.cli.run import run
from tre.evaluation.attacking import ATTACKED
from tre.evaluation.evaluate import Evaluated, evaluate
from tre.evaluation.page import page_of
from tre.evaluation.plan import Attacks, OnData
from tre.evaluation.report import findings


def answers(page: Path) -> dict[str, tuple[int, bytes]]:
    """Every outcome that is kept: when it was written, and what it is."""
    files = (page.parent / "answers").glob("*.parquet")
    return {each.name: (each.stat().st_mtime_ns, each.read_bytes()) for each in files}


def test_everything_of_the_plan_is_measured(evaluated: Evaluated) -> None:
    """Each question has an error under each policy at each ε, and each baseline."""
    found = evaluated.report.of("absolute error")
    asked = found.groupby(["method", "question"]).size().unstack()
    assert not asked.isna().any().any()
    assert set(asked.index) == {
        *("this gateway", "noise alone", "no protection"),
        *("ACRO's rules", "Bunny's rules"),
    }
    unprotected = found[found["method"] == "no protection"]
    assert (unprotected["value"] == 0).all()
    noisy = found[found["method"].isin(["this gateway", "noise alone"])]
    assert set(noisy["draws"]) == {6}


def test_the_gateway_hides_what_noise_alone_shows(evaluated: Evaluated) -> None:
    """Seven people in the west are hidden by the policy, and only by it.

    One draw in two hundred shows them, so not all six have to hide them.
    """
    hidden = evaluated.report.at_reference
    assert 0.25 / 3 <= hidden("hidden", "this gateway")["regions"] <= 0.25
    assert hidden("hidden", "noise alone")["regions"] == 0
    assert hidden("hidden", "ACRO's rules")["regions"] == 0.25


def test_clamped_pay_is_an_error_that_intervals_do_not_know(
    evaluated: Evaluated,
) -> None:
    """The total of the west misses the pay above its bound, whatever the noise."""
    found = evaluated.report.of("bias")
    here = found[(found["method"] == "noise alone") & (found["column"] == "total")]
    assert (here["value"] < -0.05).all()


def test_a_plan_without_order_or_conclusion_has_a_page(evaluated: Evaluated) -> None:
    """Of questions with a cell or two there is nothing to rank."""
    measured = evaluated.report.measured
    kept = measured[~measured["measure"].isin(["Kendall", "top", "decision"])]
    page = page_of(replace(evaluated.report, measured=kept))
    assert "No question has cells enough to put in order" in page


def test_the_tables_are_beside_the_page(evaluated: Evaluated) -> None:
    """Measures, costs, margins and the workload are Parquet files."""
    folder = evaluated.page.parent
    for name in ("measured", "spent", "margins", "workload"):
        assert pq.read_table(folder / f"{name}.parquet").num_rows > 0
    spent = pq.read_table(folder / "spent.parquet").to_pandas()
    assert (spent["refused"] == "").all()


def test_a_budget_is_exhausted_by_the_ledgers_own_rule(evaluated: Evaluated) -> None:
    """Half an ε each: some are answered, what is left falls, and then nothing is."""
    lived = evaluated.report.workload
    assert lived["left"].is_monotonic_decreasing
    assert set(lived["refused"]) == {"", "budget_exhausted"}
    assert (lived["refused"] == "").sum() >= 4


def test_the_claim_is_audited_where_the_plan_says_so(evaluated: Evaluated) -> None:
    """The game that was named is played, and its bound is on the page."""
    found = evaluated.report.audit
    assert list(found["game"]) == ["certificates: COUNT(*)"]
    assert (found["measured"] <= found["claimed"]).all()
    assert (found["plays"] > 300).all()
    assert "it stands in 1, and was refuted in 0" in evaluated.page.read_text()


def test_the_page_tells_a_committee_of_attacks(evaluated: Evaluated) -> None:
    """How many attacks each way of answering falls to, and each in plain words."""
    won = {"hits": 24, "trials": 24, "share": 1.0, "low": 0.86, "high": 1.0}
    even = {"hits": 12, "trials": 24, "share": 0.5, "low": 0.29, "high": 0.71}
    attack = {"attack": "differencing", "chance": 0.5}
    scores = [
        {"family": "rules", "method": "unprotected", "epsilon": None, **attack, **won},
        {"family": "gateway", "method": "gateway", "epsilon": 0.5, **attack, **even},
    ]
    long = {"attack": "tracker", "chance": 0.5}
    scores += [
        {"family": "gateway", "method": "gateway", "epsilon": 0.5, **long, **even},
    ]
    known = {"attack": "register_differencing", "chance": 0.5}
    scores += [
        {"family": "rules", "method": "acro", "epsilon": None, **known, **won},
        {"family": "gateway", "method": "gateway", "epsilon": 0.5, **known, **even},
    ]
    own = OnData(table="people", known=("age",), secret="pay > 500")
    plan = evaluated.report.plan.model_copy(
        update={"attacks": Attacks(people=24, data=own), "epsilons": (0.5,)}
    )
    found = pa.Table.from_pylist(scores, schema=ATTACKED).to_pandas()
    page = page_of(replace(evaluated.report, plan=plan, attacks=found))
    assert "no protection to 1 of 1, this gateway to 0 of 2" in page
    assert "…" not in page  # as a title is that was cut
    assert "subtracting two counts that differ by one person" in page
    assert "ACRO's rules to 1 of 1, this gateway to 0 of 1" in unescape(page)
    assert "subtracting two large counts, for a known person" in page
    assert page.count("Dot plots, one an attack") == 2


def test_the_short_answer_says_what_to_grant(evaluated: Evaluated) -> None:
    """What all targets need together, and how many such projects there may be."""
    advice = evaluated.report.advice
    told = " ".join(findings(evaluated.report))
    assert (
        f"2 questions keep the margins that the plan wants for ε = {advice.epsilon:.3g}"
        in told
    )
    assert f"carries {advice.projects:,} such project" in told


def test_other_systems_stand_beside_ours_on_the_same_questions(
    evaluated: Evaluated,
) -> None:
    """A system that answers one question is held against us on that question."""
    report = evaluated.report
    mine = report.measured[report.measured["method"] == report.policy]
    theirs = mine[mine["question"] == "old"].assign(method="OpenDP")
    told = " ".join(
        findings(replace(report, measured=pd.concat([report.measured, theirs])))
    )
    assert re.search(r"OpenDP ([\d.]+%) \(ours on the same 1: \1\)", told)
    assert "OpenDP" not in " ".join(findings(report))


def test_the_page_is_complete_in_itself(evaluated: Evaluated) -> None:
    """No script, no address to load from; every picture has words; headings descend."""
    page = evaluated.page.read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    assert not re.search(r"\bon\w+=\"", page)
    figures = page.count("<figure>")
    assert figures == page.count('role="img" aria-label="') >= 8
    assert len(re.findall(r"<h1", page)) == 1
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(
        re.findall(r'id="([^"]+)"', page)
    )
    assert "The short answer" in page
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)


def test_what_was_done_is_not_done_again(
    evaluated: Evaluated, written: Path, tmp_path: Path
) -> None:
    """With half of the outcomes gone only those are asked again, the others kept."""
    folder = tmp_path / "out"
    shutil.copytree(evaluated.page.parent, folder)
    page = folder / "report.html"
    before = answers(page)
    gone = sorted(before)[::2]
    for name in gone:
        (folder / "answers" / name).unlink()
    evaluate(written, folder, workers=1)
    after = answers(page)
    assert after.keys() == before.keys()
    kept = before.keys() - set(gone)
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert all(after[name][0] > before[name][0] for name in gone)


def test_another_plan_in_the_folder_asks_what_is_new_only(
    evaluated: Evaluated, tmp_path: Path
) -> None:
    """A plan with one more ε finds the others there, and they are as they were."""
    folder = tmp_path / "out"
    shutil.copytree(evaluated.page.parent, folder)
    wider = write_plan(
        tmp_path / "plan",
        small_plan(epsilons=[0.5, 2, 5], workload=None, audit=None),
    )
    before = answers(folder / "report.html")
    evaluate(wider, folder, workers=1)
    after = answers(folder / "report.html")
    assert after.items() >= before.items()
    assert len(after) == len(before) + 8  # four questions, two policies


def test_the_command_gives_advice_without_reading_data(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--advice` needs the package alone: the table of people may be missing."""
    for name in ("plan.yaml", "datapackage.yaml"):
        shutil.copy(written.parent / name, tmp_path / name)
    assert run(["evaluate", str(tmp_path / "plan.yaml"), "--advice"]) == 0
    said = capsys.readouterr().out
    assert "Together, once each: ε = " in said
    assert "carries" in said
