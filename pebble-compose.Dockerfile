# The gateway for pebble-compose.yml: a laboratory CA that trusts whatever DNS it is given. Nobody's production.
FROM python:3.11

WORKDIR /trivium
COPY pyproject.toml uv.lock README.md Makefile ./
COPY gateway gateway
COPY ca_core ca_core
COPY store store
RUN make setup
ENV PATH="/trivium/.venv/bin:$PATH" TRIVIUM_DIR=/ca

EXPOSE 8443 8080
CMD ["sh", "-euc", "[ -e /ca/trivium.toml ] || trivium init \
    --set listen.acme=0.0.0.0:8443 --set external_url=https://localhost:8443 \
    --set listen.status=0.0.0.0:8080 --set status_url=http://127.0.0.1:8080 \
    --set validation.resolver=10.30.50.3:8053 --set validation.http_port=5002 --set validation.tls_alpn_port=5001 \
    --set validation.allow_private_addresses=true --set acme.wildcards=true --set acme.plain_get=true; \
    exec trivium serve"]
