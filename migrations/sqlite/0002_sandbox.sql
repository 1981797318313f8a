-- +goose Up
-- Only what a script overrides; {} keeps every platform default.
-- TEXT and not JSONB: a STRICT table knows no such type name, in another table
-- it would mean NUMERIC affinity, and SQLite's own JSONB is a binary form that
-- no other program reads.
ALTER TABLE scripts ADD COLUMN sandbox TEXT NOT NULL DEFAULT '{}'
    CHECK (json_valid(sandbox) AND json_type(sandbox) = 'object');

-- Only the fields an administrator has set.
CREATE TABLE ceiling (
    field TEXT NOT NULL PRIMARY KEY CHECK (field <> ''),
    value INTEGER NOT NULL CHECK (value >= 1)
) STRICT;
