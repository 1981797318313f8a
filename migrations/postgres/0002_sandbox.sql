-- +goose Up
-- Only what a script overrides; {} keeps every platform default.
ALTER TABLE scripts ADD COLUMN sandbox JSONB NOT NULL DEFAULT '{}'
    CHECK (jsonb_typeof(sandbox) = 'object');

-- Only the fields an administrator has set.
CREATE TABLE ceiling (
    field TEXT COLLATE "C" PRIMARY KEY CHECK (field <> ''),
    value BIGINT NOT NULL CHECK (value >= 1)
);
