"""Keys that are not public: who comes out, what it costs, and who leaves no trace."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from privacy.accounting import ATTO
from privacy.errors import Refused
from privacy.explain import Explanation
from tests.environment.test_quantiles import PACKAGE as JOBS
from tests.environment.test_quantiles import near
from tests.environment.world import REGIONS
from tre.batch import Batch
from tre.lab import Lab

CANARY = "Unheard-of & Daughters 5309"
BY_EMPLOYER = (
    "SELECT employer, COUNT(*) AS n, AVG(pay) AS pay FROM jobs GROUP BY employer"
)


def package() -> dict[str, Any]:
    """Jobs with an employer that nobody listed, and the day they began."""
    found = copy.deepcopy(JOBS)
    fields = found["resources"][0]["schema"]["fields"]
    fields.append({"name": "employer", "tre": {"role": "quasi-identifier"}})
    fields.append({"name": "site", "type": "integer"})
    return found


def jobs() -> pa.Table:
    """Three large employers, one of five people, and one that a single person has."""
    drawn = np.random.default_rng(8)
    names = ["Mills", "Farms", None, "Tiny", CANARY]
    who = np.repeat(range(5), [900, 600, 400, 5, 1])
    size = len(who)
    return pa.table(
        {
            "id": np.arange(size),
            "region": np.array(REGIONS)[drawn.integers(0, 3, size)],
            "age": drawn.integers(16, 80, size),
            "pay": np.round(drawn.uniform(1, 9_000, size), 2),
            "began": pa.nulls(size, pa.date32()),
            "employer": [names[each] for each in who],
            "site": who * 10_000,
        }
    )


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A laboratory under the gateway's policy, with δ to spare."""
    with Lab({"jobs": jobs()}, package(), epsilon=1e4, delta=1e-5) as lab:
        yield lab


def test_only_keys_of_many_people_come_out(lab: Lab) -> None:
    """In the order of their values, NULL last; the others are absent."""
    told = lab.ask(BY_EMPLOYER, epsilon=3.0).to_arrow()
    assert told["employer"].to_pylist() == ["Farms", "Mills", None]
    exact = dict(lab.exact(BY_EMPLOYER).select(["employer", "n"]).to_pandas().values)
    low, high = told["n_low"].to_pylist(), told["n_high"].to_pylist()
    assert low[0] - 60 <= exact["Farms"] <= high[0] + 60


def test_exact_answers_have_every_key(lab: Lab) -> None:
    """The laboratory's user holds the data."""
    names = lab.exact(BY_EMPLOYER)["employer"].to_pylist()
    assert names == ["Farms", "Mills", "Tiny", CANARY, None]


def test_public_keys_stand_beside_those_that_came_out(lab: Lab) -> None:
    """Each employer has a row for every region but for those that show nothing."""
    asked = "SELECT region, employer, COUNT(*) AS n FROM jobs GROUP BY region, employer"
    told = lab.ask(asked, epsilon=5.0).to_pandas()
    pairs = [*zip(told["region"], told["employer"].fillna(""), strict=True)]
    assert pairs == [(r, e) for r in REGIONS for e in ("Farms", "Mills", "")]
    with Lab({"jobs": jobs()}, package(), policy="none", epsilon=1e4) as free:
        shown = free.ask(asked, epsilon=5.0).to_pandas()
    assert set(shown["region"]) == {*REGIONS, "east"}


def test_whole_numbers_and_what_is_computed_are_keys(lab: Lab) -> None:
    """In numeric order, as their column's type."""
    asked = (
        "SELECT CASE WHEN site > 5 THEN site END AS s,"
        " COUNT(DISTINCT person_id) AS n FROM jobs GROUP BY s"
    )
    told = lab.ask(asked, epsilon=3.0).to_arrow()
    assert told["s"].to_pylist() == [10_000, 20_000, None]
    assert told.schema.field("s").type == pa.int64()


def test_order_and_limit_see_what_came_out(lab: Lab) -> None:
    """HAVING, ORDER BY and LIMIT apply to released rows only."""
    asked = f"{BY_EMPLOYER} HAVING employer <> 'Mills' ORDER BY n DESC LIMIT 1"
    assert lab.ask(asked, epsilon=3.0).to_arrow()["employer"].to_pylist() == ["Farms"]


def test_draws_have_keys_of_their_own(lab: Lab) -> None:
    """Each draw decides anew who comes out, and each is charged its ρ and its δ."""
    before = lab.remaining()
    price = lab.explain(BY_EMPLOYER, epsilon=3.0)
    drawn = lab.draws(BY_EMPLOYER, epsilon=3.0, times=5)
    assert drawn["draw"].to_pylist() == [d for d in range(5) for _ in range(3)]
    assert before.rho - lab.remaining().rho == pytest.approx(5 * price.loss.rho)
    spent = price.loss.delta - 5e-6
    assert before.delta - lab.remaining().delta == pytest.approx(5 * spent, rel=1e-6)


def test_nobody_left_is_an_empty_table(lab: Lab) -> None:
    """With its columns, quantiles and several keys too; charged like any other."""
    for asked in (
        f"{BY_EMPLOYER.replace(' GROUP', ' WHERE age > 200 GROUP')}",
        "SELECT employer, site, began, region, MEDIAN(pay) AS m, VAR_POP(age), "
        "MAX(began) AS b FROM jobs WHERE age > 200 GROUP BY 1, 2, 3, 4 ORDER BY b",
    ):
        told = lab.ask(asked, epsilon=1.0)
        assert told.to_arrow().num_rows == 0
        assert told.charged
        assert {"employer"} < set(told.to_arrow().column_names)


