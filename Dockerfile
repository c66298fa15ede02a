# One image for the four services and the `kip` command, chosen by its arguments: intake, aggregation, notifications or
# board alone, else any kip command (migrate, load, doctor, …). Needs no writable file system and no rights.
#   docker build --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) -t kip:0.1.0 .

# Python 3.11 is what the tests run on. Give PYTHON_IMAGE a digest (name@sha256:…) for a build that is the same for ever.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 UV_NO_CACHE=1
RUN python -m pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
WORKDIR /app
COPY pyproject.toml uv.lock ./
# Only what uv.lock lists, each file checked against its hash. The code itself needs no build.
RUN uv sync --frozen --no-default-groups --no-install-project \
    && uv export --frozen --no-default-groups --no-emit-project --preview-features sbom-export \
        --format cyclonedx1.5 --quiet --output-file sbom.cdx.json \
    && rm -f .venv/.lock
COPY cli cli
COPY data data
COPY deploy/__init__.py deploy/__init__.py
COPY deploy/image deploy/image
COPY programmes programmes
COPY services services
COPY shared shared
COPY LICENSE LICENSE
RUN python -m compileall -q cli deploy services shared

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Kịp" \
      org.opencontainers.image.description="Figures up the administrative ladder, and alerts in time when a unit falls behind" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# No package installer in the image that runs.
RUN python -m pip uninstall --yes --quiet --disable-pip-version-check --root-user-action=ignore setuptools wheel pip \
    && rm -rf /usr/local/lib/python3.11/ensurepip \
    && groupadd --gid 10001 kip \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin kip
COPY --from=build /app /app
WORKDIR /app
ENV PATH="/app/.venv/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 KIP_BIND=0.0.0.0 KIP_LOG_FORMAT=json
USER 10001:10001
STOPSIGNAL SIGTERM
EXPOSE 8080 8081 8082 8083
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-m", "deploy.image.health"]
ENTRYPOINT ["/bin/sh", "/app/deploy/image/entrypoint.sh"]
CMD ["--help"]
