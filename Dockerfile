# syntax=docker/dockerfile:1

# One static binary in an otherwise empty image. It takes its version from the repository that it is built from.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -pgo=bench/release.pgo -ldflags='-s -w' -o /out/postern . \
    && mkdir /out/data

FROM scratch
COPY --from=build /out/postern /postern
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV ADDR=0.0.0.0:8080 PRODUCTION=true DATA_DIR=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s CMD ["/postern", "healthcheck"]
ENTRYPOINT ["/postern"]
