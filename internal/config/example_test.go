package config_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"postern/internal/config"
)

var update = flag.Bool("update", false, "rewrite the table of settings in README.md")

const (
	examplePath = "../../.env.example"
	composePath = "../../compose.yaml"
	readmePath  = "../../README.md"
)

// assignment is a line of .env.example that sets something, or would if it were no comment.
var assignment = regexp.MustCompile(`(?m)^#?([A-Z][A-Z0-9_]*)=(.*)$`)

func TestExampleHasEverySetting(t *testing.T) {
	known := make(map[string]bool)
	for _, f := range settings(t) {
		known[config.Name(f)] = true
	}
	for _, match := range regexp.MustCompile(`\$\{([A-Z0-9_]+)`).FindAllStringSubmatch(read(t, composePath), -1) {
		known[match[1]] = true
	}
	example := read(t, examplePath)
	listed := make(map[string]bool)
	for _, match := range assignment.FindAllStringSubmatch(example, -1) {
		name := match[1]
		if listed[name] {
			t.Errorf(".env.example lists %s twice", name)
		}
		listed[name] = true
		if !known[name] {
			t.Errorf(".env.example lists %s, which is no setting", name)
		}
		if !regexp.MustCompile(`(?m)^# .+\n#?` + name + `=`).MatchString(example) {
			t.Errorf(".env.example does not explain %s in the line above it", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if !listed[name] {
			t.Errorf(".env.example does not list %s", name)
		}
	}
}

func TestExampleSetsTheDefaults(t *testing.T) {
	example := make(map[string]string)
	for _, match := range assignment.FindAllStringSubmatch(read(t, examplePath), -1) {
		example[match[1]] = match[2]
	}
	got := parse(t, func(name string) string { return example[name] })
	want := parse(t, func(string) string { return "" })
	if got.Database() != want.Database() || got.Page() != want.Page() || got.Introspect() != want.Introspect() {
		t.Errorf(".env.example means %s, page %t and introspection %t; without it they are %s, %t and %t",
			got.Database(), got.Page(), got.Introspect(), want.Database(), want.Page(), want.Introspect())
	}
	// What depends on other settings has been compared.
	got.DatabaseURL, got.GraphiQL, got.Introspection = want.DatabaseURL, want.GraphiQL, want.Introspection
	if !reflect.DeepEqual(got, want) {
		t.Errorf(".env.example means\n%+v\nwithout it it is\n%+v", got, want)
	}
}

func TestReadmeHasEverySetting(t *testing.T) {
	const begin, end = "<!-- settings -->\n", "<!-- /settings -->\n"
	readme := read(t, readmePath)
	before, rest, hasBegin := strings.Cut(readme, begin)
	table, after, hasEnd := strings.Cut(rest, end)
	if !hasBegin || !hasEnd {
		t.Fatalf("README.md has no table of settings between %q and %q", begin, end)
	}
	want := tableOf(settings(t))
	if table == want {
		return
	}
	if !*update {
		t.Fatal("README.md's table of settings is stale: run go test ./internal/config -update")
	}
	if err := os.WriteFile(readmePath, []byte(before+begin+want+end+after), 0o600); err != nil { // an existing file keeps its mode
		t.Fatal(err)
	}
}

// tableOf is the settings as a table in Markdown.
func tableOf(settings []*kong.Flag) string {
	var table strings.Builder
	table.WriteString("| environment | flag | default | what it is |\n| --- | --- | --- | --- |\n")
	for _, f := range settings {
		option := "--" + f.Name
		switch {
		case f.IsBool() && f.Tag.Negatable != "":
			option = "--[no-]" + f.Name
		case !f.IsBool():
			option += " " + f.FormatPlaceHolder()
		}
		standard := ""
		switch {
		case f.HasDefault:
			standard = "`" + f.Default + "`"
		case f.Target.Kind() == reflect.Bool:
			standard = "`false`"
		}
		fmt.Fprintf(&table, "| `%s` | `%s` | %s | %s |\n",
			config.Name(f), option, standard, strings.ReplaceAll(f.Help, "|", `\|`))
	}
	return table.String()
}

// settings are all that can be set.
func settings(t *testing.T) []*kong.Flag {
	t.Helper()
	var grammar struct {
		config.Config `embed:""`
	}
	parser, err := kong.New(&grammar)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(parser.Model.Flags, func(f *kong.Flag) bool { return !config.IsSetting(f) })
}

// parse is what an environment sets, where there is neither a flag nor .env.
func parse(t *testing.T, getenv func(string) string) config.Config {
	t.Helper()
	var grammar struct {
		config.Config `embed:""`
	}
	sources, err := config.NewSources(getenv)
	if err != nil {
		t.Fatal(err)
	}
	parser, err := kong.New(&grammar, kong.Resolvers(sources))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(nil); err != nil {
		t.Fatal(err)
	}
	if err := grammar.Check(); err != nil {
		t.Fatal(err)
	}
	return grammar.Config
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
