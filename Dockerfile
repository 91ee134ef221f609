# The server, with its page. Run it with a read-only root: it writes to /data only, and there only without
# DELTAWIRE_DATABASE_URL. docs/guide/operate.md says what to set.

FROM python:3.11-slim-trixie AS packages
WORKDIR /build
RUN python -m venv --without-pip /opt/deltawire
COPY requirements.txt ./
RUN pip --python /opt/deltawire/bin/python install --no-cache-dir --require-hashes --requirement requirements.txt

FROM python:3.11-slim-trixie AS wheel
WORKDIR /build
COPY requirements-build.txt ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements-build.txt
COPY hatch_build.py ./
COPY web web
RUN python hatch_build.py
COPY pyproject.toml README.md LICENSE ./
COPY server server
RUN python -m hatchling build --target wheel --directory dist \
    && pip install --no-cache-dir --no-index --no-deps --target /app dist/*.whl

FROM python:3.11-slim-trixie
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin deltawire \
    && install --directory --mode 0700 --owner deltawire --group deltawire /data
COPY --from=packages /opt/deltawire /opt/deltawire
COPY --from=wheel /app /app
COPY deploy/healthcheck.py /app/
ENV PATH=/opt/deltawire/bin:$PATH DELTAWIRE_HOST=0.0.0.0 DELTAWIRE_DATA_DIR=/data
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "/app/healthcheck.py"]
# In exec form: the server is process 1 and gets SIGTERM itself, which starts the drain.
ENTRYPOINT ["python", "-m", "deltawire"]
