package main

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2"
	gql "github.com/vektah/gqlparser/v2/ast"
)

var update = flag.Bool("update", false, "write docs/errors.md instead of comparing it")

// TestErrorsAreDocumented makes docs/errors.md out of the constants of the code and the types of the schema, so that it
// cannot say anything else.
func TestErrorsAreDocumented(t *testing.T) {
	var page strings.Builder
	page.WriteString(`# Errors

Made from the code by ` + "`go test . -run TestErrorsAreDocumented -update`" + `; do not edit.

## At the top level

What a client could have known beforehand, and what is nobody's input: ` + "`errors[].extensions.code`" + `.

| code | what it means |
| --- | --- |
`)
	codes := map[string]string{
		errcode.ParseFailed:      "the document is no GraphQL",
		errcode.ValidationFailed: "the document does not fit the schema",
	}
	files := sources(t)
	for _, file := range files {
		constants(t, file, regexp.MustCompile(`^[cC]ode`), codes)
	}
	constants(t, "internal/fault/fault.go", regexp.MustCompile(`^(RateLimited|Overloaded|SlowSubscriber)$`), codes)
	for _, file := range files {
		literals(t, file, codes)
	}
	table(&page, codes)

	page.WriteString(`
## Why somebody is not authenticated

` + "`extensions.reason`" + ` of UNAUTHENTICATED, and ` + "`extensions.auth.reason`" + ` of an answer to a request whose token was of no use.

| reason | what it means |
| --- | --- |
`)
	reasons := map[string]string{}
	constants(t, "internal/auth/context.go", regexp.MustCompile(`^(Token|Session)`), reasons)
	table(&page, reasons)

	page.WriteString(`
## In payloads

What depends on data: the types of ` + "`errors`" + ` in the payload of a mutation, whose description says which of them it can answer.

| type | what it means |
| --- | --- |
`)
	types := map[string]string{}
	for name, definition := range gqlparser.MustLoadSchema(&gql.Source{Input: schema}).Types {
		if slices.Contains(definition.Interfaces, "UserError") {
			types[name] = definition.Description
		}
	}
	table(&page, types)

	const path = "docs/errors.md"
	if *update {
		if err := os.WriteFile(path, []byte(page.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != page.String() {
		t.Errorf("%s is stale (%v): run go test . -run TestErrorsAreDocumented -update", path, err)
	}
}

// sources are the files of Go that are ours and no tests.
func sources(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch name := filepath.Base(path); {
		case err != nil:
			return err
		case entry.IsDir() && (name == "node_modules" || path != "." && strings.HasPrefix(name, ".")):
			return filepath.SkipDir
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			files = append(files, path)
		}
		return nil
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("there are %d files of Go, %v", len(files), err)
	}
	return files
}

// literals finds the codes that a file writes in place, as in "code": "X": each must be that of a constant.
func literals(t *testing.T, path string, codes map[string]string) {
	t.Helper()
	ast.Inspect(parse(t, path), func(node ast.Node) bool {
		if pair, ok := node.(*ast.KeyValueExpr); ok {
			key, _ := pair.Key.(*ast.BasicLit)
			value, _ := pair.Value.(*ast.BasicLit)
			if key != nil && value != nil && key.Value == `"code"` && codes[strings.Trim(value.Value, `"`)] == "" {
				t.Errorf("%s: the code %s is that of no constant, and so not documented", path, value.Value)
			}
		}
		return true
	})
}

func parse(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// constants adds the strings of a file whose names match, with the comments behind them.
func constants(t *testing.T, path string, name *regexp.Regexp, found map[string]string) {
	t.Helper()
	ast.Inspect(parse(t, path), func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !name.MatchString(spec.Names[0].Name) {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		value, err := strconv.Unquote(literal.Value)
		meaning := strings.TrimSpace(spec.Comment.Text())
		if err != nil || meaning == "" {
			t.Errorf("%s: %s has no comment that says what it means", path, spec.Names[0].Name)
		}
		if found[value] == "" || len(meaning) > len(found[value]) {
			found[value] = meaning
		}
		return true
	})
}

func table(page *strings.Builder, rows map[string]string) {
	names := make([]string, 0, len(rows))
	for name := range rows {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(page, "| `%s` | %s |\n", name, strings.Join(strings.Fields(rows[name]), " "))
	}
}
