"""What requests may say, and what answers look like in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Spending(BaseModel):
    """What to spend: at most one of the four; 1% of what is left when none is said."""

    model_config = ConfigDict(extra="forbid", strict=True)

    epsilon: float | None = Field(
        None, description="The largest ε that this question alone may cost."
    )
    rho: float | None = Field(None, description="ρ itself; not in a pure project.")
    margin: float | None = Field(
        None, description="The 95% margin wanted, in each column's own unit."
    )
    share: float | None = Field(
        None, description="The share of what the project has left: 0.01 is 1%."
    )

    def spending(self) -> dict[str, float | None]:
        """What to spend, by the keywords of `Environment.ask`."""
        return {
            "epsilon": self.epsilon,
            "rho": self.rho,
            "margin": self.margin,
            "share": self.share,
        }


class Draft(Spending):
    """A question to explain."""

    sql: str = Field(min_length=1, examples=["SELECT COUNT(*) AS n FROM people"])


class Drafts(Spending):
    """Questions to explain together; what to spend is for all of them."""

    questions: list[str] = Field(min_length=1, max_length=200)
    parts: list[float] | None = Field(
        None, description="Each question's part of what is spent; evenly by default."
    )


class Question(Draft):
    """A question to answer."""

    fresh: bool = Field(
        default=False,
        description="Draw, and charge, again even where the answer is known.",
    )


class Manifest(BaseModel):
    """A Data Package descriptor, as JSON; the manual has its fields."""

    model_config = ConfigDict(extra="allow")


class Said(BaseModel):
    """What somebody says at the desk: text of these names, and nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class SignIn(Said):
    """A person, their password, and the code that their authenticator shows."""

    person: str = Field(min_length=1)
    password: str = Field(min_length=1, repr=False)
    code: str = Field(min_length=1, repr=False)


class Welcome(Said):
    """An invitation, as an administrator handed it over."""

    invitation: str = Field(min_length=1, repr=False)


class Acceptance(Welcome):
    """A password from now on, and a code that shows the authenticator works."""

    password: str = Field(min_length=1, repr=False)
    code: str = Field(min_length=1, repr=False)


class Back(BaseModel):
    """What a provider sends back by way of the browser."""

    code: str = Field("", repr=False)
    state: str = Field("", repr=False)
    iss: str | None = None


class TokenWish(Said):
    """How long a token is for, and for which uses: read, ask, publish, account."""

    hours: int = Field(8, ge=1, le=24 * 90)
    scopes: list[str] = Field(["ask", "read"], min_length=1)


class LossDocument(BaseModel):
    """A privacy loss; under zCDP only ρ adds up."""

    rho: float
    epsilon: float
    delta: float


class ColumnDocument(BaseModel):
    """A column of a release."""

    name: str
    type: str = Field(
        description="integer, number, decimal (as text), boolean, date, datetime "
        "or string"
    )


class ReleaseDocument(BaseModel):
    """A released table with what it cost and its signed receipt.

    For each noised column x there are also x_low and x_high, a 95% interval, and
    x_status: ok, unreliable, or suppressed and the rule.
    """

    id: str
    charged: bool = Field(description="Whether this request was charged.")
    loss: LossDocument
    receipt: dict[str, Any]
    columns: list[ColumnDocument]
    rows: list[dict[str, Any]]


class BudgetDocument(BaseModel):
    """What a project has left."""

    project: str
    left: LossDocument


class ProblemDocument(BaseModel):
    """An error (RFC 9457). `code` is stable; the manual lists what each means."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    clause: str = Field("", description="The part of the question it is about.")
    position: str = Field("", description="Where that is: `line 2, column 7`.")
    suggestion: str = Field("", description="The smallest change that would pass.")
    path: str = Field("", description="The place in a manifest or source.")
    errors: list[dict[str, str]] = Field(
        default=[], description="Each field of the request that is wrong."
    )
