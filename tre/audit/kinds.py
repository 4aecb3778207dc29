"""The kinds of record the log has. A record of any other kind cannot be written."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "environment.created": "The environment and its first administrator were made.",
        "environment.backed_up": "A backup of everything was taken.",
        "environment.restored": "The environment was made anew from a backup.",
        "person.added": "A person was added, with roles.",
        "person.roles_changed": "A person's roles were replaced.",
        "person.disabled": "A person may no longer do anything.",
        "token.issued": "A person received a token.",
        "token.revoked": "A token was ended before its time.",
        "account.invited": "Somebody may choose a password; what they had ended.",
        "account.enrolled": "Somebody chose a password and a second factor.",
        "account.locked": "Somebody's sign-in was wrong too often, and waits.",
        "session.opened": "Somebody signed in.",
        "session.closed": "Somebody signed out.",
        "heads.place_set": "Signed heads are published to another place from now on.",
        "provider.set": "Sign-in by a provider was set up or changed.",
        "provider.removed": "Sign-in by a provider was ended.",
        "identity.linked": "A provider's subject was said to be a person.",
        "identity.unlinked": "A provider's subject is that person no longer.",
        "population.created": "A population and its first budget were made.",
        "population.period_agreed": "A controller agreed to a next budget.",
        "population.period_opened": "All controllers agreed, and a new budget began.",
        "dataset.published": "A version of a dataset became the one that is asked.",
        "dataset.withdrawn": "A dataset can no longer be asked.",
        "dataset.rebuilt": "A version was written anew, with fewer people.",
        "dataset.destroyed": "A version's key and file are gone; nobody can read it.",
        "objection.taken": "Objections were taken in for a population.",
        "dataset.cap_lowered": "A new version lowered its dataset's budget.",
        "profile.reserved": "Measuring a new version's profile was charged.",
        "profile.released": "A version's profile was measured.",
        "profile.failed": "A charged profile was not published.",
        "profile.kept": "A version was published without a new profile.",
        "project.proposed": "A project was proposed.",
        "project.amended": "A proposal was changed; its approvals no longer hold.",
        "project.approved": "Somebody approved a project in one capacity.",
        "project.approval_withdrawn": "Somebody took back their approval.",
        "project.activated": "A project had every approval; its budget was opened.",
        "project.suspended": "A project was stopped.",
        "project.resumed": "A suspended project was let go on.",
        "project.closed": "A project ended, with its outcome.",
        "key.rotated": "A zone's key was replaced; its keys were wrapped again.",
        "key.root_replaced": "The keys of all zones were wrapped under another root.",
        "key.destroyed": "A key was destroyed, and with it what it opens.",
        "enclave.layer_accepted": "A missing layer of confinement was accepted.",
        "enclave.layer_required": "A layer of confinement is needed again.",
        "question.reserved": "A question was admitted and charged.",
        "question.refused": "A question was refused; it cost nothing.",
        "question.released": "A question was answered.",
        "question.failed": "A charged question could not be answered.",
        "question.limited": "Refusals came too fast; the next are not recorded.",
        "question.repeated": "An earlier release was given again; it cost nothing.",
    }
)
