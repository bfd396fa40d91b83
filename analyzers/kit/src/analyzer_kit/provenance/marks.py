"""What programs write into the labels of a file: one table, each entry with where that is known from.

Labels can be written and removed by anybody, and a name alone proves nothing: what is found here is a fact.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_STANDARD, _PLATFORM, _WRITES, _NAMED = "a standard label", "a platform's label", "its own mark", "a name"
"""How strong: a label that a standard defines and no program writes by accident; what a platform writes where an
uploader, or the platform itself, says so; what a program is known to write; a name, which can stand in a title as well.
"""

_ANY: frozenset[str] = frozenset()
_PROGRAM = frozenset({"comment", "com.apple.proapps.share.id", "com.apple.quicktime.software", "description",
                      "encoded_by", "encoder", "handler_name", "software", "tool", "vendor", "writer"})  # fmt: skip
"""Labels in which programs name themselves; a title can name anything."""


class Mark(NamedTuple):
    """One entry.

    Attributes:
        kind: of the finding.
        name: of the program, or of the label.
        pattern: a regular expression for a label's value, whatever its case.
        strength: how strong it is, in words.
        source: where it is known from.
        keys: labels in which it counts; none named: in all.
    """

    kind: str
    name: str
    pattern: str
    strength: str
    source: str
    keys: frozenset[str] = _ANY


def _names(kind: str, *names: str) -> tuple[Mark, ...]:
    return tuple(
        Mark(kind, name, rf"(?<![a-z]){re.escape(name)}(?![a-z])", _NAMED, "the maker's own name", _PROGRAM)
        for name in names
    )


MARKS: tuple[Mark, ...] = (
    Mark("DeclaredLabel", "GB 45438 (AIGC)", r"label[\\\"\s:&quot;]{1,20}1(?!\d)", _STANDARD,
         "GB 45438-2025, the label AIGC: Label 1 is generated", frozenset({"aigc"})),
    Mark("DeclaredLabel", "IPTC digital source type", r"^(compositeWith)?trainedAlgorithmicMedia$", _STANDARD,
         "https://cv.iptc.org/newscodes/digitalsourcetype/, in XMP", frozenset({"digitalsourcetype"})),
    Mark("DeclaredLabel", "TikTok (aigc_label_type)", r"aigc_label_type[\\\"\s:&quot;]{1,20}[12](?!\d)", _PLATFORM,
         "TikTok-Content-Scraper #9: 1 is labelled by who uploaded it; files that it hands out have it as a tag",
         frozenset({"aigc_info"})),
    Mark("GeneratorTag", "Suno", r"^made with suno\b", _WRITES, "comment or description of its MP3 and Ogg files"),
    Mark("GeneratorTag", "ComfyUI", r'\\?"(class_type|last_node_id)\\?"', _WRITES,
         "comfy_extras/nodes_video.py: labels prompt and workflow; ComfyUI-VideoHelperSuite: comment"),
    Mark("GeneratorTag", "Stable Diffusion web UI", r"\bSteps: \d+, Sampler: ", _WRITES,
         "sd-webui-animatediff #303: comment; sd-webui-forge-classic #859: description"),
    *_names("GeneratorTag", "comfyui", "d-id", "deepfacelab", "elevenlabs", "facefusion", "heygen", "hailuo",
           "kling ai", "luma dream", "openai", "pika labs", "play.ht", "resemble ai", "roop", "runwayml",
            "stable diffusion", "stable video", "suno ai", "synthesia", "udio"),
    *_names("EditingSoftware", "adobe", "after effects", "audacity", "avid", "camtasia", "capcut", "clipchamp",
           "davinci", "filmora", "final cut", "garageband", "imovie", "inshot", "kdenlive", "kinemaster", "logic pro",
           "openshot", "pitivi", "premiere", "reaper", "shotcut", "vegas", "videoleap", "wavelab"),
    Mark("MessengerTrace", "WhatsApp", r"^whatsapp$", _WRITES,
         "the vendor of the OpusTags of its voice messages (openclaw #144507)", frozenset({"vendor"})),
    Mark("SoftwareEncoder", "FFmpeg and others", r"^(Lavf|Lavc|HandBrake|x26[45])", _WRITES,
         "libavformat and libavcodec sign what they write", _PROGRAM),
)  # fmt: skip
"""In the order in which they are told; the first label that fits an entry's kind counts."""
