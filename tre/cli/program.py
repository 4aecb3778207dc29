"""`tre`: every command and where it is."""

from __future__ import annotations

from typing import Final

import typer

from tre.cli import (
    audit,
    backups,
    conditions,
    datasets,
    doctor,
    encode,
    evaluation,
    keys,
    linkage,
    optout,
    organisations,
    people,
    policies,
    projects,
    providers,
    questions,
    register,
    release,
    review,
    server,
    setup,
    synthesis,
)

program: Final = typer.Typer(
    help="Ask questions about people, under differential privacy.",
    epilog="Exit status: 0 done, 1 failed, 2 wrong usage, 3 refused.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

program.command("init")(setup.init)
program.command("doctor")(doctor.doctor)
program.add_typer(keys.key, name="key")
program.add_typer(setup.population, name="population")
program.add_typer(organisations.organisation, name="organisation")
program.add_typer(people.person, name="person")
program.add_typer(people.token, name="token")
program.add_typer(providers.provider, name="provider")
program.add_typer(datasets.dataset, name="dataset")
program.add_typer(conditions.condition, name="condition")
program.command("encode")(encode.encode)
program.add_typer(optout.optout, name="optout")
program.add_typer(linkage.linkage, name="linkage")
program.add_typer(projects.project, name="project")
program.add_typer(policies.policy, name="policy")
program.command("explain")(questions.explain)
program.command("query")(questions.query)
program.command("synthesise")(synthesis.synthesise)
program.command("budget")(questions.budget)
program.add_typer(review.review, name="review")
program.add_typer(release.release, name="release")
program.command("register")(register.register)
program.add_typer(register.incident, name="incident")
program.add_typer(audit.audit, name="audit")
program.command("evaluate")(evaluation.evaluate)
program.command("backup")(backups.backup)
program.command("restore")(backups.restore)
program.command("serve")(server.serve)
program.command("demo")(server.demo)
