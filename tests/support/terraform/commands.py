"""Stand-ins for command line tools: they record each call, and answer as a recorded run did."""

from __future__ import annotations

import json
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = f"""#!{sys.executable} -ISs
import json, os, re, sys
folder = os.path.dirname(os.path.abspath(__file__))
name, arguments = os.path.basename(sys.argv[0]), sys.argv[1:]
line = " ".join([name, *arguments])
rules = [rule for rule in json.load(open(folder + "/answers.json")) if re.search(rule["call"], line)]
rule = rules[-1] if rules else {{}}
stdin = sys.stdin.buffer.read().decode("latin-1") if rule.get("reads") else ""
with open(folder + "/calls.jsonl", "a") as log:
    log.write(json.dumps({{"line": line, "stdin": stdin, "kubeconfig": os.environ.get("KUBECONFIG", "")}}) + "\\n")
if rule.get("leaves"):
    answers = json.load(open(folder + "/answers.json"))
    json.dump(answers + rule["leaves"], open(folder + "/answers.json", "w"))
sys.stdout.write(rule.get("stdout", ""))
sys.stderr.write(rule.get("stderr", ""))
sys.exit(rule.get("code", 0))
"""


@dataclass(frozen=True)
class Answer:
    """What a call gets that matches a regular expression; of several that match, the last one counts."""

    call: str
    stdout: str = ""
    stderr: str = ""
    code: int = 0
    reads: bool = False
    """Whether the tool reads its standard input, which is then recorded."""
    leaves: tuple[Answer, ...] = ()
    """Answers that hold from then on: what the call has changed."""

    def as_json(self) -> dict[str, object]:
        """Return it as the stand-ins read it."""
        return {**self.__dict__, "leaves": [answer.as_json() for answer in self.leaves]}


@dataclass(frozen=True)
class Call:
    """One call that was made."""

    line: str
    stdin: str
    kubeconfig: str


class Commands:
    """A folder for PATH with stand-ins of the tools named."""

    def __init__(self, folder: Path, tools: tuple[str, ...], answers: tuple[Answer, ...]) -> None:
        self.folder = folder
        folder.mkdir()
        for tool in tools:
            program = folder / tool
            program.write_text(_PROGRAM)
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        (folder / "answers.json").write_text("[]")
        self.answer(*answers)

    def answer(self, *answers: Answer) -> None:
        """Answer so from now on, in preference to earlier answers."""
        file = self.folder / "answers.json"
        file.write_text(json.dumps(json.loads(file.read_text()) + [answer.as_json() for answer in answers]))

    def remove(self, tool: str) -> None:
        """Take a tool away."""
        (self.folder / tool).unlink()

    @property
    def path(self) -> str:
        """PATH on which the stand-ins come first, and on which no real one of their kind is."""
        return f"{self.folder}:{self.folder.parent / 'plain'}"

    def link_plain(self, *tools: str) -> None:
        """Let real tools of the machine be found beside the stand-ins."""
        plain = self.folder.parent / "plain"
        plain.mkdir(exist_ok=True)
        for tool in tools:
            program = next(path for part in os.environ["PATH"].split(":") if (path := Path(part) / tool).exists())
            (plain / tool).symlink_to(program)

    def calls(self) -> list[Call]:
        """Return the calls so far, in their order."""
        log = self.folder / "calls.jsonl"
        return [Call(**json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []

    def lines(self) -> list[str]:
        """Return the calls so far as they would be typed."""
        return [call.line for call in self.calls()]

    def forget(self) -> None:
        """Forget what was recorded."""
        (self.folder / "calls.jsonl").unlink(missing_ok=True)
