-- +goose Up
-- A script's compiled form, made when it was written, and what says of which source
-- it was made. NULL: there is none, as of scripts that are older than this.
ALTER TABLE scripts ADD COLUMN form_key BYTEA;
ALTER TABLE scripts ADD COLUMN form BYTEA;
