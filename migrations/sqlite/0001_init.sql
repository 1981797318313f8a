-- +goose Up
-- STRICT: SQLite would else keep a value of any type in any column. Text is
-- compared byte by byte (BINARY), so names are listed in byte order.
CREATE TABLE scripts (
    name            TEXT NOT NULL PRIMARY KEY CHECK (name <> ''),
    -- Lua source may hold every byte; TEXT ends at a NUL for SQLite's functions.
    source          BLOB NOT NULL,
    version         INTEGER NOT NULL CHECK (version >= 1),
    enabled         INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    -- NULL: the platform default.
    memory_limit_mb INTEGER CHECK (memory_limit_mb >= 1),
    timeout_ms      INTEGER CHECK (timeout_ms >= 1),
    -- Microseconds since 1970-01-01 00:00:00 UTC; SQLite has no type for time.
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
