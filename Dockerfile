# syntax=docker/dockerfile:1
# One static binary, the certificates of public authorities, and nothing else: no shell, no package manager, no root.

# Where the program comes from: compiled here, or, with --build-arg FROM=built, from image/ARCHITECTURE/oncehub-mcp.
ARG FROM=compiled

FROM rust:1-alpine AS compiled
# ring is C and assembly: it needs a compiler and the headers of musl's C library.
RUN apk add --no-cache ca-certificates gcc musl-dev
WORKDIR /src
# benches/ has an example that Cargo.toml names: without it cargo fails.
COPY Cargo.toml Cargo.lock ./
COPY benches benches
COPY playbooks playbooks
COPY src src
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo build --release --locked --bin oncehub-mcp && cp target/release/oncehub-mcp /oncehub-mcp

FROM scratch AS built
ARG TARGETARCH
COPY image/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY image/$TARGETARCH/oncehub-mcp /oncehub-mcp

FROM $FROM AS program

FROM scratch
# The registry of MCP servers checks here who owns the image.
LABEL io.modelcontextprotocol.server.name="io.github.oncehub-mcp/oncehub-mcp" \
    org.opencontainers.image.source="https://github.com/oncehub-mcp/oncehub-mcp" \
    org.opencontainers.image.licenses="Apache-2.0"
# OnceHub's certificate is checked against the system's authorities, which are looked for here.
COPY --from=program /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=program /oncehub-mcp /oncehub-mcp
COPY LICENSE /LICENSE
USER 65532:65532
# Behind a proxy that terminates TLS. Do not publish this port: keys would travel unencrypted.
ENV ONCEHUB_MCP_LISTEN=0.0.0.0:8000 \
    ONCEHUB_MCP_BEHIND_PROXY=true \
    ONCEHUB_MCP_LOG_FORMAT=json
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=6s --start-period=5s CMD ["/oncehub-mcp", "http", "--health"]
ENTRYPOINT ["/oncehub-mcp"]
CMD ["http"]
