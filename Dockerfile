# The server, with its page. Run it with a read-only root: it writes to /data only. Mount a volume there that outlives the container,
# for callers' files. Any user may run it who is of group 0, as OpenShift's are. docs/guide/run-for-others.md says what to set.
# Before you run it for others, add the digests: `docker buildx imagetools inspect python:3.11.14-slim-trixie` prints it, and
# `python:3.11.14-slim-trixie@sha256:...` takes no other image. A tag can be moved, a digest cannot.

FROM python:3.11.14-slim-trixie AS packages
WORKDIR /build
RUN python -m venv --without-pip /opt/deltawire
COPY requirements.txt ./
RUN pip --python /opt/deltawire/bin/python install --no-cache-dir --require-hashes --requirement requirements.txt

FROM python:3.11.14-slim-trixie AS wheel
WORKDIR /build
COPY requirements-build.txt ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements-build.txt
COPY hatch_build.py ./
COPY web web
RUN python hatch_build.py
COPY pyproject.toml README.md LICENSE ./
COPY server server
RUN python -m hatchling build --target wheel --directory dist
COPY --from=packages /opt/deltawire /opt/deltawire
RUN pip --python /opt/deltawire/bin/python install --no-cache-dir --no-index --no-deps dist/*.whl

FROM python:3.11.14-slim-trixie
RUN useradd --uid 10001 --gid 0 --no-create-home --shell /usr/sbin/nologin deltawire \
    && install --directory --mode 0770 --owner deltawire --group 0 /data
COPY --from=wheel /opt/deltawire /opt/deltawire
COPY deploy/healthcheck.py /opt/deltawire/
ENV PATH=/opt/deltawire/bin:$PATH DELTAWIRE_HOST=0.0.0.0 DELTAWIRE_DATA_DIR=/data
WORKDIR /opt/deltawire
USER 10001:0
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "/opt/deltawire/healthcheck.py"]
# In exec form: the server is process 1 and gets SIGTERM itself, which starts the drain. An image cannot say how long to
# wait for its end, and Docker waits 10 s: `docker run --stop-timeout 360`, or `docker stop --time 360`.
ENTRYPOINT ["deltawire"]
