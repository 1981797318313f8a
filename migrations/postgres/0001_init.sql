-- +goose Up
CREATE TABLE scripts (
    -- COLLATE "C": names are listed in byte order, whatever the database's locale is.
    name            TEXT COLLATE "C" PRIMARY KEY CHECK (name <> ''),
    -- Lua source may hold every byte; TEXT refuses NUL and what is not UTF-8.
    source          BYTEA NOT NULL,
    version         BIGINT NOT NULL CHECK (version >= 1),
    enabled         BOOLEAN NOT NULL,
    -- NULL: the platform default.
    memory_limit_mb BIGINT CHECK (memory_limit_mb >= 1),
    timeout_ms      BIGINT CHECK (timeout_ms >= 1),
    created_at      TIMESTAMPTZ NOT NULL,
    updated_at      TIMESTAMPTZ NOT NULL
);
