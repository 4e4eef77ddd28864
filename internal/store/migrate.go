package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migration is one step of the database's schema.
type Migration struct {
	Version int64
	Name    string
	Applied bool
}

// Migrate brings the database's schema up to date, and returns the names of the migrations that it applied. Any number of
// processes may do so at once: one does it, the others wait. The error is ErrAhead if there are migrations of a newer program.
func (s *Store) Migrate(ctx context.Context) ([]string, error) {
	migrator, err := s.migrator()
	if err != nil {
		return nil, err
	}
	results, err := migrator.Up(ctx)
	names := namesOf(results, err)
	// SQLite has no lock that lasts for all migrations: another process may just have applied the same one.
	for tries := len(migrator.ListSources()); err != nil && s.dialect.oneWriter && tries > 0; tries-- {
		results, err = migrator.Up(ctx)
		names = append(names, namesOf(results, err)...)
	}
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return names, s.CheckVersion(ctx)
}

// namesOf are those of the migrations that were applied, also if there was an error at last.
func namesOf(results []*goose.MigrationResult, err error) (names []string) {
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		results = partial.Applied
	}
	for _, result := range results {
		names = append(names, result.Source.Path)
	}
	return names
}

// Migrations are all that this program knows, in order. It writes nothing.
func (s *Store) Migrations(ctx context.Context) ([]Migration, error) {
	migrator, err := s.migrator()
	if err != nil {
		return nil, err
	}
	applied, err := s.version(ctx)
	if err != nil {
		return nil, err
	}
	sources := migrator.ListSources()
	known := make([]Migration, len(sources))
	for i, source := range sources {
		known[i] = Migration{Version: source.Version, Name: source.Path, Applied: source.Version <= applied}
	}
	return known, nil
}

// version is that of the database's schema; 0 if it has none.
func (s *Store) version(ctx context.Context) (version int64, err error) {
	var migrated bool
	if err = s.db.QueryRowContext(ctx, s.dialect.migrated).Scan(&migrated); err == nil && migrated {
		err = s.db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&version)
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of the schema: %w", err)
	}
	return version, nil
}

func (s *Store) migrator() (*goose.Provider, error) {
	folder, err := fs.Sub(migrations, s.dialect.migrations)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithSlog(s.log)}
	if !s.dialect.oneWriter {
		// A lock of the session's, asked for every second for five minutes: whoever waits starts soon after the other is done.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(s.dialect.goose, s.db, folder, options...)
}

// ErrBehind says that the database's schema is older than this program. Migrating helps.
var ErrBehind = errors.New("the database needs to be migrated: run postern migrate up")

// ErrAhead says that the database's schema is newer than this program, which might damage what it does not know.
var ErrAhead = errors.New("this program is older than its database: run a newer one")

// CheckVersion tells whether this program and the database's schema fit; the error is ErrBehind or ErrAhead if not. It writes
// nothing.
func (s *Store) CheckVersion(ctx context.Context) error {
	known, err := s.Migrations(ctx)
	if err != nil {
		return err
	}
	newest := known[len(known)-1]
	switch version, err := s.version(ctx); {
	case err != nil:
		return err
	case version < newest.Version:
		return fmt.Errorf("%w (it is at %d, this program at %d)", ErrBehind, version, newest.Version)
	case version > newest.Version:
		return fmt.Errorf("%w (it is at %d, the database at %d)", ErrAhead, newest.Version, version)
	}
	return nil
}

// CheckMigrated tells whether the schema has all that this program needs; the error is ErrBehind if not. Unlike CheckVersion
// it does not mind a newer schema: the program that brought it lets those that run finish their days.
func (s *Store) CheckMigrated(ctx context.Context) error {
	if err := s.CheckVersion(ctx); !errors.Is(err, ErrAhead) {
		return err
	}
	return nil
}
