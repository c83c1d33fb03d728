# A static binary in an empty image: about 75 MB, no shell, not root.
FROM node:22 AS web
WORKDIR /src
COPY web/package.json web/package-lock.json web/
RUN cd web && npm ci --no-audit --no-fund
COPY services/openapi services/openapi
COPY schemas/jsonschema schemas/jsonschema
COPY web web
RUN cd web && npm run build

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/web/dist web/dist
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -tags nomsgpack -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /tabiya ./cmd/tabiya \
 && install -d -m 1777 /rootfs/tmp && install -d /rootfs/keys

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# Folders that an empty image lacks: sinks write files to /tmp before they upload
# them, and the compose file mounts the keys at /keys.
COPY --from=build /rootfs/ /
COPY --from=build /tabiya /tabiya
USER 65532:65532
# Operators' metrics stay inside the container unless TABIYA_OPS_LISTEN says otherwise.
# The health check reads both variables.
ENV TABIYA_LISTEN=:8080 TABIYA_OPS_LISTEN=127.0.0.1:9090
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=6s --start-period=60s --retries=5 CMD ["/tabiya", "ready"]
ENTRYPOINT ["/tabiya"]
