"""Content credentials (C2PA): what a recording says of itself under a signature, and what the signature is worth."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from analyzer_contract.wire import Answer

MOST_CREDENTIALS = 20
MOST_ACTIONS = 20

Word = Annotated[str, StringConstraints(max_length=100)]
"""From the file, without control characters, and cut."""


class CredentialState(StrEnum):
    """What the checks came to."""

    TRUSTED = "Trusted"  # its signature is valid, the content is as it was signed, and the signer is trusted here
    VALID = "Valid"  # the same, of a signer whom this installation does not know
    INVALID = "Invalid"  # a check failed: the content was changed, the signature, the certificate
    UNREADABLE = "Unreadable"  # there is one, but not in a form that can be read within bounds
    REMOTE = "Remote"  # the file only names an address where it is kept; nothing is fetched


class Action(Answer):
    """One thing that is said to have been done."""

    action: Word = Field(description="By C2PA, such as c2pa.created or c2pa.edited.")
    when: Word = Field(default="", description="As it is stated; only the signer vouches for it.")
    software: Word = ""
    source: Word = Field(default="", description="The last part of its digital source type, by IPTC.")


class Credential(Answer):
    """One C2PA manifest: who signed it, when, and what was done."""

    signer: Word = Field(default="", description="The organisation of the certificate, and its name.")
    signed_at: datetime | None = Field(default=None, description="By a time stamp of another service, if there is one.")
    maker: Word = Field(default="", description="The program or device that wrote it.")
    title: Word = ""
    relation: Word = Field(default="", description="To the one before it, such as parentOf. Empty: the file itself.")
    trusted: bool = Field(default=False, description="Its signer is trusted here, and nothing was found wrong with it.")
    actions: list[Action] = Field(default_factory=list, max_length=MOST_ACTIONS)


class Credentials(Answer):
    """The content credentials of one recording."""

    state: CredentialState
    reasons: list[Word] = Field(
        default_factory=list, max_length=10, description="Why not better: status codes by C2PA."
    )
    history: list[Credential] = Field(
        default_factory=list,
        max_length=MOST_CREDENTIALS,
        description="The file's own first, then those that it was made from.",
    )
