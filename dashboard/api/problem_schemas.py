"""What every part of the interface answers when something is wrong."""

from pydantic import BaseModel, Field


class ObjectionOut(BaseModel):
    """One of several things that speak against a request."""

    field: str = Field(examples=["answers[3].reason"])
    reason: str = Field(examples=["missing"])
    remedy: str


class ProblemOut(BaseModel):
    """application/problem+json (RFC 9457) with a stable `reason` and the `field` to mend."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str
    reason: str = Field(examples=["wrong_state"])
    field: str | None
    errors: list[ObjectionOut] = Field(
        default=[], description="everything that is wrong, where more than one thing may be"
    )
