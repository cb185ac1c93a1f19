# A watcher of one vault. docs/watch.md says how to run it.
#   docker build -t vaultsync --build-arg UID=$(id -u) --build-arg GID=$(id -g) .
FROM python:3.12-slim

COPY pyproject.toml README.md LICENSE /src/
COPY templates /src/templates
COPY vaultsync /src/vaultsync
RUN pip install --no-cache-dir /src && rm -r /src

# The user whose notes they are: a note keeps its owner, and state is for one user only.
ARG UID=1000
ARG GID=1000
RUN install -d -o ${UID} -g ${GID} -m 700 /state && install -d -o ${UID} -g ${GID} /vault
USER ${UID}:${GID}

# The root may be read-only: nothing is written but here.
VOLUME ["/vault", "/state"]
ENV VAULTSYNC_VAULT=/vault VAULTSYNC_STATE_DIR=/state VAULTSYNC_CONFIG_DIR=/state/config PYTHONUNBUFFERED=1

HEALTHCHECK --interval=5m --timeout=30s --start-period=1m CMD ["vaultsync", "status"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["vaultsync"]
CMD ["watch", "--json"]
