"""The page in Korean, as one would tell an older person: politely, and without jargon."""
# ruff: noqa: RUF001 - curly quotes, as in print

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from analysis_operator.report.korean_kinds import KINDS
from analysis_operator.report.words import Meaning, Words
from analyzer_contract import Verdict

_KOREA = timezone(timedelta(hours=9))
"""Korea has no summer time, so a fixed offset is right, and needs no time zone data."""

_MINUTE, _NOON = 60, 12

_BACK = (
    "그 사람에게 직접 전화해 확인하세요. 원래 알고 있던 번호로 거시고, 걸려 온 번호나 문자에 적힌 번호는 쓰지 마세요."
)
_PAID = "이미 돈을 보내셨다면 바로 112나 거래 은행에 전화해 지급정지를 요청하세요."
_KEEP = "녹음이나 영상, 문자, 전화번호를 지우지 말고 보관하세요. 중요한 증거가 됩니다."

_MEANINGS: dict[Verdict | None, Meaning] = {
    Verdict.LIKELY_FAKE: Meaning(
        "가짜일 가능성이 큽니다",
        "가짜 가능성 큼",
        "이 녹음이나 영상의 전부 또는 일부를 컴퓨터로 만들었거나 바꾼 흔적이 뚜렷합니다. 얼마나 정확한지 미리 시험해 "
        "둔 검사에서 나온 결과입니다.",
        "누가, 왜 만들었는지는 알 수 없습니다. 검사도 틀릴 때가 있어서, 드물게는 실제로 녹음한 것도 이런 결과가 "
        "나옵니다.",
        (
            "전화를 끊고, 시키는 대로 하지 마세요. 돈을 보내거나 비밀번호·인증번호를 알려 주지 마세요.",
            _BACK,
            _PAID,
            _KEEP,
        ),
    ),
    Verdict.SUSPICIOUS: Meaning(
        "의심스러운 점이 있습니다",
        "의심스러움",
        "손대지 않은 녹음이나 영상에서는 보기 드문 흔적을 찾았습니다. 예를 들면 잘라 낸 곳, 되풀이되는 곳, "
        "이상할 만큼 조용한 곳, 사기에 흔히 나오는 말입니다.",
        "가짜라는 뜻은 아닙니다. 편집을 했거나 통화 상태가 나쁘거나 메신저로 주고받아도 이런 흔적이 남을 수 있습니다.",
        (
            "확인하기 전에는 돈을 보내거나 비밀번호·인증번호를 알려 주지 마세요.",
            _BACK,
            _PAID,
            _KEEP,
        ),
    ),
    Verdict.NO_EVIDENCE: Meaning(
        "조작한 흔적을 찾지 못했습니다",
        "흔적 없음",
        "살펴보았지만, 저희가 알고 있는 조작 흔적은 나오지 않았습니다.",
        "진짜라는 뜻은 아닙니다. 새로운 방법으로 정교하게 만든 가짜는 흔적이 남지 않을 수 있습니다.",
        (
            "돈이나 비밀번호를 달라고 하거나 서두르라고 재촉한다면, 무엇이든 하기 전에 꼭 확인하세요.",
            _BACK,
            _PAID,
        ),
    ),
    Verdict.INCONCLUSIVE: Meaning(
        "판단할 수 없습니다",
        "판단 불가",
        "녹음이나 영상이 너무 짧거나 상태가 좋지 않아서, 또는 일부를 살펴보지 못해서 판단할 수 없습니다.",
        "가짜라는 뜻도, 진짜라는 뜻도 아닙니다.",
        (
            "아직 확인되지 않은 것으로 여기세요. 돈을 보내거나 비밀번호·인증번호를 알려 주지 마세요.",
            _BACK,
            "더 길거나 깨끗한 것이 있으면 다시 검사해 보세요. 메신저로 전달받은 것보다 원본 파일이 좋습니다.",
            _PAID,
        ),
    ),
    None: Meaning(
        "검사하지 못했습니다",
        "검사 못 함",
        "이 파일을 살펴볼 수 없었습니다. 이유는 아래에 있습니다.",
        "이 파일에 문제가 있다는 뜻도, 없다는 뜻도 아닙니다.",
        (
            "아직 확인되지 않은 것으로 여기세요. 돈을 보내거나 비밀번호·인증번호를 알려 주지 마세요.",
            _BACK,
            "아래의 이유를 보시고, 문제를 고친 뒤 다시 검사를 맡겨 주세요.",
            _PAID,
        ),
    ),
}

