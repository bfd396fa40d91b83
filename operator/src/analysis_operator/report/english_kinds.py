"""Kinds of findings in English."""

from __future__ import annotations

from analysis_operator.report.english_context import CONTEXT_KINDS
from analysis_operator.report.words import Kind

KINDS = {
    "DigitalSilence": Kind(
        "Digital silence",
        "Between words there are pauses without any sound at all. A microphone in a room always picks up something.",
        "Noise suppression, some phone lines and trimming do this too.",
    ),
    "RepeatedAudio": Kind(
        "Repeated sound",
        "A stretch of sound is heard twice, exactly alike. Nobody says the same thing twice in exactly the same way.",
        "Music, ringing tones and announcements repeat by design.",
    ),
    "SyntheticSpeech": Kind(
        "Machine-made voice",
        "The voice in this stretch resembles voices that are made by a computer more than voices of people.",
        "Noise, a poor line or strong compression can mislead the detector.",
    ),
    "AudioSplice": Kind(
        "Joined sound",
        "The background sound changes or is missing at once while the voice goes on, as where something was joined in.",
        "Noise suppression, moving about or switching the microphone can sound like this.",
    ),
    "SoundOffset": Kind(
        "Sound and picture begin apart",
        "The sound begins at another time than the picture.",
        "Editing and screen recorders leave this too.",
    ),
    "SoundLength": Kind(
        "Sound and picture differ in length",
        "The sound is longer or shorter than the picture.",
        "Added music and some converters leave this too.",
    ),
    "SoundGap": Kind(
        "Gap in the sound",
        "The time stamps of the sound jump: something was taken out, or was lost on the way.",
        "A bad connection does this too.",
    ),
    "NarrowSound": Kind(
        "Sound like from a telephone",
        "The sound is much poorer than is usual for such a video, as where it came from elsewhere.",
        "Old cameras, messenger apps and poor microphones do this too.",
    ),
    "DifferentWriters": Kind(
        "Sound and picture saved by different programs",
        "The sound and the picture were written by different programs.",
        "Editing programs often do this.",
    ),
    "EncodedApart": Kind(
        "Sound saved anew, picture not",
        "The sound was saved by a program, while the picture still comes from a camera or phone.",
        "Programs that make a file smaller or mend its sound do this.",
    ),
    "DifferentDates": Kind(
        "Sound and picture of different dates",
        "The sound and the picture say that they were made at different times.",
        "Converting a file can change these dates.",
    ),
    "EditedSound": Kind(
        "Sound put together from parts",
        "The file says that its sound is put together from several stretches.",
        "Trimming on a phone does this too.",
    ),
    "DuplicatedFrames": Kind(
        "Repeated picture",
        "A stretch of moving picture is shown twice, exactly alike, as where something was copied in.",
        "Screen recordings, animations and looping clips repeat by nature.",
    ),
    "LoopedFrames": Kind(
        "Looping picture",
        "The same movement runs again and again, as where a short clip was stretched into a long one.",
        "Animations and looping clips do this by nature.",
    ),
    "FrozenFrames": Kind(
        "Frozen picture",
        "The picture stands still in the middle of a movement.",
        "A stalled camera or a bad connection does this too.",
    ),
    "DroppedFrames": Kind(
        "Missing picture",
        "The scene leaps, as where a stretch was cut out.",
        "Cuts are often made for honest reasons, and some cameras lose pictures.",
    ),
    "ModelScore": Kind(
        "Machine-made picture",
        "The picture in this stretch resembles pictures that are made or altered by a computer more than others.",
        "A poor or strongly compressed picture can mislead the detector.",
    ),
    "SceneCut": Kind(
        "Change of scene",
        "Another scene begins here.",
        "Films are made of cuts. It is information, and no sign of a forgery.",
    ),
    "EncodingHistory": Kind(
        "Saved more than once",
        "The file shows traces of having been processed or saved again after it was recorded.",
        "Messenger apps and photo albums save every file again.",
    ),
    "DeclaredGenerated": Kind(
        "Declared as machine-made",
        "The file itself declares that its picture, or a part of it, was made by a computer program.",
        "Anybody can write such a declaration, and some cameras add one for small corrections.",
    ),
    "ContentCredentials": Kind(
        "Carries a certificate of origin",
        "The file carries content credentials (C2PA). We did not check their signature.",
        "This is information, and no sign of a forgery.",
    ),
    "EditList": Kind(
        "Put together from parts",
        "The file is put together from several stretches: parts of what is stored are not shown.",
        "Trimming on a phone does this too.",
    ),
    "ModifiedLater": Kind(
        "Changed later",
        "The file says that it was changed later than it was made.",
        "Copying and trimming can do this.",
    ),
    "GeneratorTag": Kind(
        "Names a program that makes pictures",
        "A label in the file names a program that makes or swaps pictures.",
        "Anybody can write or remove such a label.",
    ),
    "EditingSoftware": Kind(
        "Names an editing program",
        "A label in the file names a program for editing.",
        "People edit videos for many honest reasons.",
    ),
    "SoftwareEncoder": Kind(
        "Saved by a program",
        "The file was saved by a program, and does not come straight from a camera.",
        "Every messenger app does this. It is information, and no sign of a forgery.",
    ),
    **CONTEXT_KINDS,
}
