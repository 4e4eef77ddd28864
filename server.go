// Postern is a blog server that speaks GraphQL: its reading side is open, its writing side is guarded.
//
// This file wires the whole and decides nothing: ARCHITECTURE.md tells where things are.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	_ "golang.org/x/crypto/x509roots/fallback" // CA roots for images that have none

	"postern/graph"
	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/cli"
	"postern/internal/config"
	"postern/internal/executor"
	"postern/internal/httpd"
	"postern/internal/limit"
	"postern/internal/mail"
	"postern/internal/store"
	"postern/internal/throttle"
	"postern/internal/transport"
	"postern/internal/width"
)

//go:embed schema.graphqls
var schema string

func main() {
	keep := cli.Tune(os.Getenv) //nolint:forbidigo // handed down from here, as below
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)                                            // a second signal ends the process at once
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr) //nolint:forbidigo // likewise
	runtime.KeepAlive(keep)
	os.Exit(cli.Status(err, os.Stderr))
}

// run is the whole program.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	wide := width.New(getenv)
	return cli.Run(ctx, cli.Env{
		Args: args, Getenv: getenv, Stdin: stdin, Stdout: stdout, Stderr: stderr,
		Open: openStore(wide), Now: time.Now, Mail: newMail,
		Accounts: func(c config.Config, s *store.Store) *account.Service {
			return account.NewService(account.Options{
				Store: s, Passwords: auth.NewPasswords(auth.DefaultPool(wide)), Now: time.Now, MinPassword: c.PasswordMinLength,
				Mail: c.Mails(), Notices: account.NoticesNamed(c.MailNotices), // which the server sends
			})
		},
		Serve: func(ctx context.Context, c config.Config) error { return serve(ctx, c, wide, stdout, stderr) },
	})
}

func openStore(wide *width.Width) func(context.Context, config.Config, *slog.Logger) (*store.Store, error) {
	return func(ctx context.Context, c config.Config, log *slog.Logger) (*store.Store, error) {
		return store.Open(ctx, store.Options{
			URL: c.Database(), MaxConnections: c.DatabaseMaxConnections, RequireVerified: c.RequireVerified, Width: wide, Log: log,
		})
	}
}

// newMail makes what sends mails; it answers mail.ErrNone where nothing does.
func newMail(c config.Config, log *slog.Logger) (mail.Sender, error) {
	server, err := c.SMTP()
	if err != nil {
		return nil, err
	}
	sender, err := mail.New(mail.Options{
		Server: mail.Server{
			Host: server.Host, Port: server.Port, Security: mail.Security(server.Security),
			User: server.User, Password: server.Password.Reveal(),
		},
		Outbox: c.Outbox(), From: c.MailSender(), Hello: c.MailHello(), Now: time.Now, Log: log,
	})
	if err != nil && !errors.Is(err, mail.ErrNone) {
		err = &config.Error{Setting: "MAIL_FROM", Problem: err.Error()}
	}
	return sender, err
}

// newWorker makes what sends the mails of the queue, or does nothing where none are sent.
func newWorker(c config.Config, db *store.Store, accounts *account.Service, log *slog.Logger) (func(context.Context), error) {
	sender, err := newMail(c, log)
	if errors.Is(err, mail.ErrNone) {
		return func(context.Context) {}, nil
	}
	worker := &mail.Worker{
		Queue: db, Sender: sender, Prepare: accounts.Prepare, Site: c.Site(), FrontEnd: c.FrontEndURL, Now: time.Now, Log: log,
	}
	return worker.Run, err
}

// serve runs the server until ctx ends and all running requests are answered.
func serve(ctx context.Context, c config.Config, wide *width.Width, stdout, stderr io.Writer) (err error) {
	log := httpd.NewLog(stderr, c.LogLevel, c.LogFormat == "text" || c.LogFormat == "auto" && cli.IsTerminal(stderr))
	documents, err := knownDocuments(c)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Addr, err)
	}
	defer func() { _ = listener.Close() }() // it may have been closed in good order
	tokens, watchKeys, err := newTokens(ctx, c, log)
	if err != nil {
		return err
	}
	defer inBackground(ctx, watchKeys)()
	db, err := openStore(wide)(ctx, c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := prepare(ctx, c, db, log); err != nil {
		return err
	}
	accounts, authenticator, err := newAccounts(c, db, tokens, wide, log)
	if err != nil {
		return err
	}
	defer inBackground(ctx, accounts.Run)()
	sendMails, err := newWorker(c, db, accounts, log)
	if err != nil {
		return err
	}
	defer inBackground(ctx, sendMails)()
	posts := blog.NewService(blog.Options{Store: db, Now: time.Now, PostsOfAccount: hourly(c.LimitPostsOfAccount)})
	defer inBackground(ctx, func(ctx context.Context) { posts.Run(ctx, log) })()
	health := httpd.NewHealth(log, httpd.Check{Name: "database", Run: db.Ping}, httpd.Check{Name: "migrations", Run: db.CheckMigrated})
	connections := transport.NewConnections(httpd.Guests{
		Authenticator: authenticator, Watch: accounts.Watch,
		OfAccount: c.LimitConnectionsOfAccount, OfAddress: c.LimitConnectionsOfAddress,
	})
	site, err := newSite(c, parts{
		accounts: accounts, authenticator: authenticator, connections: connections, posts: posts, documents: documents,
		answers: transport.NewAnswers(c.CacheBytes, db), health: health, log: log,
	})
	if err != nil {
		return err
	}
	if cli.IsTerminal(stdout) {
		cli.Banner(stdout, c, listener.Addr(), db.Name())
	}
	log.InfoContext(ctx, "listening",
		"addr", listener.Addr().String(), "database", db.Name(), "production", c.Production, "version", cli.Version())
	return listen(ctx, listener, site, connections, health, c, log)
}