_REASONS = {
    "UnsupportedMedia": "읽을 수 있는 녹음이나 영상이 아닙니다. 빈 파일이거나 알 수 없는 형식입니다.",
    "CorruptMedia": "파일이 망가졌거나 중간에 잘렸습니다.",
    "MediaTooLarge": "파일이 너무 길거나 큽니다.",
    "NoAudioStream": "이 파일에는 소리가 없어서, 들어 볼 것이 없었습니다.",
    "NoVideoStream": "이 파일에는 화면이 없어서, 살펴볼 것이 없었습니다.",
    "SourceNotFound": "알려 주신 곳에 파일이 없습니다.",
    "SourceForbidden": "파일을 읽을 권한이 없습니다.",
    "SourceChanged": "검사하는 동안 파일이 다른 것으로 바뀌었습니다.",
    "SourceUnavailable": "저장소가 응답하지 않아 파일을 가져오지 못했습니다.",
    "ResultsUnavailable": "결과를 저장하지 못했습니다.",
    "WorkerCrashed": "검사하던 중에 문제가 생겼습니다.",
    "OutOfMemory": "검사하던 중에 컴퓨터의 메모리가 모자랐습니다.",
    "DeadlineExceeded": "검사 시간이 너무 오래 걸렸습니다.",
    "InternalError": "검사하던 중에 문제가 생겼습니다.",
    "TooManyDisruptions": "검사가 여러 번 중단되었습니다.",
    "AnalyzerNotFound": "이곳에는 그런 검사가 설치되어 있지 않습니다.",
    "Cancelled": "검사가 취소되었습니다.",
}

_LIMITS = (
    "어떤 검사로도 녹음이나 영상이 진짜라고 증명할 수는 없습니다. 흔적이 없다고 해서 안심할 수는 없습니다.",
    "새로운 방법으로 정교하게 만든 가짜, 전화나 메신저를 거친 가짜는 찾아내지 못할 수 있습니다.",
    "나쁜 뜻 없이 한 편집, 잡음 제거, 나쁜 통신 상태도 가짜와 비슷한 흔적을 남깁니다.",
    "소리와 화면에서는 손댄 흔적만 찾고, 말의 내용은 ‘내용’ 검사에서만 단어를 보고 판단합니다. "
    "누가 보냈는지는 알 수 없습니다.",
)

_READING = (
    ("판정", "여러 검사 가운데 가장 심각한 결과를 따릅니다. 뚜렷한 증거는 하나만 있어도 충분합니다."),
    (
        "점수",
        "가장 뚜렷한 증거가 얼마나 강한지를 나타냅니다. 50점이 안 되면 실제 녹음에서도 흔히 나오고, 50점부터는 실제 "
        "녹음에서 보기 드뭅니다. 가짜일 확률을 뜻하지는 않습니다.",
    ),
    ("구간", "처음부터 잰 시간입니다. 그 부분을 직접 듣거나 보시기 바랍니다."),
    (
        "‘가짜 가능성 큼’",
        "얼마나 자주 틀리는지 미리 시험해 둔 검사만 이렇게 판정할 수 있습니다. 그런 검사가 없으면 ‘의심스러움’까지만 "
        "말합니다.",
    ),
)

