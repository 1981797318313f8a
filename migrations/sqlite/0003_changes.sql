-- +goose Up
-- Nothing to be done: SQLite itself tells every program that has the file open of
-- what another has written.
SELECT 1;
