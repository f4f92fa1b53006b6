"""A sign-in that goes on: short tokens, each renewed in silence until the person has to sign in again.

A token may be renewed more than once, since two notebooks may hold the same one; what bounds a stolen one is its own
short life, the end of the sign-in, and that a person can be signed out everywhere (RFC 9700, section 4.14, without
the rotation that would sign out the second notebook).
"""

from dataclasses import dataclass
from datetime import timedelta

from dataspace.errors import NotAuthenticated
from dataspace.model.principals import Role
from dataspace.ports import Clock, People, Tokens

_AGAIN = "Sign in again: `dataspace hub token PERSON` makes a token."


@dataclass(frozen=True, slots=True)
class SigningIn:
    """`token_seconds` is how long one token holds, `longest_seconds` how long a sign-in is renewed."""

    tokens: Tokens
    people: People
    clock: Clock
    token_seconds: float
    longest_seconds: float

    def renew(self, token: str) -> tuple[str, float]:
        """A new token in place of one that still holds, and for how many seconds it holds.

        The person is looked up anew: roles that were taken meanwhile are gone. Raises NotAuthenticated where the
        sign-in has lasted long enough, was ended, or is none of a person's.
        """
        principal = self.tokens.principal(token)
        person = self.people.get(principal.id)
        if person is None or Role.SITE in principal.roles:
            raise NotAuthenticated("This token is not of a person that the hub knows.", _AGAIN)
        since, ended = self.tokens.signed_in_at(token), self.people.signed_out_at(person.id)
        if ended is not None and since <= ended:
            raise NotAuthenticated("You were signed out.", _AGAIN)
        end = since + timedelta(seconds=self.longest_seconds)
        seconds = min(self.token_seconds, (end - self.clock.now()).total_seconds())
        if seconds < 1:
            raise NotAuthenticated("The sign-in has lasted as long as one may.", _AGAIN)
        return self.tokens.issue(person, seconds, since), seconds