// prepare brings the database up to date, or looks whether it is; one that is merely behind may be migrated while the
// server waits, not ready.
func prepare(ctx context.Context, c config.Config, db *store.Store, log *slog.Logger) error {
	if !c.Migrate {
		err := db.CheckVersion(ctx)
		if errors.Is(err, store.ErrBehind) {
			log.WarnContext(ctx, "not ready", "error", err)
			return nil
		}
		return err
	}
	applied, err := db.Migrate(ctx)
	for _, name := range applied {
		log.InfoContext(ctx, "migrated", "migration", name)
	}
	return err
}

// parts are what a site is wired of.
type parts struct {
	accounts      *account.Service
	authenticator *auth.Authenticator
	connections   *transport.Connections
	posts         *blog.Service
	documents     *transport.Documents
	answers       *transport.Answers
	health        *httpd.Health
	log           *slog.Logger
}

// inBackground runs a function until the one that is returned is called, which waits for its end: not until ctx ends, for the
// requests that run then are finished first.
func inBackground(ctx context.Context, run func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// newTokens wires what signs and verifies access tokens, and what has it take up other keys, until ctx ends.
func newTokens(ctx context.Context, c config.Config, log *slog.Logger) (*auth.Tokens, func(context.Context), error) {
	secret, made, err := c.SigningSecret()
	if err != nil {
		return nil, nil, err
	}
	if made != "" {
		log.InfoContext(ctx, "made a secret for access tokens, as JWT_SECRET is not set", "file", made)
	}
	options := auth.TokenOptions{
		Secret: []byte(secret.Reveal()), Previous: []byte(c.JWTSecretPrevious.Reveal()),
		Issuer: c.Issuer(), Audience: c.JWTAudience, ClientID: c.JWTClientID, Now: time.Now,
	}
	if c.JWTKeys == "" {
		tokens, err := auth.NewTokens(options)
		return tokens, func(context.Context) {}, err
	}
	file := auth.NewKeyFile(c.JWTKeys)
	if options.Keys, err = file.Read(); errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no %s: postern keys create makes it", c.JWTKeys)
	}
	var tokens *auth.Tokens
	if err == nil {
		tokens, err = auth.NewTokens(options)
	}
	if err != nil {
		return nil, nil, &config.Error{Setting: "JWT_KEYS", Problem: err.Error()}
	}
	return tokens, func(ctx context.Context) { file.Watch(ctx, tokens.SetKeys, log) }, nil
}

// newAccounts wires who may ask with how they prove it.
func newAccounts(
	c config.Config, db *store.Store, tokens *auth.Tokens, wide *width.Width, log *slog.Logger,
) (*account.Service, *auth.Authenticator, error) {
	signupRole, err := auth.ParseRole(c.SignupRole)
	if err != nil {
		return nil, nil, err
	}
	accounts := account.NewService(account.Options{
		Store: db, Passwords: auth.NewPasswords(auth.DefaultPool(wide)), Tokens: tokens, Now: time.Now,
		SignupOpen: c.Signup, SignupRole: signupRole, MinPassword: c.PasswordMinLength, Log: log, KeepEvents: c.AuditRetention,
		Mail: c.Mails(), Notices: account.NoticesNamed(c.MailNotices),
		Throttle: account.Throttle{
			FailuresOfAccount: throttle.Limit{Most: c.LimitFailuresOfAccount},
			FailuresOfAddress: throttle.Limit{Most: c.LimitFailuresOfAddress, Within: 10 * time.Minute},
			SignupsOfAddress:  hourly(c.LimitSignupsOfAddress),
			ExportsOfAccount:  hourly(c.LimitExportsOfAccount),
			MailsOfAccount:    hourly(c.LimitMailsOfAccount), MailsOfAddress: hourly(c.LimitMailsOfAddress),
		},
	})
	return accounts, auth.NewAuthenticator(tokens, accounts.Authorize), nil
}

