package sqlite

import (
	"context"
	"database/sql"

	"picloud/limits"
)

// Ceiling is part of store.Store.
func (s *Store) Ceiling(ctx context.Context) (map[limits.Field]int64, error) {
	ceiling := map[limits.Field]int64{}
	err := s.read(ctx, func(db *sql.DB) error {
		rows, err := db.QueryContext(ctx, "SELECT field, value FROM ceiling")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var field limits.Field
			var value int64
			if err := rows.Scan(&field, &value); err != nil {
				return err
			}
			if _, known := limits.Lookup(field); known {
				ceiling[field] = value
			}
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return ceiling, nil
}

// PatchCeiling is part of store.Store.
func (s *Store) PatchCeiling(ctx context.Context, changes map[limits.Field]*int64) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		for field, value := range changes {
			var err error
			if value == nil {
				_, err = tx.ExecContext(ctx, "DELETE FROM ceiling WHERE field = ?", string(field))
			} else {
				_, err = tx.ExecContext(ctx, `INSERT INTO ceiling (field, value) VALUES (?, ?)
					ON CONFLICT (field) DO UPDATE SET value = excluded.value`, string(field), *value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
