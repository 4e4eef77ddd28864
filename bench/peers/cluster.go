package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// cluster is a PostgreSQL server with the settings that it has by default, started from the machine's programs. It shares the
// processor of what it serves, and listens on a Unix socket alone.
type cluster struct {
	dir  string
	pid  int
	stop func()
}

func startCluster(ctx context.Context) (c *cluster, err error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	c = new(cluster)
	if c.dir, err = os.MkdirTemp("", "postern-peers-"); err != nil {
		return nil, err
	}
	c.stop = func() { _ = os.RemoveAll(c.dir) }
	defer func() {
		if err != nil {
			c.stop()
		}
	}()
	attr, err := unprivileged(c.dir)
	if err != nil {
		return nil, err
	}
	command := func(program string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // PostgreSQL's programs
		cmd.Dir, cmd.SysProcAttr, cmd.Env = c.dir, attr, append(os.Environ(), "LC_ALL=C")
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		return cmd
	}
	data := filepath.Join(c.dir, "data")
	said, err := command(filepath.Join(bin, "initdb"), "--pgdata="+data, "--username=postgres", "--auth=trust", "--encoding=UTF8",
		"--locale=C").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, lastLine(said))
	}
	postgres := command("taskset", "-c", serving, filepath.Join(bin, "postgres"), "-D", data, "-p", "5432",
		"-c", "listen_addresses=", "-c", "unix_socket_directories="+c.dir, "-c", "max_connections=300")
	if err := postgres.Start(); err != nil {
		return nil, err
	}
	c.pid = postgres.Process.Pid
	c.stop = func() {
		_ = postgres.Cancel()
		_ = postgres.Wait()
		_ = os.RemoveAll(c.dir)
	}
	return c, c.ready(ctx)
}

// ready returns once the server answers.
func (c *cluster) ready(ctx context.Context) error {
	const patience, pause = time.Minute, 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := c.exec(ctx, `SELECT 1`)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

func (c *cluster) url(database string) string {
	query := url.Values{"host": {c.dir}, "port": {"5432"}}
	return (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + database, RawQuery: query.Encode()}).String()
}

// create makes a database, and returns its URL.
func (c *cluster) create(ctx context.Context, database string) (string, error) {
	return c.url(database), c.exec(ctx, `CREATE DATABASE `+database)
}

func (c *cluster) exec(ctx context.Context, statement string) (err error) {
	db, err := open(c.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// programs is the folder of PostgreSQL's programs: that in PATH, or else the newest where Debian keeps those not in PATH.
func programs() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		initdb, err = filepath.EvalSymlinks(initdb)
		return filepath.Dir(initdb), err
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("there is no PostgreSQL: install Debian's package postgresql")
	}
	version := func(initdb string) int {
		number, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
		return number
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(version(a), version(b)) })), nil
}

// unprivileged is how to start PostgreSQL's programs, which refuse to run as root, in a folder that is theirs then.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	who, err := osuser.Lookup("postgres")
	if err != nil {
		who, err = osuser.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.ParseUint(who.Uid, 10, 32)
	gid, _ := strconv.ParseUint(who.Gid, 10, 32)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, int(uid), int(gid))
}
