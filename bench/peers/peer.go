package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// postern is the name of the server that all others are compared with.
const postern = "Postern"

// peer is a server that can be started.
type peer struct {
	name, version string
	language

	addr     string
	command  []string
	env      []string
	folder   string   // where it is started
	database string   // of its own
	counted  string   // where its posts are, if not there
	only     []string // the workloads that it can do; nil if it can do all
	fixed    string   // what it answers whatever it is asked; "" for all but one
}

func (p peer) does(w workload) bool { return p.only == nil || slices.Contains(p.only, w.name) }

func (p peer) title() string { return strings.TrimSpace(p.name + " " + p.version) }

// cursors of Postern are its own; the peers take ids.
func ownCursor(p post) string { return p.cursor }
func anID(p post) string      { return p.ID }

// posternPeer is Postern as one would run it in production, but for the limits that would refuse a load from one address.
func (b *bench) posternPeer(ctx context.Context) (peer, error) {
	binary, err := filepath.Abs(b.binary)
	if err != nil {
		return peer{}, err
	}
	p := peer{name: postern, language: graphQL(ownCursor), command: []string{binary}, folder: filepath.Join(b.dir, postern)}
	if p.addr, err = freeAddr(ctx); err != nil {
		return peer{}, err
	}
	p.counted = filepath.Join(p.folder, "postern.db")
	url := "sqlite:" + p.counted
	if b.cluster != nil {
		if url, err = b.cluster.create(ctx, "postern"); err != nil {
			return peer{}, err
		}
		p.counted = url
	}
	p.env = []string{
		"PRODUCTION=true", "LOG_FORMAT=json", "ADDR=" + p.addr, "DATA_DIR=" + p.folder, "DATABASE_URL=" + url,
		"LIMIT_SIGNUPS_OF_ADDRESS=0", "LIMIT_POSTS_OF_ACCOUNT=0", "LIMIT_FAILURES_OF_ADDRESS=0", "LIMIT_FAILURES_OF_ACCOUNT=0",
	}
	return p, os.MkdirAll(p.folder, 0o700)
}

// gather makes the list of peers, Postern first, and notes which are missing, and why.
func (b *bench) gather(ctx context.Context) error {
	for _, gather := range []func(context.Context) ([]peer, error){b.inGo, b.inNode, b.inPython, b.pocketBase} {
		found, err := gather(ctx)
		if err != nil {
			b.missing = append(b.missing, err.Error())
		}
		for _, p := range found {
			if !chosen(b.servers, p.name) {
				continue
			}
			if p, err = b.place(ctx, p); err != nil {
				return err
			}
			b.peers = append(b.peers, p)
		}
	}
	return nil
}

// place gives a peer an address, a folder and a database of its own, which its command and its environment name in braces.
func (b *bench) place(ctx context.Context, p peer) (placed peer, err error) {
	if p.addr, err = freeAddr(ctx); err != nil {
		return peer{}, err
	}
	if p.folder == "" {
		p.folder = b.dir
	}
	if p.database, err = b.copyFor(p.name); err != nil {
		return peer{}, err
	}
	p.counted = cmp.Or(p.counted, p.database)
	_, port, _ := strings.Cut(p.addr, ":")
	named := strings.NewReplacer("{addr}", p.addr, "{port}", port, "{database}", p.database)
	for _, texts := range [][]string{p.command, p.env} {
		for i, text := range texts {
			texts[i] = named.Replace(text)
		}
	}
	return p, nil
}

// inGo are the two servers that use no framework.
func (b *bench) inGo(ctx context.Context) ([]peer, error) {
	build := exec.CommandContext(ctx, "go", "build", "-o", b.dir+"/", "./servers/...") //nolint:gosec // of our own making
	build.Dir = b.home
	if said, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("bare and handwritten are left out, for they cannot be built: %w: %s", err, said)
	}
	answer := workloads()[0].exchanges(b.blog, routes())[0].want
	file := filepath.Join(b.dir, "answer.json")
	if err := os.WriteFile(file, []byte(answer), 0o600); err != nil {
		return nil, err
	}
	return []peer{
		{name: "bare", language: graphQL(anID), command: []string{b.dir + "/bare", "{addr}", file}, only: []string{"W1"}, fixed: answer},
		{name: "handwritten", language: routes(), command: []string{b.dir + "/handwritten", "{addr}", "{database}", secret}},
	}, nil
}

// inNode are the servers that run on Node, whose packages are installed if they are not yet.
func (b *bench) inNode(ctx context.Context) ([]peer, error) {
	folder, err := filepath.Abs(filepath.Join(b.home, "node"))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules/.package-lock.json")); err != nil {
		install := exec.CommandContext(ctx, "npm", "ci")
		install.Dir = folder
		_, _ = fmt.Fprintln(b.progress, "npm ci: the packages of the peers in Node")
		if said, err := install.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("the peers in Node are left out, for npm ci cannot install their packages: %w: %s", err, lastLine(said))
		}
	}
	var found []peer
	for name, module := range map[string]string{"mercurius": "mercurius", "Apollo Server": "@apollo/server", "Yoga": "graphql-yoga"} {
		version, err := versionOf(folder, module)
		if err != nil {
			return nil, err
		}
		script, _, _ := strings.Cut(strings.ToLower(name), " ")
		found = append(found, peer{
			name: name, version: version, language: graphQL(anID), folder: folder, command: []string{"node", script + ".js"},
			env: []string{"PORT={port}", "DATABASE_URL={database}"},
		})
	}
	slices.SortFunc(found, func(a, b peer) int { return -strings.Compare(a.name, b.name) })
	return found, nil
}

func versionOf(folder, module string) (string, error) {
	text, err := os.ReadFile(filepath.Join(folder, "node_modules", module, "package.json")) //nolint:gosec // of our own list
	if err != nil {
		return "", err
	}
	var about struct{ Version string }
	return about.Version, json.Unmarshal(text, &about)
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
