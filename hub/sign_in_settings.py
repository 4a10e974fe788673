"""How people sign in, as it is set: second factors, and a provider of sign-on."""

import difflib
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from core.errors import InvalidMessage
from dashboard.access import FIRM_ROLES, Role

_SECTION = ConfigDict(frozen=True, extra="forbid")
NEVER_MADE = FIRM_ROLES | {Role.ADMINISTRATOR, Role.STATION, Role.USE_UNIT}
"""Roles that no account gets by itself: it would need an owner, or rule over all others."""


class SignIn(BaseModel):
    """How people sign in: `second_factor` lists the roles that need one, with commas between."""

    model_config = _SECTION
    second_factor: str = ""

    @field_validator("second_factor")
    @classmethod
    def _known_roles(cls, told: str) -> str:
        for name in filter(None, (each.strip() for each in told.split(","))):
            _known(name)
        return told

    @property
    def strict_roles(self) -> frozenset[Role]:
        """The roles that need a second factor."""
        named = (each.strip() for each in self.second_factor.split(","))
        return frozenset(Role(each) for each in named if each)


class SignOn(BaseModel):
    """A provider of OpenID Connect; without `issuer` there is none.

    claim: what names the account; label: what the button says; role and area: of accounts that are
    made for whoever the provider knows and the hub does not (empty: none are made).
    """

    model_config = _SECTION
    issuer: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    claim: str = Field(default="preferred_username", min_length=1, max_length=64)
    label: str = Field(default="", max_length=40)
    role: str = ""
    area: str = ""

    @field_validator("issuer")
    @classmethod
    def _over_tls(cls, told: str) -> str:
        url = urlsplit(told)
        here = url.scheme == "http" and url.hostname in {"127.0.0.1", "localhost", "::1"}
        if told and not (here or (url.scheme == "https" and url.hostname)):
            raise ValueError("an issuer is an https address")
        return told

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.issuer and not self.client_id:
            raise ValueError("an issuer needs a client_id")
        if self.role:
            # Only who sets a role pays for loading what knows about scopes.
            from dashboard.scope import Scope, checked  # noqa: PLC0415

            role = _known(self.role)
            if role in NEVER_MADE:
                raise ValueError(f"no account of role {role} is made by itself")
            try:
                checked(role, Scope(self.area))
            except InvalidMessage as error:
                raise ValueError(str(error)) from error
        return self


def _known(name: str) -> Role:
    known = [role.value for role in Role]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
        raise ValueError(f"{name!r} is no role; did you mean {near[0]}?")
    return Role(name)
