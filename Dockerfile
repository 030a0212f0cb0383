# syntax=docker/dockerfile:1
# One image for the API, the pages and both workers, from the same lock as 'make env'.
FROM python:3.11-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
ENV UV_LINK_MODE=copy UV_CACHE_DIR=/cache/uv
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY requirements.lock requirements-crf.lock ./
RUN --mount=type=cache,target=/cache/uv \
    /opt/venv/bin/uv pip sync --python /opt/venv/bin/python --require-hashes requirements.lock \
 && /opt/venv/bin/uv pip install --python /opt/venv/bin/python --require-hashes --no-deps -r requirements-crf.lock
COPY . .
RUN /opt/venv/bin/uv pip install --python /opt/venv/bin/python --no-deps --no-build-isolation --editable . \
 && /opt/venv/bin/python -m compileall -q backend frontend ssenet worker

FROM python:3.11-slim-bookworm
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin ssenet \
 && install -d -o ssenet -g ssenet -m 0700 /data
ENV PATH=/opt/venv/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 SSENET_DATA_DIR=/data
USER ssenet
WORKDIR /app
ENTRYPOINT ["ssenet-lab"]
CMD ["--help"]
