//go:build unix

package storetest

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// watch runs a server until its standard input ends, which it does when this process has closed it or is gone, however it
// went. Then it stops the server and deletes its files.
const watch = `
	dir=$1
	shift
	"$@" &
	exec 2>/dev/null
	cat
	kill -INT $!
	wait
	rm -rf -- "$dir"`

// startCluster makes a PostgreSQL cluster in a temporary folder and starts it. It listens on a Unix socket alone.
func startCluster() (at *url.URL, stop func() error, err error) {
	bin, err := programs()
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "postern")
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	attr, err := unprivileged(dir)
	if err != nil {
		return nil, nil, err
	}
	command := func(program string, args ...string) *exec.Cmd {
		cmd := exec.Command(program, args...) //nolint:gosec,noctx // PostgreSQL's programs; serve stops them
		cmd.Dir, cmd.SysProcAttr, cmd.Env = dir, attr, append(os.Environ(), "LC_ALL=C")
		return cmd
	}
	data := filepath.Join(dir, "data")
	initdb := command(filepath.Join(bin, "initdb"),
		"--pgdata="+data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	if said, err := initdb.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("initdb: %w: %s", err, lastLine(string(said)))
	}
	stop, err = serve(command("sh", "-c", watch, "sh", dir, filepath.Join(bin, "postgres"), "-D", data, "-F", "-p", "5432",
		"-c", "listen_addresses=", "-c", "unix_socket_directories="+dir, "-c", "max_connections=300", "-c", "log_min_messages=log"))
	if err != nil {
		return nil, nil, err
	}
	query := url.Values{"host": {dir}, "port": {"5432"}}
	return &url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: query.Encode()}, stop, nil
}

// serve starts a server and returns once it accepts connections.
func serve(cmd *exec.Cmd) (stop func() error, err error) {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	drained := make(chan struct{})
	stop = func() error {
		err := stdin.Close()
		<-drained
		return errors.Join(err, cmd.Wait())
	}
	last, log := "", bufio.NewScanner(stderr)
	for log.Scan() {
		last = log.Text()
		if strings.Contains(last, "ready to accept connections") {
			go func() {
				defer close(drained)
				_, _ = io.Copy(io.Discard, stderr)
			}()
			return stop, nil
		}
	}
	close(drained)
	return nil, errors.Join(fmt.Errorf("postgres: %s", last), stop())
}

// programs is the folder of PostgreSQL's programs: that in PATH, or else the newest where Debian keeps those not in PATH.
func programs() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		initdb, err = filepath.EvalSymlinks(initdb)
		return filepath.Dir(initdb), err
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("there is no initdb in PATH")
	}
	version := func(initdb string) int {
		number, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
		return number
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(version(a), version(b)) })), nil
}

// unprivileged is how to start PostgreSQL's programs, which refuse to run as root, in a folder that is theirs then. Their
// process group is their own, so that an interrupt from the terminal leaves it to the watch to end them.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		who, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.ParseUint(who.Uid, 10, 32)
	gid, _ := strconv.ParseUint(who.Gid, 10, 32)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, int(uid), int(gid))
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
