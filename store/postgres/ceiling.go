package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"picloud/limits"
)

// Ceiling is part of store.Store.
func (s *Store) Ceiling(ctx context.Context) (map[limits.Field]int64, error) {
	ceiling := map[limits.Field]int64{}
	err := s.read(ctx, func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, "SELECT field, value FROM ceiling")
		if err != nil {
			return err
		}
		var field string
		var value int64
		_, err = pgx.ForEachRow(rows, []any{&field, &value}, func() error {
			if _, known := limits.Lookup(limits.Field(field)); known {
				ceiling[limits.Field(field)] = value
			}
			return nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return ceiling, nil
}

// PatchCeiling is part of store.Store.
func (s *Store) PatchCeiling(ctx context.Context, changes map[limits.Field]*int64) error {
	return s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		// In one order, or two patches could wait for each other's rows.
		for _, field := range slices.Sorted(maps.Keys(changes)) {
			var err error
			if value := changes[field]; value == nil {
				_, err = tx.Exec(ctx, "DELETE FROM ceiling WHERE field = $1", string(field))
			} else {
				_, err = tx.Exec(ctx, `INSERT INTO ceiling (field, value) VALUES ($1, $2)
					ON CONFLICT (field) DO UPDATE SET value = excluded.value`, string(field), *value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
