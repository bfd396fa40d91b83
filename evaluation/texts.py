"""What the synthetic voices say: sentences of fraud and of every day, and single words."""

from typing import Final

SENTENCES: Final = {
    "en": (
        "Hello grandma, it is me. I had an accident, and I need money today.",
        "Please do not tell mum about this. I will explain everything later.",
        "This is your bank. Your account will be closed unless you confirm your number.",
        "Can you buy three gift cards for me, and read me the codes?",
        "The police are here with me. The lawyer needs the bail in cash.",
        "My phone is broken, so I am calling from the phone of a friend.",
        "We have noticed an unusual payment. Press one to speak to an agent.",
        "A courier will come to your house in twenty minutes to collect the envelope.",
        "Shall we have lunch on Sunday? I will bring the cake this time.",
        "The train was late again, so I walked home along the river.",
        "Do not forget to water the tomatoes while we are away.",
        "The doctor says that the results are good, and that you can stop worrying.",
        "I found your glasses, they were under the newspaper all the time.",
        "It rained all night, but this morning the sky is perfectly clear.",
        "Could you call me back when you have a minute? It is nothing urgent.",
        "The little one has learned to ride a bicycle without any help.",
    ),
    "ko": (
        "할머니, 저예요. 사고가 나서 오늘 돈이 필요해요.",
        "고객님의 계좌가 범죄에 이용되었습니다. 지금 바로 확인이 필요합니다.",
        "엄마, 휴대폰이 고장 나서 친구 전화로 연락하는 거야.",
        "일요일에 같이 점심 먹을까요? 이번에는 제가 케이크를 가져갈게요.",
    ),
    "de": (
        "Hallo Oma, ich bin es. Ich hatte einen Unfall und brauche heute noch Geld.",
        "Der Zug hatte schon wieder Verspätung, da bin ich zu Fuß nach Hause gegangen.",
    ),
    "es": (
        "Hola abuela, soy yo. He tenido un accidente y necesito dinero hoy mismo.",
        "No olvides regar los tomates mientras estamos fuera de casa.",
    ),
    "fr": (
        "Bonjour mamie, c'est moi. J'ai eu un accident et j'ai besoin d'argent aujourd'hui.",
        "Le médecin dit que les résultats sont bons et qu'il ne faut plus s'inquiéter.",
    ),
    "it": (
        "Ciao nonna, sono io. Ho avuto un incidente e mi servono dei soldi oggi.",
        "Ha piovuto tutta la notte, ma questa mattina il cielo è sereno.",
    ),
    "pt": (
        "Oi vovó, sou eu. Sofri um acidente e preciso de dinheiro ainda hoje.",
        "Não esqueça de regar os tomates enquanto estivermos fora.",
    ),
    "ru": (
        "Привет, бабушка, это я. Я попал в аварию, и мне сегодня нужны деньги.",
        "Сегодня утром небо совсем ясное, хотя всю ночь шёл дождь.",
    ),
}
"""By language; the first ones of each are of the kind that fraudsters say."""

WORDS: Final = {
    "en": ("money", "window", "seven", "grandmother", "apple", "thirty", "umbrella", "doctor", "river", "letter"),
    "ko": ("할머니", "돈", "사고", "전화", "은행", "사과", "우산", "병원"),
    "de": ("Oma", "Fenster", "sieben", "Unfall", "Apfel", "Geld", "Regenschirm", "Brief"),
    "es": ("abuela", "ventana", "siete", "dinero", "manzana", "carta", "paraguas", "doctor"),
    "fr": ("mamie", "fenêtre", "sept", "argent", "pomme", "lettre", "parapluie", "médecin"),
    "it": ("nonna", "finestra", "sette", "soldi", "mela", "lettera", "ombrello", "medico"),
    "pt": ("vovó", "janela", "sete", "dinheiro", "maçã", "carta", "chuva", "médico"),
    "ru": ("бабушка", "окно", "семь", "деньги", "яблоко", "письмо", "зонтик", "врач"),
}
"""Spoken one by one and joined, as the recorded words are."""
