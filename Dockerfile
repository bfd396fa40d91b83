# Images of Silver Guardian. Targets: operator, audio, video, context; runtime is what they share.
#
#   docker build --target audio --tag silver-guardian/audio .
#
# Behind a proxy that inspects TLS, mount its certificates into the build and name them:
#   --volume BUNDLE:/run/ca.crt:ro --build-arg SSL_CERT_FILE=/run/ca.crt
# Every stage declares that argument anew: not all builders hand it on to the stages built on one that has it.

# Of all architectures; scripts/pin-base.sh writes the newest one here.
ARG BASE=docker.io/library/debian:trixie-slim@sha256:d7e12182ce18b85b93007c1dedf31f2d29e01ccf3182cc4017c709b6259bc132

# ---------------------------------------------------------------- what runs
FROM ${BASE} AS runtime
# The interpreter and its standard library, without pip, venv, IDLE, or the documentation that python3 brings along.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates libpython3-stdlib python3-minimal \
 && rm -rf /var/lib/apt/lists/* /var/log/*.log /var/log/apt /var/cache/debconf/*-old
# USER and HOME: the user id has no entry in /etc/passwd, nor has any other that a cluster may choose instead.
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ORT_DISABLE_TELEMETRY=1 \
    USER=guardian \
    HOME=/tmp
WORKDIR /tmp
LABEL org.opencontainers.image.vendor="Silver Guardian" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
USER 65532:65532

# ---------------------------------------------------------------- what builds
FROM ${BASE} AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends binutils ca-certificates python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
ARG SSL_CERT_FILE
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir uv==0.13.9
ENV PATH=/opt/uv/bin:/usr/local/bin:/usr/bin:/bin \
    UV_PYTHON=/usr/bin/python3 \
    UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_PROGRESS=1 \
    UV_HTTP_TIMEOUT=180
WORKDIR /src
# The lock and the members' names alone decide the dependencies: their layers stay cached while code changes.
COPY pyproject.toml uv.lock ./
COPY operator/pyproject.toml operator/
COPY analyzers/contract/pyproject.toml analyzers/contract/
COPY analyzers/kit/pyproject.toml analyzers/kit/
COPY analyzers/audio/pyproject.toml analyzers/audio/
COPY analyzers/video/pyproject.toml analyzers/video/
COPY analyzers/context/pyproject.toml analyzers/context/
COPY analyzers/models/pyproject.toml analyzers/models/
COPY locales/pyproject.toml locales/
COPY ml/pyproject.toml ml/
COPY records/pyproject.toml records/
COPY service/pyproject.toml service/
COPY status-api/pyproject.toml status-api/

COPY scripts/trim-packages.sh scripts/sound-only.sh /

# ---------------------------------------------------------------- dependencies, without what is never used
FROM build AS operator-dependencies
ARG SSL_CERT_FILE
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-dev --no-install-workspace --package silver-guardian-operator
RUN /trim-packages.sh stepfunctions states

FROM build AS audio-dependencies
ARG SSL_CERT_FILE
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-dev --no-install-workspace --package silver-guardian-audio
RUN /trim-packages.sh

FROM build AS video-dependencies
ARG SSL_CERT_FILE
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-dev --no-install-workspace --package silver-guardian-video
RUN /trim-packages.sh

FROM build AS context-dependencies
ARG SSL_CERT_FILE
# CUDA=1: with what Whisper needs to listen on a GPU of NVIDIA, packages of 670 MB.
ARG CUDA=
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-dev --no-install-workspace --package silver-guardian-context --extra transcription ${CUDA:+--extra cuda}
RUN /trim-packages.sh transcribe bedrock-runtime && /sound-only.sh

FROM build AS status-api-dependencies
ARG SSL_CERT_FILE
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-dev --no-install-workspace --package silver-guardian-status-api
RUN /trim-packages.sh

# ---------------------------------------------------------------- our own code
# It becomes a small layer of its own, so that a new version is pushed and pulled without its dependencies. It alone is
# compiled here: uv would look through all packages once more, for most of a minute.
FROM operator-dependencies AS operator-build
ARG SSL_CERT_FILE
COPY service service
COPY analyzers/contract analyzers/contract
COPY locales locales
COPY records records
COPY operator operator
RUN --mount=type=cache,target=/root/.cache/uv \
    UV_COMPILE_BYTECODE=0 uv sync --locked --no-dev --no-editable --package silver-guardian-operator
COPY tests/support/image/smoke.py /smoke.py
RUN /opt/venv/bin/python /smoke.py operator \
 && mkdir /own && cd /opt/venv/lib/python3.13/site-packages && cp -a analysis_operator analysis_records analyzer_contract guardian_locales guardian_service silver_guardian_* /own/ \
 && /opt/venv/bin/python -m compileall -q -s /own -p /opt/venv/lib/python3.13/site-packages /own

FROM audio-dependencies AS audio-build
ARG SSL_CERT_FILE
COPY service service
COPY analyzers/contract analyzers/contract
COPY analyzers/kit analyzers/kit
COPY analyzers/models analyzers/models
COPY analyzers/audio analyzers/audio
RUN --mount=type=cache,target=/root/.cache/uv \
    UV_COMPILE_BYTECODE=0 uv sync --locked --no-dev --no-editable --package silver-guardian-audio
COPY tests/support/image/smoke.py /smoke.py
RUN /opt/venv/bin/python /smoke.py audio \
 && mkdir /own && cd /opt/venv/lib/python3.13/site-packages && cp -a audio_analyzer analyzer_kit analyzer_contract guardian_models guardian_service silver_guardian_* /own/ \
 && /opt/venv/bin/python -m compileall -q -s /own -p /opt/venv/lib/python3.13/site-packages /own

FROM video-dependencies AS video-build
ARG SSL_CERT_FILE
COPY service service
COPY analyzers/contract analyzers/contract
COPY analyzers/kit analyzers/kit
COPY analyzers/models analyzers/models
COPY analyzers/video analyzers/video
RUN --mount=type=cache,target=/root/.cache/uv \
    UV_COMPILE_BYTECODE=0 uv sync --locked --no-dev --no-editable --package silver-guardian-video
COPY tests/support/image/smoke.py /smoke.py
RUN /opt/venv/bin/python /smoke.py video \
 && mkdir /own && cd /opt/venv/lib/python3.13/site-packages && cp -a video_analyzer analyzer_kit analyzer_contract guardian_models guardian_service silver_guardian_* /own/ \
 && /opt/venv/bin/python -m compileall -q -s /own -p /opt/venv/lib/python3.13/site-packages /own

FROM context-dependencies AS context-build
ARG SSL_CERT_FILE
ARG CUDA=
COPY service service
COPY analyzers/contract analyzers/contract
COPY analyzers/kit analyzers/kit
COPY analyzers/models analyzers/models
COPY analyzers/context analyzers/context
RUN --mount=type=cache,target=/root/.cache/uv \
    UV_COMPILE_BYTECODE=0 uv sync --locked --no-dev --no-editable --package silver-guardian-context --extra transcription ${CUDA:+--extra cuda}
COPY tests/support/image/smoke.py /smoke.py
RUN /opt/venv/bin/python /smoke.py context \
 && mkdir /own && cd /opt/venv/lib/python3.13/site-packages && cp -a context_analyzer analyzer_kit analyzer_contract guardian_models guardian_service silver_guardian_* /own/ \
 && /opt/venv/bin/python -m compileall -q -s /own -p /opt/venv/lib/python3.13/site-packages /own

FROM status-api-dependencies AS status-api-build
ARG SSL_CERT_FILE
COPY service service
COPY analyzers/contract analyzers/contract
COPY locales locales
COPY records records
COPY status-api status-api
RUN --mount=type=cache,target=/root/.cache/uv \
    UV_COMPILE_BYTECODE=0 uv sync --locked --no-dev --no-editable --package silver-guardian-status-api
COPY tests/support/image/smoke.py /smoke.py
RUN /opt/venv/bin/python /smoke.py status-api \
 && mkdir /own && cd /opt/venv/lib/python3.13/site-packages && cp -a status_api analysis_records analyzer_contract guardian_locales guardian_service silver_guardian_* /own/ \
 && /opt/venv/bin/python -m compileall -q -s /own -p /opt/venv/lib/python3.13/site-packages /own

# ---------------------------------------------------------------- the images
FROM runtime AS operator
LABEL org.opencontainers.image.title="Silver Guardian operator" \
      org.opencontainers.image.description="AnalysisRequests get their verdicts."
COPY --from=operator-dependencies /opt/venv /opt/venv
COPY --from=operator-build /own /opt/venv/lib/python3.13/site-packages
EXPOSE 8080
ENTRYPOINT ["python", "-m", "analysis_operator"]

FROM runtime AS audio
LABEL org.opencontainers.image.title="Silver Guardian audio analyzer" \
      org.opencontainers.image.description="Is this voice real, how sure are we, and where is the evidence?"
COPY --from=audio-dependencies /opt/venv /opt/venv
COPY --from=audio-build /own /opt/venv/lib/python3.13/site-packages
ENV GUARDIAN_HOST=0.0.0.0 GUARDIAN_PORT=8000
EXPOSE 8000
ENTRYPOINT ["python", "-m", "audio_analyzer"]

FROM runtime AS video
LABEL org.opencontainers.image.title="Silver Guardian video analyzer" \
      org.opencontainers.image.description="Is this video real, how sure are we, and where is the evidence?"
COPY --from=video-dependencies /opt/venv /opt/venv
COPY --from=video-build /own /opt/venv/lib/python3.13/site-packages
ENV GUARDIAN_HOST=0.0.0.0 GUARDIAN_PORT=8001
EXPOSE 8001
ENTRYPOINT ["python", "-m", "video_analyzer"]

FROM runtime AS context
LABEL org.opencontainers.image.title="Silver Guardian context analyzer" \
      org.opencontainers.image.description="Is what is said here a phishing call, how sure are we, and where is the evidence?"
COPY --from=context-dependencies /opt/venv /opt/venv
COPY --from=context-build /own /opt/venv/lib/python3.13/site-packages
# The rest is for a build with CUDA=1: the driver comes from the node.
ENV GUARDIAN_HOST=0.0.0.0 GUARDIAN_PORT=8002 \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    LD_LIBRARY_PATH=/opt/venv/lib/python3.13/site-packages/nvidia/cublas/lib
EXPOSE 8002
ENTRYPOINT ["python", "-m", "context_analyzer"]

FROM runtime AS status-api
LABEL org.opencontainers.image.title="Silver Guardian status API" \
      org.opencontainers.image.description="The HTTP API for apps, and the page for people."
COPY --from=status-api-dependencies /opt/venv /opt/venv
COPY --from=status-api-build /own /opt/venv/lib/python3.13/site-packages
EXPOSE 8080
ENTRYPOINT ["python", "-m", "status_api"]