def test_loss_and_receipt_say_what_was_spent(lab: Lab) -> None:
    """δ of thresholds and of the conversion; the receipt has the threshold."""
    release = lab.ask(BY_EMPLOYER, epsilon=2.0)
    price = release.receipt["body"]["price"]
    assert 0 < price["delta_atto"] <= 5 * 10**12 // 100
    assert release.loss.delta == (price["delta_atto"] + 5 * 10**12) / ATTO
    (keys,) = (
        each
        for each in release.receipt["body"]["mechanisms"]
        if each["statistic"] == "keys"
    )
    assert keys["threshold"] > keys["fewest"] == 10


BY_SITE = "SELECT site, COUNT(*) AS n FROM jobs GROUP BY site"


def thresholds(found: Explanation | Batch) -> float:
    """The δ that keys take, beside that of the conversion."""
    return found.loss.delta - 5e-6


def test_a_list_adds_up_the_delta_of_its_thresholds(lab: Lab) -> None:
    """Each question's own and no other: what asking them one by one then takes."""
    asked = [BY_EMPLOYER, BY_SITE, "SELECT COUNT(*) AS n FROM jobs"]
    before = lab.remaining()
    batch = lab.explain_batch(asked, epsilon=3.0)
    each = [thresholds(q.explanation) for q in batch.questions if q.explanation]
    assert min(each[:2]) > 0
    assert each[2] == 0
    assert thresholds(batch) == pytest.approx(sum(each), rel=1e-9)
    assert batch.half_error.delta == batch.loss.delta
    assert lab.remaining() == before
    for drafted in batch.questions:
        keyword, amount = drafted.spending.split("=")
        lab.ask(drafted.sql, **{keyword: float(amount)}, fresh=True)
    after = lab.remaining()
    assert before.delta - after.delta == pytest.approx(thresholds(batch), rel=1e-6)
    assert before.rho - after.rho == pytest.approx(batch.loss.rho, rel=1e-6)


def test_a_list_may_be_too_dear_in_delta_alone() -> None:
    """As many questions as δ is left for can be paid, and one more cannot."""
    with Lab({"jobs": jobs()}, package(), epsilon=1e4, delta=1e-5) as lab:
        lab.draws(BY_SITE, epsilon=1.0, times=99)
        left = lab.remaining().delta - 5e-6
        most = int(left / thresholds(lab.explain(BY_SITE, rho=0.05)))
        for times in (most, most + 1):
            batch = lab.explain_batch([BY_SITE] * times, rho=0.05 * times)
            assert batch.affordable == (times == most)
            cannot = "The project cannot pay for all of them."
            assert (cannot in batch.words) == (times > most)


def test_quantiles_of_each_key(lab: Lab) -> None:
    """Whatever is asked of public keys can be asked of these."""
    asked = (
        "SELECT employer, MEDIAN(pay) AS m, SUM(pay) AS s, STDDEV_POP(pay) AS d"
        " FROM jobs GROUP BY employer"
    )
    told = lab.ask(asked, epsilon=20.0).to_pandas()
    exact = lab.exact(asked).to_pandas()
    truth = exact.set_index("employer").loc["Mills"]
    row = told.set_index("employer").loc["Mills"]
    assert near(truth["m"], row["m_low"], row["m_high"])
    assert abs(row["d"] - truth["d"]) < 500


def test_a_key_that_stayed_inside_is_nowhere(lab: Lab) -> None:
    """Not in any file of the home: log, receipts, releases, scratch."""
    lab.ask(BY_EMPLOYER, epsilon=3.5)
    with pytest.raises(Refused):
        lab.ask("SELECT pay, employer, COUNT(*) FROM jobs GROUP BY 1, 2", epsilon=1.0)
    home = Path(lab._folder)
    for file in (each for each in home.rglob("*") if each.is_file()):
        assert CANARY.encode() not in file.read_bytes(), file


def test_delta_runs_out() -> None:
    """Some hundred such questions take all the δ there is for thresholds."""
    with Lab({"jobs": jobs()}, package(), epsilon=1e4, policy="none") as lab:
        lab.draws(BY_EMPLOYER, epsilon=1.0, times=99)
        with pytest.raises(Refused) as refused:
            lab.draws(BY_EMPLOYER, epsilon=1.0, times=60)
    assert refused.value.code == "budget_exhausted"
    assert "delta" in refused.value.message


def test_pure_projects_refuse() -> None:
    """Before anything is charged, with the way on."""
    with Lab({"jobs": jobs()}, package(), measure="pure") as lab:
        with pytest.raises(Refused) as refused:
            lab.ask(BY_EMPLOYER, epsilon=1.0)
        assert lab.remaining().epsilon == 10.0
    assert refused.value.code == "not_public_key"


@pytest.mark.statistical
def test_a_key_of_one_person_comes_out_as_rarely_as_delta_says() -> None:
    """Without certificates: hardly ever; and with them never, at any price."""
    asked = "SELECT employer, COUNT(*) AS n FROM jobs GROUP BY employer"
    for policy in ("none", "gateway"):
        with Lab(
            {"jobs": jobs()}, package(), epsilon=1e6, delta=0.5, policy=policy
        ) as lab:
            drawn = lab.draws(asked, epsilon=1.0, times=99)
            spent = lab.explain(asked, epsilon=1.0).loss.delta - 0.25
        came = drawn["employer"].to_pylist().count(CANARY)
        assert came <= (99 * spent + 6 * (99 * spent) ** 0.5 if policy == "none" else 0)
