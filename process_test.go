package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"postern/internal/store/storetest"
)

// asProgram is set in the environment of a process that is to be Postern rather than its tests.
const asProgram = "POSTERN_INSTEAD_OF_TESTS"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" { //nolint:forbidigo // no setting of the program's
		main()
	}
	storetest.Main(m)
}

// process is the whole program, run in this process or in one of its own.
type process struct {
	url   string
	stop  context.CancelFunc
	ended chan error
	log   *bytes.Buffer // to be read once it has ended
}

// listening is the line of the log, as JSON or as text, that tells where.
var listening = regexp.MustCompile(`listening.*?addr\W+(?:0m)?"?([0-9.]+:[0-9]+)`)

// environment is what a process is started with.
type environment map[string]string

func (e environment) getenv(name string) string { return e[name] }

// start runs `postern serve` in this process, and returns once it is ready.
func start(t *testing.T, env environment) *process {
	t.Helper()
	return launch(t, env, func(ctx context.Context, stderr io.Writer) error {
		return run(ctx, nil, env.getenv, strings.NewReader(""), io.Discard, stderr)
	})
}

// startApart runs it in a process of its own, which is told to stop by SIGTERM.
func startApart(t *testing.T, env environment) *process {
	t.Helper()
	return startUntil(t, env, syscall.SIGTERM, io.Discard)
}

// startUntil runs it in a process of its own, which is stopped by a signal. Its log is written to another writer, too.
func startUntil(t *testing.T, env environment, signal syscall.Signal, log io.Writer) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return launch(t, env, func(ctx context.Context, stderr io.Writer) error {
		command := exec.CommandContext(ctx, self)
		command.Stderr, command.Env = io.MultiWriter(stderr, log), []string{asProgram + "=yes"}
		for name, value := range env {
			command.Env = append(command.Env, name+"="+value)
		}
		command.Cancel = func() error { return command.Process.Signal(signal) }
		err := command.Run()
		if ended := new(exec.ExitError); errors.Is(err, context.Canceled) ||
			errors.As(err, &ended) && signal == syscall.SIGKILL && ctx.Err() != nil { // it ended as it was told to
			err = nil
		}
		return err
	})
}

// launch starts a process, and returns once it is ready.
func launch(t *testing.T, env environment, run func(ctx context.Context, stderr io.Writer) error) *process {
	t.Helper()
	for name, value := range map[string]string{
		"ADDR": "127.0.0.1:0", "LIMIT_SIGNUPS_OF_ADDRESS": "0", "LIMIT_POSTS_OF_ACCOUNT": "0",
	} {
		env[name] = cmp.Or(env[name], value)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	p := &process{stop: stop, ended: make(chan error, 1), log: new(bytes.Buffer)}
	reader, writer := io.Pipe()
	returned := make(chan error, 1)
	go func() {
		err := run(ctx, writer)
		_ = writer.CloseWithError(io.EOF)
		returned <- err
	}()
	t.Cleanup(func() { p.end(t) })

	lines := bufio.NewReader(reader)
	for {
		text, err := lines.ReadBytes('\n')
		p.log.Write(text)
		if err != nil {
			p.ended <- nil // it is told here
			t.Fatalf("it ended before it was ready: %v\n%s", <-returned, p.log)
		}
		if address := listening.FindSubmatch(text); address != nil {
			p.url = "http://" + string(address[1])
			break
		}
	}
	go func() {
		_, _ = lines.WriteTo(p.log)
		p.ended <- <-returned
	}()
	return p
}

// end stops the process, and waits until it has ended; a second time it does nothing.
func (p *process) end(t *testing.T) {
	t.Helper()
	p.stop()
	if p.ended == nil {
		return
	}
	if err := <-p.ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	p.ended = nil
}

// answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// client keeps its connections, for hundreds use it at once.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}

// request sends a request with headers, each as Name: value, from any goroutine.
func (p *process) request(ctx context.Context, method, target, body string, header ...string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, p.url+target, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Add(name, value)
	}
	response, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(text)}, err
}

// send does so from the test's goroutine.
func (p *process) send(t *testing.T, method, target, body string, header ...string) answer {
	t.Helper()
	got, err := p.request(t.Context(), method, target, body, header...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// ask sends an operation, with more headers, and returns the body of the answer.
func (p *process) ask(ctx context.Context, token, query string, header ...string) (string, error) {
	got, err := p.request(ctx, http.MethodPost, "/graphql", `{"query":`+quoted(query)+`}`,
		append(header, "Content-Type: application/json", "Authorization: Bearer "+token)...)
	return got.body, err
}

// post does so from the test's goroutine.
func (p *process) post(t *testing.T, token, query string, header ...string) string {
	t.Helper()
	got, err := p.ask(t.Context(), token, query, header...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// get returns the status and the body of the answer.
func (p *process) get(t *testing.T, path string) (int, string) {
	t.Helper()
	got := p.send(t, http.MethodGet, path, "")
	return got.status, got.body
}

const password = "violet tractor under the moss"

const signup = `mutation {
	signup(input: {email: "ada@example.org", password: "` + password + `", name: "Ada"}) {
		tokens { accessToken } errors { message } } }`

// accessToken takes the token out of an answer, and refreshToken the other one.
func accessToken(t *testing.T, answer string) string {
	t.Helper()
	return member(t, answer, "accessToken")
}

func refreshToken(t *testing.T, answer string) string {
	t.Helper()
	return member(t, answer, "refreshToken")
}

func member(t *testing.T, answer, name string) string {
	t.Helper()
	_, rest, found := strings.Cut(answer, `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	if !found {
		t.Fatalf("no %s in %s", name, answer)
	}
	return value
}
