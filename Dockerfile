# syntax=docker/dockerfile:1

FROM rust:1.95-bookworm AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends cmake \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# What was built before is kept between builds, so a change of ours does not
# build every dependency anew.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --package server \
    && install -D --target-directory=/out target/release/sutler \
    && mkdir /out/data

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/sutler /usr/local/bin/sutler
COPY --from=build --chown=10001:10001 /out/data /data
# Where a container keeps its things; nothing else is written to.
ENV HTTP_BIND=0.0.0.0:8080 \
    DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["sutler"]
CMD ["serve"]
