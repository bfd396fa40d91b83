"""The answer of a language model: codes from closed lists, a number, and quotes that are checked. Pure.

Nothing that it writes freely reaches a reader except words that are really said in the recording: a fraud that talks to
the model could otherwise put its own telephone number into the advice.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from context_analyzer.transcript import Transcript, Turn, plain

_LEAST_CHARACTERS = 4
"""Letters and digits of a quote: a shorter one is found in any call."""

_MOST_ERRORS = 5


class ScamType(StrEnum):
    """How a fraud goes about it."""

    NONE = "None"
    FAMILY_EMERGENCY = "FamilyEmergency"
    AUTHORITY_IMPERSONATION = "AuthorityImpersonation"
    BANK_IMPERSONATION = "BankImpersonation"
    TECH_SUPPORT = "TechSupport"
    LOAN = "Loan"
    INVESTMENT = "Investment"
    DELIVERY = "Delivery"
    ROMANCE = "Romance"
    PRIZE = "Prize"
    OTHER = "Other"


class Demand(StrEnum):
    """What the person who is called is asked for."""

    MONEY_TRANSFER = "MoneyTransfer"
    CASH = "Cash"
    GIFT_CARDS = "GiftCards"
    BANK_DETAILS = "BankDetails"
    PASSWORDS_OR_CODES = "PasswordsOrCodes"
    IDENTITY_DOCUMENT = "IdentityDocument"
    REMOTE_ACCESS = "RemoteAccess"
    APP_OR_LINK = "AppOrLink"
    SECRECY = "Secrecy"
    STAY_ON_LINE = "StayOnLine"


class Advice(StrEnum):
    """What to do now."""

    HANG_UP = "HangUp"
    CALL_BACK = "CallBackOnKnownNumber"
    SEND_NOTHING = "SendNothing"
    TELL_NO_CODES = "TellNoCodes"
    INSTALL_NOTHING = "InstallNothing"
    TELL_FAMILY = "TellFamily"
    CALL_BANK = "CallYourBank"
    CALL_POLICE = "CallThePolice"
    KEEP_RECORDING = "KeepRecording"


class Quote(BaseModel):
    """Words of one turn."""

    model_config = ConfigDict(extra="ignore")

    turn: int = Field(ge=0, le=1_000_000, description="The turn's number.")
    text: str = Field(min_length=1, max_length=300, description="Its words, copied exactly.")


class Answer(BaseModel):
    """The whole answer."""

    model_config = ConfigDict(extra="ignore")

    scam_type: ScamType
    risk: int = Field(ge=0, le=100, strict=True)
    quotes: list[Quote] = Field(max_length=10, description="The words that the risk rests on.")
    asked_for: list[Demand] = Field(max_length=10)
    advice: list[Advice] = Field(max_length=9)


class Unusable(Exception):
    """An answer is not one; the message says what is wrong with it, for the model to correct."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A quote at its place in the recording."""

    text: str
    start: float
    stop: float


def parse(text: str) -> Answer:
    """Return the answer in what a model wrote; words around the JSON object are passed over.

    Raises:
        Unusable: there is none.
    """
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        raise Unusable("There is no JSON object in it.")
    try:
        return Answer.model_validate_json(text[begin : end + 1])
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)[:_MOST_ERRORS]
        message = "; ".join(f"{'.'.join(map(str, detail['loc'])) or 'object'}: {detail['msg']}" for detail in details)
        raise Unusable(message[:1000]) from error


def grounded(quotes: Sequence[Quote], transcript: Transcript) -> list[Passage]:
    """Return those quotes that are really said, each once, with their times; the others are dropped."""
    passages: dict[tuple[float, float], Passage] = {}
    turns = [_letters(turn.text) for turn in transcript.turns] if quotes else []
    for quote in quotes:
        quoted, _ = _letters(plain(quote.text))
        if len(quoted) < _LEAST_CHARACTERS:
            continue
        named = [quote.turn] if quote.turn < len(turns) else []
        for number in [*named, *range(len(turns))]:
            letters, places = turns[number]
            start = letters.find(quoted)
            if start >= 0:
                passage = _passage(transcript.turns[number], places[start], places[start + len(quoted) - 1] + 1)
                passages.setdefault((passage.start, passage.stop), passage)
                break
    return list(passages.values())


def _passage(turn: Turn, begin: int, end: int) -> Passage:
    return Passage(turn.text[begin:end], *turn.seconds(begin, end))


def _letters(text: str) -> tuple[str, list[int]]:
    """Return letters and digits in lower case, and where each stood: models change spaces, case and punctuation."""
    kept = [
        (folded, index)
        for index, char in enumerate(text)
        if unicodedata.category(char)[0] in "LNM"
        for folded in char.casefold()
    ]
    return "".join(char for char, _ in kept), [index for _, index in kept]
