"""Permits, revocation lists and the tokens of the built-in issuer, each signed JSON of its own type."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from dataspace.adapters.agreements import agreement
from dataspace.adapters.sealed_json import CLOCK_LEEWAY, SealedJson, moment, seconds
from dataspace.errors import InvalidRequest, NotAuthenticated, SetupError, VerificationFailed
from dataspace.model.codec import from_json, to_json
from dataspace.model.permits import Permit, PermitStatus
from dataspace.model.principals import Principal
from dataspace.ports import Clock, Signer

PERMIT_TYPE = "dataspace-permit+jws"
STATUS_TYPE = "dataspace-status+jws"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - the type of RFC 9068, not a token
LONGEST_TOKEN = timedelta(hours=24)
LONGEST_PERMIT = timedelta(days=3653)
"""Ten years with their leap days."""

T = TypeVar("T")


class JosePermitSeal:
    """`PermitSeal`. `pinned` maps each issuer to its public key; one's own is trusted without being pinned.

    A permit that is not yet valid is refused. Whether one has expired or is revoked is for the decision to say,
    which can also say what to do about it.
    """

    def __init__(self, signer: Signer | None, issuer: str, pinned: Mapping[str, bytes], clock: Clock) -> None:
        known = dict(pinned) if signer is None else {**pinned, issuer: signer.public_key()}
        self._signer = signer
        self._issuer = issuer
        self._clock = clock
        self._permits = SealedJson(PERMIT_TYPE, "permit", known)
        self._statuses = SealedJson(STATUS_TYPE, "revocation list", known)

    def sign(self, permit: Permit) -> str:
        """Raises InvalidRequest for a permit that names another issuer, SetupError where there is no key to sign."""
        if permit.issued_by != self._issuer:
            raise InvalidRequest(
                f"This permit is to be issued by '{permit.issued_by}', not '{self._issuer}'."
            )
        _check_span(permit)
        payload = {
            "iss": self._issuer,
            "nbf": seconds(permit.not_before),
            "exp": seconds(permit.expires),
            "odrl": agreement(permit),
            "permit": to_json(permit),
        }
        return self._permits.seal(payload, self._key())

    def verify(self, jws: str) -> Permit:
        permit = self._permits.read(jws, _permit)
        if permit.not_before > self._clock.now() + CLOCK_LEEWAY:
            raise VerificationFailed(
                "The permit is not valid yet.", f"It begins on {permit.not_before:%Y-%m-%d %H:%M} UTC."
            )
        return permit

    def sign_status(self, status: PermitStatus) -> str:
        """Raises like `sign`."""
        if status.issuer != self._issuer:
            raise InvalidRequest(f"This list is to be issued by '{status.issuer}', not '{self._issuer}'.")
        payload = {"iss": self._issuer, "iat": seconds(status.at), "status": to_json(status)}
        return self._statuses.seal(payload, self._key())

    def verify_status(self, jws: str) -> PermitStatus:
        """The list as its issuer signed it. How old it may be, and whether the nonce is one's own, the caller knows."""
        issuer, claims = self._statuses.open(jws)
        status = _noun(PermitStatus, claims, "status")
        if status.issuer != issuer or moment(claims, "iat") != _whole(status.at):
            raise _refused("The revocation list contradicts its envelope.")
        if status.at > self._clock.now() + CLOCK_LEEWAY:
            raise VerificationFailed(
                "The revocation list is from the future.", "Set the clocks of both machines by NTP."
            )
        return status

    def _key(self) -> Signer:
        if self._signer is None:
            raise SetupError("There is no key here to sign permits with.", "Sign at the hub.")
        return self._signer


class JoseTokens:
    """`Tokens`: the built-in issuer of a single machine. Bearer tokens in the manner of RFC 9068, short-lived."""

    def __init__(self, signer: Signer, issuer: str, audience: str, clock: Clock) -> None:
        self._signer = signer
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._tokens = SealedJson(TOKEN_TYPE, "token", {issuer: signer.public_key()})

    def issue(self, principal: Principal, seconds: float, since: datetime | None = None) -> str:
        """A token that holds for `seconds`, at most a day. Raises InvalidRequest for anything else."""
        if not 1 <= seconds <= LONGEST_TOKEN.total_seconds():
            raise InvalidRequest("A token holds for a second at least and a day at most.", "Ask for less.")
        now = int(self._clock.now().timestamp())
        payload = {
            "iss": self._issuer,
            "aud": self._audience,
            "iat": now,
            "exp": now + int(seconds),
            "auth_time": now if since is None else int(since.timestamp()),
            "jti": secrets.token_hex(16),
            "sub": principal.id,
            "roles": sorted(principal.roles),
            "principal": to_json(principal),
        }
        return self._tokens.seal(payload, self._signer)

    def principal(self, token: str) -> Principal:
        return self._held(token)[1]

    def signed_in_at(self, token: str) -> datetime:
        claims, _ = self._held(token)
        at = moment(claims, "auth_time") or moment(claims, "iat")
        if at is None:
            raise NotAuthenticated("The token does not hold.", "Sign in again.")
        return at

    def _held(self, token: str) -> tuple[Mapping[str, Any], Principal]:
        try:
            claims, principal = self._tokens.read(token, _bearer)
        except VerificationFailed as error:
            raise NotAuthenticated("The token does not hold.", "Sign in again.") from error
        issued, expires, now = moment(claims, "iat"), moment(claims, "exp"), self._clock.now()
        if claims.get("aud") != self._audience:
            raise NotAuthenticated("The token is for another service.", "Sign in here.")
        if (claims.get("sub"), claims.get("roles")) != (principal.id, sorted(principal.roles)):
            raise NotAuthenticated("The token contradicts itself.", "Sign in again.")
        if issued is None or expires is None or issued > now + CLOCK_LEEWAY or expires <= now:
            raise NotAuthenticated(
                "The token has expired.", "Sign in again: `dataspace hub token PERSON` makes a token."
            )
        return claims, principal


def _noun(kind: type[T], claims: Mapping[str, Any], name: str) -> T:
    try:
        return from_json(kind, claims.get(name))
    except ValueError as error:
        raise _refused(f"The signed {name} cannot be read by this version.") from error


def _bearer(_: str, claims: Mapping[str, Any]) -> tuple[Mapping[str, Any], Principal]:
    """What a token says, and of whom; whether it still holds depends on the moment."""
    return claims, _noun(Principal, claims, "principal")


def _permit(issuer: str, claims: Mapping[str, Any]) -> Permit:
    """The permit that a payload states, if it does not contradict itself or its envelope."""
    permit = _noun(Permit, claims, "permit")
    if permit.issued_by != issuer:
        raise _refused("The permit says that another issuer issued it than the one who signed it.")
    if claims.get("odrl") != agreement(permit):
        raise _refused("The permit's ODRL agreement says something else than the permit.")
    if (moment(claims, "nbf"), moment(claims, "exp")) != (
        _whole(permit.not_before),
        _whole(permit.expires),
    ):
        raise _refused("The permit's dates are not those of its envelope.")
    _check_span(permit)
    return permit


def _check_span(permit: Permit) -> None:
    """Ten years and no more, whoever signed it; and it ends after it begins."""
    if not permit.not_before < permit.expires <= permit.not_before + LONGEST_PERMIT:
        raise _refused("The permit does not end within 10 years after its beginning.")


def _refused(fact: str) -> VerificationFailed:
    return VerificationFailed(fact, "Ask its issuer for it again.")


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)
