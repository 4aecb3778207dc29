"""What the demo asks, and what it asks in vain."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, TypedDict


class Spending(TypedDict, total=False):
    """What is said about spending: one of these, or nothing."""

    epsilon: float
    rho: float
    margin: float
    share: float


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the demo, in words and in SQL, and what it may cost."""

    words: str
    project: str
    sql: str
    spending: Spending = field(default_factory=Spending)

    def written(self, sql: str) -> Question:
        """The same question in other words of SQL."""
        return replace(self, sql=sql)


PEOPLE: Final = "people-and-places"
WORK: Final = "work-and-income"
WAGES: Final = "wages-over-time"
PILOT: Final = "pilot"
LEARNING: Final = "learning-and-pay"

QUESTIONS: Final = (
    Question(
        "How many people does agency A know in each state?",
        PEOPLE,
        """SELECT state, COUNT(*) AS people
FROM people_a
GROUP BY state
ORDER BY people DESC""",
        {"epsilon": 0.5},
    ),
    Question(
        "How many born before 1950 does agency B know? To within 50 people.",
        PEOPLE,
        """SELECT COUNT(DISTINCT person_id) AS people
FROM people_b
WHERE birth_year < 1950""",
        {"margin": 50},
    ),
    Question(
        "In which decades were they born?",
        PEOPLE,
        """SELECT WIDTH_BUCKET(birth_year, 1900, 2000, 10) AS decade, COUNT(*) AS people
FROM people_b
WHERE birth_year IS NOT NULL
GROUP BY decade
HAVING COUNT(*) > 100""",
        {"epsilon": 0.3},
    ),
    Question(
        "What do people earn, by the highest qualification another agency knows of?",
        LEARNING,
        """SELECT level, AVG(pay) AS pay
FROM education AS d
JOIN earnings AS e ON e.person_id = d.person_id
GROUP BY level
ORDER BY level""",
        {"epsilon": 2.0},
    ),
    Question(
        "How long do people work, by schooling? The five longest.",
        WORK,
        """SELECT education, AVG(hours_per_week) AS hours
FROM census
GROUP BY education
ORDER BY hours DESC
LIMIT 5""",
        {"epsilon": 0.4},
    ),
    Question(
        "What share of women and of men earns more than 50,000 dollars?",
        WORK,
        """SELECT sex,
    SUM(CASE WHEN income = '>50K' THEN 1 ELSE 0 END) / COUNT(*) AS share
FROM census
GROUP BY sex""",
        {"epsilon": 0.3},
    ),
    Question(
        "How many adults are of which age?",
        WORK,
        """SELECT
    CASE
        WHEN age < 25 THEN 'under 25'
        WHEN age < 65 THEN '25 to 64'
        ELSE '65 and over'
    END AS ages,
    COUNT(*) AS people
FROM census
GROUP BY ages""",
        {"rho": 0.002},
    ),
    Question(
        "Who works for whom? Missing is an answer too.",
        WORK,
        """SELECT workclass, sex, COUNT(*) AS people
FROM census
WHERE education IN ('Masters', 'Doctorate')
GROUP BY workclass, sex
ORDER BY people DESC
LIMIT 6""",
        {"epsilon": 0.3},
    ),
    Question(
        "How much did people gain on capital, counting at most 20,000 each?",
        WORK,
        """SELECT SUM(CLAMP(capital_gain, 0, 20000)) AS dollars, COUNT(*) AS people
FROM census""",
        {"share": 0.05},
    ),
    Question(
        "What did young men earn in unions, and outside (log of dollars an hour)?",
        WAGES,
        """SELECT "union", AVG(lwage) AS log_wage
FROM wages
GROUP BY "union"
ORDER BY log_wage""",
        {"epsilon": 1.5},
    ),
    Question(
        "How many of them belonged to a union, year by year?",
        WAGES,
        """SELECT year, COUNT(DISTINCT person_id) AS members
FROM wages
WHERE "union"
GROUP BY year
ORDER BY year""",
        {"epsilon": 1.5},
    ),
)

REPEATED: Final = next(each for each in QUESTIONS if "AVG(hours" in each.sql)
"""Asked a second time, written differently, to show that a repeat costs nothing."""

REWRITTEN: Final = """select education, avg(hours_per_week) hours from census
group by 1 order by 2 desc limit 5"""

LAST: Final = Question(
    "The pilot spends all it has on one question.",
    PILOT,
    "SELECT AVG(hours_per_week) AS hours FROM census WHERE age < 30",
    {"share": 1.0},
)

IN_VAIN: Final = (
    Question(
        "Show me somebody.",
        WORK,
        "SELECT age, education, income FROM census LIMIT 1",
    ),
    Question(
        "How much did people gain on capital, with no limit to what one can add?",
        WORK,
        "SELECT SUM(capital_gain) AS dollars FROM census",
    ),
    Question(
        "One more question of the pilot.",
        PILOT,
        "SELECT AVG(age) AS age FROM census",
        {"epsilon": 0.1},
    ),
)

TO_GO_ON: Final = (
    Question(
        "How old are people with each schooling?",
        WORK,
        """SELECT education, AVG(age) AS age, COUNT(*) AS people
FROM census GROUP BY education ORDER BY age""",
        {"epsilon": 0.2},
    ),
    Question(
        "How many people does agency B know who were born in each year of the forties?",
        PEOPLE,
        """SELECT birth_year, COUNT(*) AS people FROM people_b
WHERE birth_year BETWEEN 1940 AND 1949 GROUP BY birth_year""",
        {"epsilon": 0.2},
    ),
)
"""Left for whoever ran the demo to ask."""
