package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// inPython is FastAPI, from Debian's packages. It keeps what is posted in memory, so W4 is not measured.
func (b *bench) inPython(ctx context.Context) ([]peer, error) {
	if b.cluster != nil {
		return nil, nil
	}
	folder, err := filepath.Abs(filepath.Join(b.home, "fastapi"))
	if err != nil {
		return nil, err
	}
	const python = "/usr/bin/python3" // Debian's, whatever else is in PATH
	version, err := exec.CommandContext(ctx, python, "-c",
		"import fastapi, httptools, jwt, uvicorn, uvloop; print(fastapi.__version__)").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("FastAPI is left out: it takes Debian's packages python3-fastapi, python3-uvicorn, "+
			"python3-uvloop, python3-httptools and python3-jwt (%s)", lastLine(version))
	}
	return []peer{{
		name: "FastAPI", version: lastLine(version), language: tutorial(), folder: folder, only: []string{"W1", "W2", "W3", "again"},
		command: []string{python, "-B", "-m", "uvicorn", "main:app", "--host", "127.0.0.1", "--port", "{port}", "--no-access-log"},
		env:     []string{"DATABASE_URL={database}"},
	}}, nil
}

// pocketBase is PocketBase twice: as it is, and as durable as the others, which only W4 is about.
func (b *bench) pocketBase(ctx context.Context) ([]peer, error) {
	if b.cluster != nil || !chosen(b.servers, "PocketBase") && !chosen(b.servers, "PocketBase FULL") {
		return nil, nil
	}
	folder := filepath.Join(b.home, "pocketbase")
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(b.dir, "pocketbase"), ".") //nolint:gosec // of our own making
	build.Dir, build.Env = folder, append(os.Environ(), "CGO_ENABLED=0")
	_, _ = fmt.Fprintln(b.progress, "go build: PocketBase")
	if said, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("PocketBase is left out, for it cannot be built: %w: %s", err, lastLine(said))
	}
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", "github.com/pocketbase/pocketbase")
	list.Dir = folder
	version, err := list.Output()
	if err != nil {
		return nil, err
	}
	var found []peer
	for name, synchronous := range map[string]string{"PocketBase": "", "PocketBase FULL": "FULL"} {
		p := peer{name: name, version: strings.TrimPrefix(lastLine(version), "v")}
		data := b.folder(name)
		p.command = []string{filepath.Join(b.dir, "pocketbase"), "serve", "--http", "{addr}", "--dir", data}
		p.env = []string{"BLOG={database}", "SYNCHRONOUS=" + synchronous}
		p.counted = filepath.Join(data, "data.db")
		p.language = records(func() map[string]string {
			tokens := map[string]string{}
			text, err := os.ReadFile(filepath.Join(data, "tokens.json")) //nolint:gosec // of our own making
			if err == nil {
				err = json.Unmarshal(text, &tokens)
			}
			if err != nil {
				return nil // it refuses who has none
			}
			return tokens
		})
		if synchronous != "" {
			p.only = []string{"W4"}
		}
		found = append(found, p)
	}
	slices.SortFunc(found, func(a, b peer) int { return strings.Compare(a.name, b.name) })
	return found, nil
}
