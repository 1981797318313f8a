-- +goose Up
-- Daemons that share the database keep scripts in memory, and hear of every write
-- on this channel, whoever makes it: an older daemon or an administrator too.
-- +goose StatementBegin
CREATE FUNCTION picloud_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('picloud_changed', '');
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON scripts
    FOR EACH STATEMENT EXECUTE FUNCTION picloud_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ceiling
    FOR EACH STATEMENT EXECUTE FUNCTION picloud_changed();

-- What replication brings counts as well.
ALTER TABLE scripts ENABLE ALWAYS TRIGGER changed;
ALTER TABLE ceiling ENABLE ALWAYS TRIGGER changed;
