package cli

import (
	"context"
	"fmt"
	"text/tabwriter"

	"postern/internal/store"
)

type migrate struct {
	Up     migrateUp     `cmd:"" help:"Apply all migrations that are not applied yet."`
	Status migrateStatus `cmd:"" help:"List all migrations."`
}

type migrateUp struct{}

// Run migrates the database.
func (migrateUp) Run(ctx context.Context, in *invocation) error {
	return in.withStore(ctx, func(s *store.Store) error {
		applied, err := s.Migrate(ctx)
		if err != nil {
			return err
		}
		for _, name := range applied {
			in.print("applied %s", name)
		}
		if len(applied) == 0 {
			in.print("%s is up to date.", s.Name())
		}
		return nil
	})
}

type migrateStatus struct{}

// Run lists the migrations.
func (migrateStatus) Run(ctx context.Context, in *invocation) error {
	return in.withStore(ctx, func(s *store.Store) error {
		known, err := s.Migrations(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(in.Stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "STATE\tMIGRATION")
		for _, m := range known {
			state := "pending"
			if m.Applied {
				state = "applied"
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\n", state, m.Name)
		}
		return table.Flush()
	})
}
