# A static binary on an empty image: about 60 MB, no shell, an ordinary user.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /tabiya ./cmd/tabiya \
 && mkdir /keys /spool && chown 65532:65532 /keys /spool

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /tabiya /tabiya
# Where the compose file mounts the signing key, and where sinks write files
# before they upload them; a scratch image has no other folder to write to.
COPY --from=build --chown=65532:65532 /keys /keys
COPY --from=build --chown=65532:65532 /spool /tmp
USER 65532:65532
ENV TABIYA_LISTEN=:8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=6s --start-period=60s --retries=5 CMD ["/tabiya", "ready"]
ENTRYPOINT ["/tabiya"]
