package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"picloud/migrations"
	"picloud/store/postgres"
	"picloud/store/sqlite"
)

func migrateCommand() *cli.Command {
	flags := []cli.Flag{dataDirFlag(), databaseFlag(), outputFlag()}
	return &cli.Command{
		Name:        "migrate",
		Usage:       "bring the database's schema up to date, as serve does at its start",
		Description: "picloud migrate status lists the migrations and changes nothing.",
		Flags:       flags,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("migrate takes status or nothing; got %q", c.Args().First())
			}
			db, err := openDatabase(c, false)
			if err != nil {
				return err
			}
			defer db.Close()
			version, err := db.SchemaVersion(c.Context)
			if err != nil {
				return err
			}
			if asJSON(c) {
				return printJSON(c, map[string]any{"schema": version})
			}
			fmt.Fprintf(c.App.Writer, "the database is at schema %d\n", version)
			return nil
		},
		Subcommands: []*cli.Command{{
			Name:   "status",
			Usage:  "list the migrations, those the database has and those it lacks",
			Flags:  flags,
			Action: migrateStatus,
		}},
	}
}

// database is what both kinds of store offer beside the Store interface.
type database interface {
	SchemaVersion(ctx context.Context) (int64, error)
	Migrations(ctx context.Context) ([]migrations.Migration, error)
	Close() error
}

// openDatabase opens the database the flags name and, unless asIs is set,
// migrates it.
func openDatabase(c *cli.Context, asIs bool) (database, error) {
	url, path := c.String("database-url"), filepath.Join(dataDir(c), "picloud.db")
	switch {
	case url != "" && asIs:
		return postgres.OpenAsIs(c.Context, url)
	case url != "":
		return postgres.Open(c.Context, url)
	case asIs:
		return sqlite.OpenAsIs(c.Context, path)
	default:
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return nil, err
		}
		return sqlite.Open(c.Context, path)
	}
}

func migrateStatus(c *cli.Context) error {
	db, err := openDatabase(c, true)
	if err != nil {
		return err
	}
	defer db.Close()
	list, err := db.Migrations(c.Context)
	if err != nil {
		return err
	}
	if asJSON(c) {
		return printJSON(c, map[string]any{"migrations": migrationLines(list)})
	}
	t := newTable(paletteFor(c.App.Writer), left("NUMBER"), left("NAME"), left("APPLIED"))
	for _, m := range migrationLines(list) {
		applied := "no"
		if m.AppliedAt != nil {
			applied = m.AppliedAt.Format(time.RFC3339)
		}
		t.add(fmt.Sprintf("%04d", m.Number), m.Name, applied)
	}
	return t.print(c.App.Writer)
}

// migrationLine is one migration as --output json shows it.
type migrationLine struct {
	Number    int64      `json:"number"`
	Name      string     `json:"name"`
	AppliedAt *time.Time `json:"applied_at"` // null: the database lacks it
}

func migrationLines(list []migrations.Migration) []migrationLine {
	lines := []migrationLine{}
	for _, m := range list {
		line := migrationLine{Number: m.Version, Name: m.Name}
		if !m.AppliedAt.IsZero() {
			line.AppliedAt = &m.AppliedAt
		}
		lines = append(lines, line)
	}
	return lines
}