_LABELS = {
    "report": "{name} 검사 결과",
    "score": "점수",
    "of_100": "100점 중 {score}점",
    "gauge": "100점 중 {score}점입니다. 50점부터 증거가 있다고 봅니다.",
    "gauge_low": "0 흔적 없음",
    "gauge_line": "50 증거 있음",
    "gauge_high": "100",
    "not_means": "이런 뜻은 아닙니다",
    "todo": "지금 이렇게 하세요",
    "phones": "도움받을 수 있는 전화번호",
    "evidence": "무엇을 어디에서 찾았나요?",
    "no_evidence": "왜 검사하지 못했나요?",
    "analysis": "{name} 검사",
    "timeline": "시간에 따른 점수",
    "timeline_about": "왼쪽이 처음, 오른쪽이 끝입니다. 선이 높을수록 증거가 강하고, 점선은 증거가 있다고 보는 "
    "50점입니다. 번호를 누르면 아래 설명으로 갑니다.",
    "wave_alt": "전체 {length} 동안의 {name}, 그 위에 점수를 그렸습니다",
    "lane_alt": "{name}: 최고 100점 중 {score}점, {places}",
    "no_places": "눈에 띄는 구간 없음",
    "places": "{count}곳",
    "place": "1곳",
    "whole": "전체",
    "larger": "크게 보기",
    "quiet": "찾아보았지만 나오지 않은 흔적: {names}.",
    "unable": "이번에는 판단할 수 없었던 것: {names}.",
    "said": "판정",
    "strong": "강함",
    "medium": "뚜렷함",
    "fact": "참고",
    "weak": "약함",
    "honest": "별일 아닐 수도 있습니다.",
    "measured": "측정값 (영어)",
    "more_findings": "이보다 약한 {count}곳은 JSON 결과 파일에 있습니다.",
    "says": "검사 프로그램의 설명 (영어)",
    "limits": "이 검사로 알 수 없는 것",
    "own_limits": "각 검사로 알 수 없는 것 {count}가지 (영어)",
    "reading": "이 결과를 읽는 법",
    "details": "사용한 검사와 버전 (전문가용)",
    "detector_score": "점수",
    "percentile": "비교용 사람 녹음의 {percent}%가 이보다 점수가 낮습니다",
    "model": "모델",
    "version": "버전",
    "weights": "모델 파일의 SHA-256",
    "no_weights": "없음: 녹음이나 영상에서 직접 계산합니다",
    "card": "정확도 시험 결과",
    "no_card": "오류율을 시험한 적이 없습니다",
    "recording": "검사한 파일",
    "object": "파일 위치",
    "etag": "파일 식별값 (ETag)",
    "object_version": "파일 버전",
    "size": "크기",
    "length": "길이",
    "sound": "소리",
    "picture": "화면",
    "asked": "검사 요청",
    "started": "검사 시작",
    "frames": "{count}장",
    "rate": "1초에 {rate}장",
    "hertz": "{rate} Hz",
    "channels": "{count}채널",
    "channel": "1채널",
    "fusion": "점수를 정한 방법",
    "fusion_about": "가장 심각한 판정과 가장 높은 점수를 따릅니다. 점수를 더하지는 않습니다. 한 파일의 화면과 소리에는 "
    "같은 원인의 흔적이 함께 남을 때가 많기 때문입니다. ‘판단 불가’로 나온 점수는 증거가 아니므로 49점까지만 "
    "반영합니다.",
    "fusion_blind": "검사 하나를 하지 못했습니다. 살펴보지 못한 곳을 깨끗하다고 할 수는 없으므로, 이때 ‘흔적 없음’은 "
    "‘판단 불가’가 됩니다.",
    "who": "검사",
    "verdict": "판정",
    "own_score": "나온 점수",
    "counts": "반영 점수",
    "together": "종합",
    "footer": "Silver Guardian이 요청 {uid}에 따라 만들었습니다. 자세한 수치는 같은 곳의 JSON 파일에 있습니다.",
    "Succeeded": "마침",
    "Failed": "하지 못함",
    "Skipped": "해당 없음",
    "Pending": "기다리는 중",
    "Running": "검사 중",
}


def _time(seconds: float) -> str:
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, _MINUTE * 10)
    return f"{minutes:,}분 {rest / 10:.1f}초" if minutes else f"{rest / 10:.1f}초"


def _span(start: float, end: float) -> str:
    first, last = _time(start), _time(end)
    return first if first == last else f"{first} ~ {last}"


def _moment(time: datetime) -> str:
    local = time.astimezone(_KOREA)
    half, hour = ("오전", local.hour) if local.hour < _NOON else ("오후", local.hour - _NOON)
    return f"{local.year}년 {local.month}월 {local.day}일 {half} {hour or _NOON}시 {local.minute}분 (한국 시각)"


KOREAN = Words(
    code="ko",
    name="한국어",
    meanings=_MEANINGS,
    kinds=KINDS,
    detectors={
        "Tracks": "소리와 화면이 서로 맞지 않는 흔적",
        "Provenance": "파일 정보에 남은 흔적",
        "SceneCuts": "장면 전환",
        "ScamIndicators": "규칙으로 찾은 사기의 징후",
        "ScamModel": "언어 모델이 찾은 사기의 징후",
        "Transcript": "말의 내용",
    },
    analyzers={"audio": "소리", "video": "화면", "context": "내용"},
    reasons=_REASONS,
    phones=(
        ("112", "경찰 긴급 신고, 지급정지 요청"),
        ("1394", "보이스피싱 통합 신고·상담 (24시간)"),
        ("1332", "금융감독원: 계좌·금융 피해 상담"),
    ),
    limits=_LIMITS,
    reading=_READING,
    labels=_LABELS,
    span=_span,
    length=_time,
    moment=_moment,
)
