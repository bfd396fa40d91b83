"""Detection models as files with manifests, for windows of sound and of frames.

Reading manifests and folders needs numpy and pydantic (:mod:`guardian_models.folder`, :mod:`guardian_models.choice`).
Running a model for sound (:mod:`guardian_models.runtime`) also needs onnxruntime, which the extra ``runtime`` brings;
making one (:mod:`guardian_models.importing`) also needs onnx, which the extra ``build`` brings. So this package imports
none of its modules by itself.
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime reports to its makers otherwise, from its import on
