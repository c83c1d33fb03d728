# A static binary on an empty image: about 75 MB, no shell, an ordinary user.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /tabiya ./cmd/tabiya \
 && install -d -m 1777 /rootfs/tmp && install -d /rootfs/keys

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# /tmp is where sinks write files before they upload them, /keys where the
# compose file mounts the key; an empty image has neither.
COPY --from=build /rootfs/ /
COPY --from=build /tabiya /tabiya
USER 65532:65532
ENV TABIYA_LISTEN=:8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=6s --start-period=60s --retries=5 CMD ["/tabiya", "ready"]
ENTRYPOINT ["/tabiya"]
