"""The closed lists of an answer in English and Korean: what a person reads."""

from __future__ import annotations

from context_analyzer.answer import Advice, Demand, ScamType

SCAM_TYPES = {
    ScamType.NONE: "no fraud",
    ScamType.FAMILY_EMERGENCY: "a relative in trouble",
    ScamType.AUTHORITY_IMPERSONATION: "somebody who poses as an authority",
    ScamType.BANK_IMPERSONATION: "somebody who poses as a bank",
    ScamType.TECH_SUPPORT: "false technical support",
    ScamType.LOAN: "a false loan",
    ScamType.INVESTMENT: "a false investment",
    ScamType.DELIVERY: "a false delivery",
    ScamType.ROMANCE: "a false friend",
    ScamType.PRIZE: "a false prize",
    ScamType.OTHER: "a fraud of another kind",
}

DEMANDS = {
    Demand.MONEY_TRANSFER: ("money", "송금"),
    Demand.CASH: ("cash", "현금"),
    Demand.GIFT_CARDS: ("gift cards", "상품권"),
    Demand.BANK_DETAILS: ("bank details", "계좌 정보"),
    Demand.PASSWORDS_OR_CODES: ("passwords or codes", "비밀번호나 인증번호"),
    Demand.IDENTITY_DOCUMENT: ("identity papers", "신분증"),
    Demand.REMOTE_ACCESS: ("remote access", "원격 제어"),
    Demand.APP_OR_LINK: ("an app or a link", "앱 설치나 링크 접속"),
    Demand.SECRECY: ("secrecy", "비밀 유지"),
    Demand.STAY_ON_LINE: ("staying on the line", "전화를 끊지 말 것"),
}

ADVICE = {
    Advice.HANG_UP: ("Hang up.", "전화를 끊으세요."),
    Advice.CALL_BACK: ("Call back on a number you know.", "알던 번호로 다시 거세요."),
    Advice.SEND_NOTHING: ("Send nothing.", "돈을 보내지 마세요."),
    Advice.TELL_NO_CODES: ("Tell no codes.", "번호를 알려주지 마세요."),
    Advice.INSTALL_NOTHING: ("Install nothing.", "앱을 깔지 마세요."),
    Advice.TELL_FAMILY: ("Tell your family.", "가족에게 알리세요."),
    Advice.CALL_BANK: ("Call your bank.", "은행에 전화하세요."),
    Advice.CALL_POLICE: ("Call the police (Korea: 112).", "112에 신고하세요."),
    Advice.KEEP_RECORDING: ("Keep the recording.", "녹음을 보관하세요."),
}
"""In the order of their urgency."""

SCAM_KINDS = {
    "Agency": "a call of somebody who poses as an authority",
    "BankDesk": "a call of somebody who poses as a bank's security desk",
    "Card": "a call about a card that nobody ordered",
    "Delivery": "a call about a false parcel or customs case",
    "Family": "a call of somebody who poses as a relative or friend in trouble",
    "Investment": "a call about a false investment",
    "Job": "a call that recruits helpers of frauds",
    "Loan": "a call about a false loan",
    "Prize": "a call about a false prize or grant",
    "Refund": "a call about a false refund or charge",
    "Romance": "a call of a false sweetheart",
    "TechSupport": "a call of false technical support",
}
"""The kinds that the classifier knows, in the order of the alphabet."""

SCAM_STAGES = {
    "Contact": "first contact",
    "IdentityClaim": "a claim of identity",
    "Incident": "a story that alarms or tempts",
    "Isolation": "isolation from others",
    "AssetCheck": "questions about money",
    "Demand": "a demand",
    "Handover": "the handover",
}
"""The stages of such a call, in their order."""
