"""Local speech recognition: no recording leaves the installation.

A confined child decodes the recording and writes its samples; the listener, a process with the network and without
credentials, hears them: where there is speech, in which language, which words. docs/adr/0061-whisper-listens.md.
"""
