# The page and the API in a container: docker compose up. Built in one stage, run in another.
FROM python:3.11-slim AS build
ARG EXTRAS=""
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY assistant assistant
RUN python -m venv /opt/assistant \
    && /opt/assistant/bin/pip install --no-cache-dir --constraint constraints.txt \
        ".${EXTRAS:+[$EXTRAS]}"

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home assistant \
    && mkdir -p /data/state \
    && chown assistant /data/state
COPY --from=build /opt/assistant /opt/assistant
COPY knowledge /data/knowledge
ENV PATH=/opt/assistant/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ASSISTANT_HOST=0.0.0.0 \
    ASSISTANT_PORT=7860 \
    ASSISTANT_KNOWLEDGE=/data/knowledge \
    ASSISTANT_INDEX=/data/state/index
USER 10001
WORKDIR /data
VOLUME /data/state
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=5m \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/health', timeout=8)"]
# An ingest that skipped a file ends with 1: the others are indexed all the same.
CMD ["sh", "-c", "assistant ingest || test $? -eq 1 && exec assistant serve"]