func hourly(most int) throttle.Limit { return throttle.Limit{Most: most, Within: time.Hour} }

// newSite wires what answers requests.
func newSite(c config.Config, p parts) (http.Handler, error) {
	sdl := ""
	if c.Introspect() {
		sdl = schema
	}
	exec := newExecutor(c, p.documents, graph.Options{
		Resolver:      &graph.Resolver{Accounts: p.accounts, Posts: p.posts, Limits: shownLimits(c)},
		Authorize:     p.accounts.Authorize,
		RequestID:     httpd.RequestID,
		Introspection: c.Introspect(),
		Log:           p.log,
	})
	proxies, err := c.Proxies()
	if err != nil {
		return nil, err
	}
	return httpd.New(httpd.Options{
		GraphQL:       transport.Handler{Executor: exec, Transports: transports(c, p)},
		Authenticator: p.authenticator,
		Proxies:       proxies,
		Health:        p.health,
		Page:          c.Page(),
		Origins:       c.CORSOrigins,
		SDL:           sdl,
		Log:           p.log,
	})
}

// newExecutor wires what executes GraphQL with what bounds it.
func newExecutor(c config.Config, documents *transport.Documents, o graph.Options) *executor.Executor {
	o.Documents = transport.NewDocumentCache(transport.Bounds{Entries: 1000, Bytes: 32 << 20})
	limits := limit.Limits(c.Limits)
	limits.Exclusive = graph.Exclusive()
	exec := graph.NewExecutor(o)
	exec.Use(documents)
	exec.Use(limit.NewExtension(limits, o.Documents))
	return exec
}

// transports are how operations come to the executor.
func transports(c config.Config, p parts) []transport.Transport {
	shape := transport.Shape{Depth: c.LimitVariableDepth, Items: c.LimitVariableItems}
	socket := transport.NewWebSocket(p.connections)
	socket.MaxMessage, socket.MaxSubscriptions, socket.Variables = c.LimitBody, c.LimitSubscriptions, shape
	return []transport.Transport{
		socket,
		transport.HTTP{MaxBody: c.LimitBody, Variables: shape, Streams: transport.NewEventStreams(p.connections), Answers: p.answers},
	}
}

// knownDocuments are those that clients may name by their hash.
func knownDocuments(c config.Config) (*transport.Documents, error) {
	bounds := transport.Bounds{Entries: 1000, Bytes: 4 << 20}
	if c.PersistedDocuments == "" {
		return transport.NewDocuments(bounds), nil
	}
	documents, err := transport.LoadDocuments(c.PersistedDocuments, c.OnlyPersisted, bounds)
	if err != nil {
		return nil, &config.Error{Setting: "PERSISTED_DOCUMENTS", Problem: err.Error()}
	}
	return documents, nil
}

// shownLimits are the limits as clients can read them.
func shownLimits(c config.Config) graph.Limits {
	l := c.Limits
	return graph.Limits{
		Body:                 int(c.LimitBody),
		DocumentLength:       l.DocumentLength,
		Tokens:               l.Tokens,
		Depth:                l.Depth,
		IntrospectionDepth:   l.IntrospectionDepth,
		Aliases:              l.Aliases,
		RootFields:           l.RootFields,
		MutationRootFields:   l.MutationRootFields,
		Directives:           l.Directives,
		DirectivesAtOnce:     l.DirectivesAtOnce,
		RepeatedFields:       l.RepeatedFields,
		VariableDepth:        c.LimitVariableDepth,
		VariableItems:        c.LimitVariableItems,
		Cost:                 l.Cost,
		PageSize:             c.LimitPageSize,
		Time:                 l.Time.Seconds(),
		Subscriptions:        c.LimitSubscriptions,
		ConnectionsOfAccount: c.LimitConnectionsOfAccount,
		ConnectionsOfAddress: c.LimitConnectionsOfAddress,
	}
}

// listen serves until ctx ends; then it stops to take requests, and lets those that run finish.
func listen(
	ctx context.Context, listener net.Listener, site http.Handler, connections *transport.Connections, health *httpd.Health,
	c config.Config, log *slog.Logger,
) error {
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	server := httpd.NewServer(base, site, log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(httpd.NewListener(listener)) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.InfoContext(base, "stopping")
	health.Drain()
	<-time.After(c.ShutdownDelay) // until whoever asks for health has noticed
	deadline, cancelDeadline := context.WithTimeout(base, c.ShutdownTimeout)
	defer cancelDeadline()
	// Shutdown knows nothing of WebSockets and event streams: their connections were taken over.
	ended := make(chan error, 1)
	go func() { ended <- connections.Shutdown(deadline) }()
	if err := errors.Join(server.Shutdown(deadline), <-ended); err != nil {
		return errors.Join(fmt.Errorf("some requests did not finish within %s: %w", c.ShutdownTimeout, err), server.Close())
	}
	log.InfoContext(base, "stopped")
	return nil
}
