# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
RUN python -m venv /venv
COPY requirements.txt .
RUN --mount=type=cache,target=/root/.cache/pip \
    /venv/bin/pip install --disable-pip-version-check --require-hashes -r requirements.txt

FROM python:3.13-slim
RUN useradd --system --uid 10001 --user-group --no-create-home rhivo \
    && install --directory --owner rhivo --group rhivo /var/lib/rhivo
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY --from=build /venv /venv
COPY . .
# Any secret does: nothing that is collected depends on it, and none stays in the image.
RUN RHIVO_ENV=production SECRET_KEY=unused JWT_SECRET=unused python manage.py collectstatic --no-input
USER rhivo
EXPOSE 8000
# Django works in 8 threads of its own (rhivo/web/load_shedding.py). The limit on connections is wide because idle ones count too.
CMD ["granian", "--interface", "wsgi", "--no-ws", "--host", "0.0.0.0", "--port", "8000", \
     "--blocking-threads", "40", "--backpressure", "512", "--respawn-failed-workers", "--workers-kill-timeout", "20", \
     "rhivo.wsgi:application"]
