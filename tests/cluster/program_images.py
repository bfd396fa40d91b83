"""Images of the cluster's own programs: FROM scratch, one program each, as archives beside the programs."""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import buildah
from tests.cluster.builder import Tools
from tests.cluster.paths import cache_dir
from tests.cluster.topology import PAUSE_IMAGE

_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class ProgramImage:
    """An image with one static program, which runs without root."""

    name: str
    program: str
    user: int = 65532
    path: str = ""
    """Where the program is in the image, if not under its own name at the root."""
    certificates: bool = False
    """Whether it has the authorities' certificates, for TLS to servers outside."""

    @property
    def dockerfile(self) -> str:
        """The instructions for buildah."""
        path = self.path or f"/{self.program}"
        lines = ["FROM scratch", f"COPY {self.program} {path}", f"USER {self.user}", f'ENTRYPOINT ["{path}"]']
        if self.certificates:
            lines.insert(1, f"COPY {_CERTIFICATES.name} {_CERTIFICATES}")
        return "\n".join([*lines, ""])

    def archive(self, tools: Tools) -> Path:
        """Return the image as an archive, built if it is not in the cache."""
        program = tools.path(self.program)
        recipe = hashlib.sha256((self.name + self.dockerfile).encode()).hexdigest()[:12]
        archive = program.with_name(f"{self.program}-{recipe}.tar")
        if not archive.exists():
            self._build(program, archive)
        return archive

    def _build(self, program: Path, archive: Path) -> None:
        with tempfile.TemporaryDirectory(dir=cache_dir()) as folder:
            context = Path(folder)
            # A link, not a copy: some of the programs are large.
            (context / self.program).hardlink_to(program)
            if self.certificates:
                shutil.copy(_CERTIFICATES, context)
            (context / "Dockerfile").write_text(self.dockerfile)
            buildah.build(context, context / "Dockerfile", self.name)
        partial = archive.with_name(f".{archive.name}.partial")
        buildah.save(self.name, partial)
        partial.rename(archive)
        # From here on the archive is what counts.
        buildah.buildah("rmi", self.name)


PAUSE = ProgramImage(PAUSE_IMAGE, "pause", user=65535)
