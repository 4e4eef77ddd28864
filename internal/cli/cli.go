// Package cli is the grammar of the command, and every command but serve, which server.go wires.
//
// It may import all that lies below, but no other edge.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"postern/internal/account"
	"postern/internal/config"
	"postern/internal/mail"
	"postern/internal/store"
)

// Env is the world as the command sees it.
type Env struct {
	Args   []string // without the program's name
	Getenv func(string) string
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer

	// Now is the clock.
	Now func() time.Time
	// Serve runs the server until ctx ends.
	Serve func(ctx context.Context, c config.Config) error
	// Open opens the database.
	Open func(ctx context.Context, c config.Config, log *slog.Logger) (*store.Store, error)
	// Mail is what sends mails; it answers mail.ErrNone where nothing does.
	Mail func(c config.Config, log *slog.Logger) (mail.Sender, error)
	// Accounts are the accounts in it.
	Accounts func(c config.Config, s *store.Store) *account.Service
}

// grammar is the command line.
type grammar struct {
	config.Config `embed:""`

	Serve       serve       `cmd:"" default:"1" help:"Run the server. This is what postern does by itself."`
	Migrate     migrate     `cmd:"" help:"Bring the database's schema up to date, or show where it stands."`
	User        user        `cmd:"" help:"Manage accounts; beside a running server, too."`
	Audit       audit       `cmd:"" help:"Show what happened to accounts, as the audit log has it, and follow it; beside a running server, too."`
	Keys        keys        `cmd:"" help:"Make, list, rotate and retire the keys that sign access tokens; beside a running server, too."`
	Mail        mailing     `cmd:"" help:"See whether mails are sent."`
	Settings    settings    `cmd:"" name:"config" help:"Show every setting, and where it comes from."`
	Version     version     `cmd:"" help:"Show the version."`
	Healthcheck healthcheck `cmd:"" help:"Ask the server that listens at the address whether it is ready."`
	Completion  completion  `cmd:"" help:"Print a script that completes postern's words in a shell."`
}

// invocation is a command that is being run.
type invocation struct {
	Env
	config  config.Config
	sources *config.Sources
	kong    *kong.Context
}

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Run runs the command.
func Run(ctx context.Context, env Env) error {
	sources, err := config.NewSources(env.Getenv)
	if err != nil {
		return err
	}
	var line grammar
	exited := false
	parser, err := kong.New(&line,
		kong.Name("postern"),
		kong.Description("A blog server that speaks GraphQL. Every flag of the groups Server, Data, Accounts, Mail, Limits and Log can be set in "+
			"the environment, and in a file .env, as well: --some-flag is SOME_FLAG."),
		kong.Writers(env.Stdout, env.Stderr),
		kong.Exit(func(int) { exited = true }),
		kong.Resolvers(sources),
		kong.ValueFormatter(withDefault),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.ExplicitGroups([]kong.Group{
			{Key: "Server", Title: "Server"},
			{Key: "Data", Title: "Data"},
			{Key: "Accounts", Title: "Accounts"},
			{Key: "Mail", Title: "Mail"},
			{Key: "Limits", Title: "Limits"},
			{Key: "Log", Title: "Log"},
		}),
	)
	if err != nil {
		return fmt.Errorf("build the command line: %w", err)
	}
	parsed, err := parser.Parse(env.Args)
	switch {
	case exited: // --help has been answered
		return nil
	case err != nil:
		return usageError{sources.Explain(err)}
	}
	if usesSettings(parsed) {
		if err := line.Check(); err != nil {
			return err
		}
	}
	return parsed.Run(&invocation{Env: env, config: line.Config, sources: sources, kong: parsed})
}

// withDefault is the help for a flag or an argument.
func withDefault(v *kong.Value) string {
	if !v.HasDefault {
		return v.Help
	}
	return v.Help + " By default " + v.Default + "."
}

// usesSettings tells whether a command does something with the settings, rather than print what is the same with all.
func usesSettings(parsed *kong.Context) bool {
	command, _, _ := strings.Cut(parsed.Command(), " ")
	return command != "version" && command != "completion"
}

// Exit statuses.
const (
	statusOK      = 0
	statusFailure = 1
	statusUsage   = 2 // the command line or a setting makes no sense; nothing was touched
)

// Status tells a failed command's reason in one line, and returns what the process exits with.
func Status(err error, stderr io.Writer) int {
	if err == nil {
		return statusOK
	}
	_, _ = fmt.Fprintf(stderr, "postern: %s\n", strings.Join(strings.Fields(err.Error()), " ")) // pgx, for one, writes several
	_, badSetting := errors.AsType[*config.Error](err)
	_, badUsage := errors.AsType[usageError](err)
	if badSetting || badUsage {
		return statusUsage
	}
	return statusFailure
}

type serve struct{}

// Run runs the server.
func (serve) Run(ctx context.Context, in *invocation) error {
	if err := in.config.CheckServer(); err != nil {
		return err
	}
	return in.Serve(ctx, in.config)
}

// withStore runs fn with the opened database.
func (in *invocation) withStore(ctx context.Context, fn func(*store.Store) error) (err error) {
	s, err := in.Open(ctx, in.config, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return fn(s)
}

// print writes a line for the person who runs the command.
func (in *invocation) print(format string, args ...any) {
	_, _ = fmt.Fprintf(in.Stdout, format+"\n", args...)
}
