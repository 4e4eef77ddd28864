package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"postern/internal/config"
)

// settle is what the arguments, an environment and the file in the current folder mean; Sources.Of is asked for every
// setting.
func settle(t *testing.T, args []string, env map[string]string) (config.Config, map[string]config.Source, error) {
	t.Helper()
	var grammar struct {
		config.Config `embed:""`
		Other         string
	}
	sources, err := config.NewSources(func(name string) string { return env[name] })
	if err != nil {
		return grammar.Config, nil, err
	}
	parser, err := kong.New(&grammar, kong.Resolvers(sources))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return grammar.Config, nil, sources.Explain(err)
	}
	from := make(map[string]config.Source)
	for _, flag := range parser.Model.Flags {
		from[config.Name(flag)] = sources.Of(parsed, flag)
	}
	return grammar.Config, from, nil
}

// dotEnv makes a .env in a folder of the test's own, and goes there.
func dotEnv(t *testing.T, content string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile(".env", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheStrongestSourceWins(t *testing.T) { //nolint:paralleltest // it changes the folder
	dotEnv(t, "ADDR=127.0.0.1:3\nDATA_DIR=from-file\nSIGNUP=false\nexport PUBLIC_URL=\"https://file.example\" # a comment\n\n# another\nGRAPHIQL=no\n")
	for _, test := range []struct {
		name     string
		args     []string
		env      map[string]string
		addr     string
		addrFrom config.Source
	}{
		{".env", nil, nil, "127.0.0.1:3", config.FromFile},
		{"an empty environment", nil, map[string]string{"ADDR": ""}, "127.0.0.1:3", config.FromFile},
		{"environment", nil, map[string]string{"ADDR": "127.0.0.1:2"}, "127.0.0.1:2", config.FromEnvironment},
		{"flag", []string{"--addr=127.0.0.1:1"}, map[string]string{"ADDR": "127.0.0.1:2"}, "127.0.0.1:1", config.FromFlag},
		{"flag, apart", []string{"--addr", "127.0.0.1:1"}, nil, "127.0.0.1:1", config.FromFlag},
	} {
		c, from, err := settle(t, test.args, test.env)
		if err != nil || c.Addr != test.addr || from["ADDR"] != test.addrFrom {
			t.Errorf("%s: ADDR = %s from %s, %v, want %s from %s", test.name, c.Addr, from["ADDR"], err, test.addr, test.addrFrom)
		}
		if c.DataDir != "from-file" || c.Signup || c.PublicURL != "https://file.example" || c.Page() || from["SIGNUP"] != config.FromFile {
			t.Errorf("%s: %+v, want the rest from .env", test.name, c)
		}
		if c.LogFormat != "auto" || from["LOG_FORMAT"] != config.FromDefault {
			t.Errorf("%s: LOG_FORMAT = %s from %s, want the default", test.name, c.LogFormat, from["LOG_FORMAT"])
		}
	}
	c, from, err := settle(t, []string{"--signup", "--no-migrate", "--graphiql"}, map[string]string{"MIGRATE": "true"})
	if err != nil || !c.Signup || c.Migrate || !c.Page() || from["SIGNUP"] != config.FromFlag || from["MIGRATE"] != config.FromFlag {
		t.Errorf("--signup --no-migrate --graphiql = %+v from %v, %v, want the flags to win", c, from, err)
	}
}

func TestOnlySettingsComeFromTheEnvironment(t *testing.T) { //nolint:paralleltest // it changes the folder
	dotEnv(t, "OTHER=file\nHELP=true\n")
	asked := make(map[string]bool)
	sources, err := config.NewSources(func(name string) string {
		asked[name] = true
		return ""
	})
	if err != nil {
		t.Fatal(err)
	}
	var grammar struct {
		config.Config `embed:""`
		Other         string
	}
	parser, err := kong.New(&grammar, kong.Resolvers(sources))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(nil); err != nil || grammar.Other != "" || asked["OTHER"] || asked["HELP"] || !asked["ADDR"] {
		t.Errorf("Parse() = %v, OTHER is %q, and asked was for %v, want settings alone", err, grammar.Other, asked)
	}
}

func TestDotEnvThatCannotBeRead(t *testing.T) { //nolint:paralleltest // it changes the folder
	none := func(string) string { return "" }
	for _, content := range []string{
		"JWT_SECRET " + hunter2, hunter2, "JWT_SECRET=\"" + hunter2, "ADDR=x\n" + hunter2 + "\n", "A=1\n\x00" + hunter2,
	} {
		dotEnv(t, content)
		_, err := config.NewSources(none)
		if err == nil || !strings.HasPrefix(err.Error(), ".env: ") || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
			t.Errorf("NewSources(%q) = %v, want an error of one line that begins with .env and quotes nothing", content, err)
		}
	}
	t.Chdir(t.TempDir())
	if _, err := config.NewSources(none); err != nil {
		t.Errorf("NewSources(no .env) = %v, want nil", err)
	}
	if err := os.Mkdir(".env", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := config.NewSources(none); err == nil || !strings.HasPrefix(err.Error(), ".env: ") {
		t.Errorf("NewSources(.env is a folder) = %v, want an error that begins with .env", err)
	}
}

func TestExplainBadValues(t *testing.T) { //nolint:paralleltest // it changes the folder
	t.Chdir(t.TempDir())
	for _, test := range []struct {
		args []string
		env  map[string]string
		want string
	}{
		{nil, map[string]string{"LOG_LEVEL": "loud"}, `LOG_LEVEL: "loud" is neither debug nor info nor warn nor error (from environment)`},
		{nil, map[string]string{"SHUTDOWN_TIMEOUT": "10"}, `SHUTDOWN_TIMEOUT: "10" is no duration, as 10s is (from environment)`},
		{nil, map[string]string{"MIGRATE": "maybe"}, `MIGRATE: "maybe" is neither true nor false (from environment)`},
		{nil, map[string]string{"GRAPHIQL": "ja"}, `GRAPHIQL: "ja" is neither true nor false (from environment)`},
		{nil, map[string]string{"DATABASE_MAX_CONNECTIONS": "1.5"}, `DATABASE_MAX_CONNECTIONS: "1.5" is no whole number (from environment)`},
		{[]string{"--log-level=loud"}, nil, `--log-level: "loud" is neither debug nor info nor warn nor error`},
		{[]string{"--shutdown-timeout", "soon"}, nil, `--shutdown-timeout: "soon" is no duration, as 10s is`},
		{[]string{"--migrate=maybe"}, nil, `--migrate: "maybe" is neither true nor false`},
		{[]string{"--database-max-connections=" + strings.Repeat("9", 30)}, nil, `--database-max-connections: "` + strings.Repeat("9", 30) + `" is no whole number`},
		{[]string{"--addr"}, nil, `--addr: it needs a value`},
		{[]string{"--log-level"}, nil, `--log-level: it needs a value`},
		{[]string{"--jwt-secret", "-" + hunter2}, nil, `--jwt-secret: it needs a value; one that begins with a hyphen is written behind =`},
		{[]string{"--jwt-secret", "--addr=x"}, nil, `--jwt-secret: it needs a value; one that begins with a hyphen is written behind =`},
		{[]string{"--nonsense=" + hunter2}, nil, `unknown flag --nonsense`},
	} {
		if _, _, err := settle(t, test.args, test.env); err == nil || err.Error() != test.want {
			t.Errorf("%q with %v = %v, want %s", test.args, test.env, err, test.want)
		}
	}
	dotEnv(t, "LOG_LEVEL=loud\n")
	if _, _, err := settle(t, nil, nil); err == nil || !strings.HasSuffix(err.Error(), "(from .env)") {
		t.Errorf("LOG_LEVEL=loud in .env = %v, want it to name .env", err)
	}
}
