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
	only     []string // the workloads that it can do; nil if it can do all but those that compare Postern with itself
	fixed    string   // what it answers whatever it is asked; "" for all but one
	blog     *blog    // what it has, if that is not what all have
	cores    string   // the processors that it is given, if not one
	own      bool     // it is a Postern
}

func (p peer) does(w workload) bool {
	return p.name == postern || p.only == nil && !w.alone || slices.Contains(p.only, w.name)
}

// configured is the peer with the settings of a workload, if it is a Postern.
func (p peer) configured(w workload) peer {
	if p.own {
		p.env = slices.Concat(p.env, w.settings)
	}
	return p
}

func (p peer) title() string { return strings.TrimSpace(p.name + " " + p.version) }

// cursors of Postern are its own; the peers take ids.
func ownCursor(p post) string { return p.cursor }
func anID(p post) string      { return p.ID }

// posternPeer is Postern as one would run it in production, but for the limits that would refuse a load from one address. It has an
// empty folder of its own.
func (b *bench) posternPeer(ctx context.Context, name string) (peer, error) {
	binary, err := filepath.Abs(b.binary)
	if err != nil {
		return peer{}, err
	}
	p := peer{name: name, own: true, language: graphQL(ownCursor), command: []string{binary}, folder: b.folder(name)}
	p.counted = filepath.Join(p.folder, "postern.db")
	url := "sqlite:" + p.counted
	if b.cluster != nil {
		if url, err = b.cluster.create(ctx, "postern"); err != nil {
			return peer{}, err
		}
		p.counted = url
	}
	p.env = []string{
		"PRODUCTION=true", "LOG_FORMAT=json", "ADDR={addr}", "DATA_DIR=" + p.folder, "DATABASE_URL=" + url,
		"LIMIT_SIGNUPS_OF_ADDRESS=0", "LIMIT_POSTS_OF_ACCOUNT=0", "LIMIT_FAILURES_OF_ADDRESS=0", "LIMIT_FAILURES_OF_ACCOUNT=0",
	}
	if err := os.MkdirAll(p.folder, 0o700); err != nil {
		return peer{}, err
	}
	return b.place(ctx, p)
}

// folder is where what belongs to a peer is.
func (b *bench) folder(name string) string {
	return filepath.Join(b.dir, strings.ReplaceAll(name, " ", "-"))
}

// gather makes the list of peers, after Postern, and notes which are missing, and why.
func (b *bench) gather(ctx context.Context) error {
	found, err := b.posternAgain(ctx)
	if err != nil {
		return err
	}
	b.peers = append(b.peers, found...)
	for _, gather := range []func(context.Context) ([]peer, error){b.inGo, b.inNode, b.inPython, b.pocketBase} {
		found, err := gather(ctx)
		if err != nil {
			b.missing = append(b.missing, err.Error())
		}
		for _, p := range found {
			if !chosen(b.servers, p.name) {
				continue
			}
			if p.database, err = b.copyFor(p.name); err != nil {
				return err
			}
			if p, err = b.place(ctx, p); err != nil {
				return err
			}
			b.peers = append(b.peers, p)
		}
	}
	return nil
}

// place gives a peer an address, and puts that and its database where its command and its environment name them in braces.
func (b *bench) place(ctx context.Context, p peer) (placed peer, err error) {
	if p.addr, err = freeAddr(ctx); err != nil {
		return peer{}, err
	}
	p.folder = cmp.Or(p.folder, b.dir)
	p.counted = cmp.Or(p.counted, p.database)
	_, port, _ := strings.Cut(p.addr, ":")
	named := strings.NewReplacer("{addr}", p.addr, "{port}", port, "{database}", p.database)
	p.command, p.env = slices.Clone(p.command), slices.Clone(p.env) // peers may have them in common
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
		{name: "bare", language: graphQL(anID), command: []string{b.dir + "/bare", "{addr}", file}, only: []string{"W1", "again", "again GET"}, fixed: answer},
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
	scripts := []struct{ name, module, script string }{
		{"mercurius", "mercurius", "mercurius.js"}, {"Apollo Server", "@apollo/server", "apollo.js"}, {"Yoga", "graphql-yoga", "yoga.js"},
	}
	found := make([]peer, len(scripts))
	for i, s := range scripts {
		found[i] = peer{
			name: s.name, language: graphQL(anID), folder: folder, command: []string{"node", s.script},
			env: []string{"PORT={port}", "DATABASE_URL={database}"},
		}
		if found[i].version, err = versionOf(folder, s.module); err != nil {
			return nil, err
		}
	}
	if b.cluster == nil {
		return found, nil
	}
	graphile := found[0]
	graphile.name, graphile.language, graphile.command = "PostGraphile", generated(), []string{"node", "postgraphile.js"}
	if graphile.version, err = versionOf(folder, "postgraphile"); err != nil {
		return nil, err
	}
	if said, err := exec.CommandContext(ctx, "node", "--version").Output(); err != nil || string(said) < "v22" {
		return found, fmt.Errorf("PostGraphile %s is left out, for it takes Node 22, and this is %s", graphile.version, lastLine(said))
	}
	return slices.Concat(found, []peer{graphile}), nil
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
