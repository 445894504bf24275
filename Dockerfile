# One image for every process of ours; the module to run is the argument:
#   docker run taskmesh task_worker
#   docker run taskmesh ops migrate

# A release names the digest too: --build-arg PYTHON_IMAGE=python:3.13-slim-trixie@sha256:...
ARG PYTHON_IMAGE=python:3.13-slim-trixie


FROM ${PYTHON_IMAGE} AS build

COPY requirements.lock /
# pip works on /venv from outside, so that the image has no installer. Wheels only: nothing is compiled here.
RUN python -m venv --without-pip /venv && \
    python -m pip --python /venv/bin/python install \
      --disable-pip-version-check --no-cache-dir --only-binary :all: --require-hashes --requirement /requirements.lock

COPY contracts /app/contracts
COPY chassis /app/chassis
COPY gateway /app/gateway
COPY auth_worker /app/auth_worker
COPY task_worker /app/task_worker
COPY notifier /app/notifier
COPY ops /app/ops
# By content and not by time, because the root is read-only where this runs and times differ between builds.
RUN python -m compileall -q --invalidation-mode unchecked-hash /app


FROM ${PYTHON_IMAGE}

# The folder of files belongs to the user, and so does a new volume that is mounted there.
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin taskmesh && \
    install --directory --owner=10001 --group=10001 /var/lib/taskmesh

COPY --from=build /venv /venv
COPY --from=build /app /app

ARG COMMIT=unknown
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    COMMIT=${COMMIT}

WORKDIR /app
USER 10001:10001

# Alive, and not ready: a container is not to be replaced because its broker is away.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('HEALTH_PORT', '9100')), timeout=2); c.request('GET', '/livez'); sys.exit(c.getresponse().status != 200)"]

ENTRYPOINT ["python", "-m"]
CMD ["gateway"]
