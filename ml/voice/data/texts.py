"""Texts of the synthetic voices: sentences of fraud and of daily life, and single words."""

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
    "zh": (
        "nai3 nai5, wo3 shi4 ni3 de5 sun1 zi5, wo3 chu1 le5 che1 huo4, jin1 tian1 xu1 yao4 qian2.",
        "nin2 de5 zhang4 hu4 you3 wen4 ti2, qing3 ma3 shang4 ba3 mi4 ma3 gao4 su4 wo3.",
        "ma1 ma5, wo3 de5 shou3 ji1 huai4 le5, zhe4 shi4 peng2 you5 de5 dian4 hua4.",
        "ban4 ge5 xiao3 shi2 yi3 hou4, you3 ren2 lai2 ni3 jia1 na2 xin4 feng1.",
        "bu2 yao4 gao4 su4 bie2 ren2, zhe4 jian4 shi4 qing5 fei1 chang2 zhong4 yao4.",
        "zuo2 tian1 wan3 shang5 xia4 le5 da4 yu3, jin1 tian1 zao3 shang5 tian1 qi4 hen3 hao3.",
        "huo3 che1 you4 wan3 dian3 le5, suo3 yi3 wo3 yan2 zhe5 he2 bian1 zou3 hui2 jia1.",
        "yi1 sheng1 shuo1 jie2 guo3 hen3 hao3, ni3 bu2 yong4 dan1 xin1 le5.",
        "xing1 qi1 tian1 wo3 men5 yi4 qi3 chi1 wu3 fan4, wo3 lai2 mai3 dan4 gao1.",
        "wo3 zhao3 dao4 le5 ni3 de5 yan3 jing4, jiu4 zai4 bao4 zhi3 xia4 mian4.",
    ),
}
"""By language, Chinese in pinyin; the first sentences of each language are typical of fraud."""

WORDS: Final = {
    "en": ("money", "window", "seven", "grandmother", "apple", "thirty", "umbrella", "doctor", "river", "letter"),
    "ko": ("할머니", "돈", "사고", "전화", "은행", "사과", "우산", "병원"),
    "de": ("Oma", "Fenster", "sieben", "Unfall", "Apfel", "Geld", "Regenschirm", "Brief"),
    "es": ("abuela", "ventana", "siete", "dinero", "manzana", "carta", "paraguas", "doctor"),
    "fr": ("mamie", "fenêtre", "sept", "argent", "pomme", "lettre", "parapluie", "médecin"),
    "it": ("nonna", "finestra", "sette", "soldi", "mela", "lettera", "ombrello", "medico"),
    "pt": ("vovó", "janela", "sete", "dinheiro", "maçã", "carta", "chuva", "médico"),
    "zh": (
        "nai3 nai5.",
        "chuang1 hu5.",
        "qian2 bao1.",
        "ping2 guo3.",
        "yi1 yuan4.",
        "dian4 hua4.",
        "yin2 hang2.",
        "yu3 san3.",
    ),
    "ru": ("бабушка", "окно", "семь", "деньги", "яблоко", "письмо", "зонтик", "врач"),
}
"""Spoken one by one and joined, like the recorded words."""
