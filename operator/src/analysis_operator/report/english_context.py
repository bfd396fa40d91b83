"""What the context analyzer finds, and what limits it, in English."""

from __future__ import annotations

from analysis_operator.report.words import Kind

CONTEXT_KINDS = {
    "ScamPattern": Kind(
        "Like a phishing call",
        "Several signs of a phishing call come together: pressure, a false story, and a demand that would cost "
        "money, secrets or control.",
        "An honest emergency can sound like this, too. Call back on a number that you already know, and ask.",
    ),
    "ScamWords": Kind(
        "Words of a fraud",
        "A language model that read the whole call takes these words for part of a fraud. They are really said in "
        "the recording.",
        "A joke, a rehearsal or a warning of fraud can be misread.",
    ),
    "MoneyTransfer": Kind(
        "A demand for money",
        "The caller wants money sent. Send nothing before you have called back on a number that you already know.",
        "Relatives and shops ask for money honestly, too.",
    ),
    "SafeAccount": Kind(
        "A “safe account”",
        "The caller wants savings moved to an account where they are safe. No bank and no authority has such "
        "accounts: it is always fraud.",
        "A talk or a warning about this trick mentions it, too.",
    ),
    "SecretsDemand": Kind(
        "A demand for codes or passwords",
        "The caller wants a code, a password or the number of a card or document. Whoever has it can empty an "
        "account. Tell it to nobody.",
        "You may be asked for such a thing where you called yourself.",
    ),
    "GiftCards": Kind(
        "Payment by gift card",
        "The caller wants gift cards bought and their numbers told. No authority, bank or firm is paid like this.",
        "A gift card can be a present.",
    ),
    "RemoteControl": Kind(
        "Remote control, or an app to install",
        "The caller wants an app installed, a link opened, or your screen. Whoever controls the device reads its "
        "messages and codes. Install nothing; if you did, switch the device off and call your bank from another "
        "one.",
        "Firms that you called yourself help like this, too.",
    ),
    "CashHandover": Kind(
        "Cash to hand over",
        "The caller wants cash withdrawn or handed to somebody who comes for it. No authority, bank or lawyer "
        "sends for cash.",
        "Craftsmen and friends are paid in cash.",
    ),
    "Urgency": Kind(
        "Haste",
        "The caller presses for time, so that nobody thinks or asks.",
        "Honest callers are in a hurry, too.",
    ),
    "Secrecy": Kind(
        "Secrecy",
        "The caller wants nobody to know, or the line kept open, so that nobody can warn you. Tell somebody.",
        "A surprise is a secret, too.",
    ),
    "Threat": Kind(
        "A threat",
        "The caller threatens: with arrest, with a blocked account, or with harm to somebody. Hang up and ask the "
        "police at 112.",
        "Offices name legal consequences, too, but in letters.",
    ),
    "AuthorityClaim": Kind(
        "A claim of authority",
        "The caller says that an office, the police, a bank or a firm is calling. Everybody can say that, and "
        "numbers on the display can be forged.",
        "It can be true: call back on a number that you look up yourself.",
    ),
    "FamilyEmergency": Kind(
        "A relative in trouble",
        "The caller tells of an accident, an arrest, a kidnapping or a broken telephone of somebody close to you. "
        "Voices can be copied. Call that person on the number you know.",
        "Accidents happen.",
    ),
    "LoanOffer": Kind(
        "A loan that is too good",
        "The caller offers a cheap loan, or wants an old one repaid first. No bank lends like this on the telephone.",
        "Banks advertise loans, too.",
    ),
    "InvestmentPromise": Kind(
        "A profit that is certain",
        "The caller promises gains without risk, or tells secrets of the market. There is no such thing.",
        "Careless advertising sounds like this.",
    ),
    "CoachedLie": Kind(
        "A lie to tell at the bank",
        "The caller says what to answer when the bank asks. Tell the bank the truth: it asks to protect you.",
        "Hardly ever is this harmless.",
    ),
    "AnalysisManipulation": Kind(
        "Words meant for this analysis",
        "Somebody tells a computer program how to judge this call. Nobody says that in an honest conversation. It "
        "had no effect here.",
        "A talk about such programs can contain it.",
    ),
    "CallerWants": Kind(
        "What the caller wants",
        "What the language model heard the caller ask for.",
        "Each of these can be asked for honestly.",
    ),
    "ScamAdvice": Kind(
        "What to do",
        "What is best done now after such a call.",
        "After an honest call nothing is lost by it.",
    ),
    "TranscriptSupplied": Kind(
        "A transcript that was sent along",
        "The words were not taken from the sound here: somebody sent the transcript along with the recording.",
        "This is how it works where no transcription is set up.",
    ),
    "TranscriptCut": Kind(
        "Only partly read",
        "The call is long: the language model read its beginning and its end. The rules looked at all of it.",
        "Long calls are nothing unusual.",
    ),
    "TranscriberMissing": Kind(
        "No transcript",
        "There is no transcript of this recording, so its words could not be judged.",
        "Transcription is not set up here.",
    ),
    "TranscriberForbidden": Kind(
        "No transcript",
        "The recording may not be transcribed here, so its words could not be judged.",
        "A right is missing in this installation.",
    ),
    "TranscriberThrottled": Kind(
        "No transcript for now",
        "Too many recordings were to be transcribed at once. Have it analysed again later.",
        "This passes by itself.",
    ),
    "TranscriberUnavailable": Kind(
        "No transcript",
        "The transcription did not work, so its words could not be judged. Have it analysed again later.",
        "This is no sign of anything in the recording.",
    ),
    "TranscriptInvalid": Kind(
        "An unreadable transcript",
        "What was given as a transcript is none, so the words could not be judged.",
        "A wrong file can be the cause.",
    ),
    "VersionNotCurrent": Kind(
        "An older version",
        "Only the newest version of a recording can be transcribed, and this is an older one.",
        "Somebody uploaded the recording again.",
    ),
    "NoSpeech": Kind(
        "Hardly a word",
        "Hardly anything is said in this recording, so there was nothing to judge.",
        "Music, silence and very short messages are like this.",
    ),
    "UnsupportedLanguage": Kind(
        "Another language",
        "The rules know English and Korean. In this language they hardly find anything, so their silence says nothing.",
        "Most of the world speaks another language.",
    ),
    "ModelForbidden": Kind(
        "The language model was not asked",
        "It may not be used here. The words were judged by rules alone.",
        "A right is missing in this installation.",
    ),
    "ModelThrottled": Kind(
        "The language model was not reached",
        "It was asked too much at that moment. The words were judged by rules alone.",
        "This passes by itself.",
    ),
    "ModelTimeout": Kind(
        "The language model was too slow",
        "It did not answer in time. The words were judged by rules alone.",
        "This passes by itself.",
    ),
    "ModelUnavailable": Kind(
        "The language model was not reached",
        "It gave no answer. The words were judged by rules alone.",
        "This passes by itself.",
    ),
    "ModelRefused": Kind(
        "The language model refused",
        "It would not read this call. The words were judged by rules alone.",
        "Models refuse harmless texts, too.",
    ),
    "ModelAnswerInvalid": Kind(
        "An answer of no use",
        "The language model's answer could not be used. The words were judged by rules alone.",
        "Models make mistakes.",
    ),
    "ModelAnswerUngrounded": Kind(
        "A warning without proof",
        "The language model warned, and named no words that are really said. So it does not count.",
        "Models make mistakes.",
    ),
}
