"""People, their roles, and what they sign in with."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Final

import typer

from tre.cli.options import HERE, Home, Json, Person, day, period
from tre.cli.output import answer, columns, note
from tre.cli.session import acting_person, opened

person: Final = typer.Typer(help="People and their roles.", no_args_is_help=True)
token: Final = typer.Typer(help="What people sign in with.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="Whom it is about.")]
What = Annotated[str, typer.Argument(metavar="KIND", help="accreditation or training.")]
Day = Annotated[
    date | None,
    typer.Option(metavar="DATE", parser=day, help="The last day. [default: a year on]"),
]


@person.command("add", context_settings={"allow_extra_args": True})
def add(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    subject: Id,
    *,
    role: Annotated[
        list[str],
        typer.Option(
            "--role",
            metavar="ROLE…",
            help="researcher, steward, committee, output-checker, evaluator, auditor, "
            "linker or administrator; more than one may follow.",
        ),
    ],
    controller: Annotated[
        str | None,
        typer.Option("--controller", metavar="NAME", help="Whom a steward works for."),
    ] = None,
    organisation: Annotated[
        str | None,
        typer.Option("--organisation", metavar="NAME", help="Whom they are of."),
    ] = None,
    accredited_until: Day = None,
    trained_until: Day = None,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Add a person. A researcher is vouched for by this, for a year or as said."""
    roles = [*role, *context.args]
    with opened(home) as environment:
        environment.add_person(
            subject,
            roles=roles,
            controller=controller,
            organisation=organisation,
            accredited_until=accredited_until,
            trained_until=trained_until,
            person=person,
        )
    answer(
        {
            "person": subject,
            "roles": roles,
            "controller": controller,
            "organisation": organisation,
        },
        lambda: [f"Added {subject}: {', '.join(roles)}."],
        as_json=as_json,
    )


@person.command("affiliate")
def affiliate(
    subject: Id,
    organisation: Annotated[str, typer.Argument(metavar="ORGANISATION")],
    *,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Say which organisation a person is of, from now on."""
    with opened(home) as environment:
        environment.affiliate(subject, organisation, person=person)
    document = {"person": subject, "organisation": organisation}
    answer(document, lambda: [f"{subject} is of {organisation}."], as_json=as_json)


@person.command("qualify")
def qualify(  # noqa: PLR0913 - one parameter for each option
    subject: Id,
    kind: What,
    *,
    until: Annotated[
        date, typer.Option("--until", metavar="DATE", parser=day, help="The last day.")
    ],
    reference: Annotated[
        str, typer.Option("--reference", metavar="TEXT", help="Where it is on paper.")
    ],
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Record a person's accreditation or training, in place of what they had."""
    with opened(home) as environment:
        environment.qualify(
            subject, kind, until=until, reference=reference, person=person
        )
    document = {"person": subject, "kind": kind, "until": until}
    words = f"{subject}: {kind} until {until}."
    answer(document, lambda: [words], as_json=as_json)


@person.command("disqualify")
def disqualify(
    subject: Id,
    kind: What,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """End a person's accreditation or training; their next question is refused."""
    with opened(home) as environment:
        environment.disqualify(subject, kind, reason=reason, person=person)
    document = {"person": subject, "ended": kind}
    answer(document, lambda: [f"{subject}: {kind} ended."], as_json=as_json)


@person.command("invite")
def invite(
    subject: Id, *, person: Person = None, home: Home = HERE, as_json: Json = False
) -> None:
    """Let a person choose a password, the first time or because it is lost.

    What they had before ends at once. The invitation is shown this once.
    """
    with opened(home) as environment:
        made = environment.identity.invite(subject, by=acting_person(person))
    document = {
        "person": subject,
        "invitation": made.secret,
        "expires_at": made.expires_at,
    }
    answer(document, lambda: [made.secret], as_json=as_json)
    note(f"Hand it to {subject} alone: good once, until {made.expires_at:%d %B %H:%M}.")


@token.command("issue")
def issue(
    subject: Id,
    *,
    life: Annotated[
        timedelta,
        typer.Option(
            "--for", metavar="PERIOD", parser=period, help="Such as 12h or 7d."
        ),
    ] = "7d",  # type: ignore[assignment] # read by the parser
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="USE",
            help="read, ask, publish or account; may be given again. "
            "[default: all but account]",
        ),
    ] = None,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Issue a token; it is shown this once and kept nowhere."""
    from tre.governance.scopes import USUAL, read_scopes

    with opened(home) as environment:
        issued = environment.identity.issue_token(
            subject,
            by=acting_person(person),
            life=life,
            scopes=USUAL if scope is None else read_scopes(scope),
        )
    document = {
        "person": subject,
        "token": issued.secret,
        "id": issued.id,
        "scopes": issued.scopes,
        "expires_at": issued.expires_at,
    }
    answer(document, lambda: [issued.secret], as_json=as_json)
    note(
        f"Keep it: it is shown this once. It ends on {issued.expires_at:%d %B %Y}; "
        f"`tre token revoke {issued.id}` ends it before."
    )


@token.command("list")
def list_tokens(
    subject: Id, *, person: Person = None, home: Home = HERE, as_json: Json = False
) -> None:
    """List a person's tokens, without what is secret of them."""
    with opened(home) as environment:
        found = environment.identity.tokens(subject, by=acting_person(person))
    table = columns("token", "for", "issued", "ends", "revoked")
    for each in found:
        revoked = f"{each.revoked_at:%Y-%m-%d %H:%M}" if each.revoked_at else ""
        table.add_row(
            each.id,
            ", ".join(each.scopes),
            f"{each.issued_at:%Y-%m-%d %H:%M}",
            f"{each.expires_at:%Y-%m-%d %H:%M}",
            revoked,
        )
    answer(found, lambda: [table], as_json=as_json)


@token.command("revoke")
def revoke(
    subject: Annotated[str, typer.Argument(metavar="TOKEN", help="The token's id.")],
    *,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """End a token now."""
    with opened(home) as environment:
        environment.identity.revoke_token(subject, by=acting_person(person))
    answer({"revoked": subject}, lambda: [f"Ended {subject}."], as_json=as_json)
