package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/joho/godotenv"
)

// Source is where a setting comes from.
type Source string

// The sources, the strongest first.
const (
	FromFlag        Source = "flag"
	FromEnvironment Source = "environment"
	FromFile        Source = ".env"
	FromDefault     Source = "default"
)

// file is where settings can stand, in the folder that the command is started in.
const file = ".env"

// Sources gives kong the settings that are not on the command line, and remembers where each was found. An empty value is
// the same as none.
type Sources struct {
	getenv func(string) string
	file   map[string]string
	found  map[string]Source // by the setting's name
}

// NewSources reads .env, if there is one.
func NewSources(getenv func(string) string) (*Sources, error) {
	s := &Sources{getenv: getenv, found: make(map[string]Source)}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, &Error{Setting: file, Problem: err.Error()}
	}
	defer func() { _ = f.Close() }() // it was only read
	if s.file, err = godotenv.Parse(f); err != nil {
		return nil, &Error{Setting: file, Problem: "it cannot be read: each line must be NAME=value"} // the error quotes the file
	}
	return s, nil
}

// Name is how a flag is called in the environment.
func Name(flag *kong.Flag) string {
	return strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
}

// IsSetting tells whether a flag is a field of Config, rather than an argument of one command.
func IsSetting(flag *kong.Flag) bool { return flag.Group != nil }

// Validate implements kong.Resolver.
func (*Sources) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver.
func (s *Sources) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if !IsSetting(flag) {
		return nil, nil //nolint:nilnil // kong's word for: none of mine
	}
	name := Name(flag)
	for _, source := range []struct {
		value string
		name  Source
	}{{s.getenv(name), FromEnvironment}, {s.file[name], FromFile}} {
		if source.value != "" {
			s.found[name] = source.name
			return source.value, nil
		}
	}
	return nil, nil //nolint:nilnil // kong's word for: not set here
}

// Of tells where a setting of a parsed command line comes from.
func (s *Sources) Of(ctx *kong.Context, flag *kong.Flag) Source {
	for _, step := range ctx.Path {
		if step.Flag == flag && !step.Resolved {
			return FromFlag
		}
	}
	if source, ok := s.found[Name(flag)]; ok {
		return source
	}
	return FromDefault
}

// Explain says in plain words what kong found wrong, and names the setting where kong names the flag that it did not come
// from.
func (s *Sources) Explain(err error) error {
	message := err.Error()
	for _, words := range []struct{ kongs, plain string }{
		{`expected .* but got "EOL" \(<EOL>\)`, `it needs a value`},
		{`expected .* but got ".*" \((long|short) flag\).*`, `it needs a value; one that begins with a hyphen is written behind =`},
		{`slog: level string (".*"): .*`, `$1 is neither debug nor info nor warn nor error`},
		{`expected duration but got (".*"): .*`, `$1 is no duration, as 10s is`},
		{`expected a valid .* int but got (".*")`, `$1 is no whole number`},
		{`bool value must be .* but got (".*")`, `$1 is neither true nor false`},
	} {
		message = regexp.MustCompile(words.kongs+`$`).ReplaceAllString(message, words.plain)
	}
	for name, source := range s.found {
		flag := "--" + strings.ToLower(strings.ReplaceAll(name, "_", "-"))
		if problem, ok := strings.CutPrefix(message, flag+": "); ok {
			return &Error{Setting: name, Problem: fmt.Sprintf("%s (from %s)", problem, source)}
		}
	}
	return errors.New(message)
}
