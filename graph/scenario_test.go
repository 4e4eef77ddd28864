package graph_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern/internal/auth"
	"postern/internal/store/storetest"
)

var update = flag.Bool("update", false, "write what was answered to testdata instead of comparing it")

// TestScenarios sends the operations of each testdata/*.graphql in turn and compares what is answered with the .json beside
// it. A comment before an operation says how it is sent:
//
//	# as: <jwt-1>                the bearer token
//	# variables: {"a": 1}
//	# later: 11m                 the clock is put forward before
//
// Times are shown to the second. What differs each time (ids, cursors, tokens) is shown as <kind-number> in the order of its first appearance, and may be
// used so by what comes after. There are accounts reader, author, editor and admin, logged in as <jwt-1> to <jwt-4>.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.graphql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".graphql"), func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, url string) { playScenario(t, file, newServer(t, url)) })
		})
	}
}

func playScenario(t *testing.T, file string, s *server) {
	names := newLabels()
	for role, handle := range []string{"reader", "author", "editor", "admin"} {
		names.label("jwt", s.account(t, handle, auth.Roles()[role]))
	}
	var answers []string
	for _, step := range readScenario(t, file) {
		s.clock.Add(step.later.Microseconds())
		var variables map[string]any
		if err := json.Unmarshal([]byte(names.expand(step.variables)), &variables); err != nil {
			t.Fatalf("variables of %s: %v", step.name, err)
		}
		a := s.ask(t, names.expand(step.as), names.expand(step.query), variables)
		shown, err := json.MarshalIndent(a, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, fmt.Sprintf("%q: %s", step.name, names.collapse(string(shown))))
	}
	got := "{\n" + strings.Join(answers, ",\n") + "\n}\n"
	golden := strings.TrimSuffix(file, ".graphql") + ".json"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := firstDifference(got, string(want)); diff != "" {
		t.Errorf("%s (rewrite it with -update if that is meant)\n%s", golden, diff)
	}
}

// step is one operation of a scenario.
type step struct {
	name, query, as, variables string
	later                      time.Duration
}

var operation = regexp.MustCompile(`^(?:query|mutation) (\w+)`)

func readScenario(t *testing.T, file string) []step {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var steps []step
	next := step{variables: "{}"}
	inOperation := false
	for line := range strings.Lines(string(text)) {
		switch {
		case inOperation:
			next.query += line
			if line == "}\n" {
				steps = append(steps, next)
				next, inOperation = step{variables: "{}"}, false
			}
		case strings.HasPrefix(line, "# as: "):
			next.as = strings.TrimSpace(line[len("# as: "):])
		case strings.HasPrefix(line, "# variables: "):
			next.variables = strings.TrimSpace(line[len("# variables: "):])
		case strings.HasPrefix(line, "# later: "):
			if next.later, err = time.ParseDuration(strings.TrimSpace(line[len("# later: "):])); err != nil {
				t.Fatal(err)
			}
		case operation.MatchString(line):
			next.name, next.query, inOperation = operation.FindStringSubmatch(line)[1], line, true
		}
	}
	return steps
}

// labels stand for what differs each time.
type labels struct {
	byValue, byLabel map[string]string
	count            map[string]int
}

func newLabels() *labels {
	return &labels{byValue: map[string]string{}, byLabel: map[string]string{}, count: map[string]int{}}
}

// varying is what differs each time: TypeIDs, and opaque strings under the keys that hold them.
var varying = regexp.MustCompile(`(post|user|session|event)_[0-9a-z]{26}` +
	`|"(accessToken|refreshToken|cursor|startCursor|endCursor|requestId)": "([^"]+)"`)

// fraction is that of a second: each look at the clock is a microsecond later, and how often that is done is nobody's business.
var fraction = regexp.MustCompile(`(T\d\d:\d\d:\d\d)\.\d+Z`)

func (l *labels) collapse(text string) string {
	text = fraction.ReplaceAllString(text, "${1}Z")
	return varying.ReplaceAllStringFunc(text, func(found string) string {
		parts := varying.FindStringSubmatch(found)
		switch kind, value := parts[2], parts[3]; kind {
		case "":
			return l.label(parts[1], found)
		case "accessToken":
			return fmt.Sprintf("%q: %q", kind, l.label("jwt", value))
		case "refreshToken":
			return fmt.Sprintf("%q: %q", kind, l.label("refresh", value))
		case "requestId":
			return fmt.Sprintf("%q: %q", kind, l.label("request", value))
		default:
			return fmt.Sprintf("%q: %q", kind, l.label("cursor", value))
		}
	})
}

func (l *labels) label(kind, value string) string {
	if label, known := l.byValue[value]; known {
		return label
	}
	l.count[kind]++
	label := fmt.Sprintf("<%s-%d>", kind, l.count[kind])
	l.byValue[value], l.byLabel[label] = label, value
	return label
}

// labelled is a label, perhaps as an id of another type: user_<post-1>.
var labelled = regexp.MustCompile(`([a-z]+_)?(<[a-z]+-\d+>)`)

func (l *labels) expand(text string) string {
	return labelled.ReplaceAllStringFunc(text, func(found string) string {
		parts := labelled.FindStringSubmatch(found)
		value, known := l.byLabel[parts[2]]
		if !known {
			return found
		}
		if _, unique, isID := strings.Cut(value, "_"); isID && parts[1] != "" {
			return parts[1] + unique
		}
		return parts[1] + value
	})
}

// firstDifference shows the first line that differs, with those before it.
func firstDifference(got, want string) string {
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := "(end)", "(end)"
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			before := strings.Join(gotLines[max(0, i-8):i], "\n")
			after := strings.Join(gotLines[min(i+1, len(gotLines)):min(i+40, len(gotLines))], "\n") // where errors are, if there are any
			return fmt.Sprintf("line %d:\n%s\n-%s\n+%s\n%s", i+1, before, w, g, after)
		}
	}
	return ""
}

// TestLabels: what a label stands for is sent as it is, but for an id that is said to be of another type.
func TestLabels(t *testing.T) {
	names := newLabels()
	const token, postID = "e30.e30.a-b_c_d_", "post_01arz3ndektsv4rrffq69g5fav"
	names.label("jwt", token)
	names.label("post", postID)
	for text, want := range map[string]string{
		"<jwt-1>":                     token,
		`{"id": "<post-1>"}`:          `{"id": "` + postID + `"}`,
		`{"id": "user_<post-1>"}`:     `{"id": "user_01arz3ndektsv4rrffq69g5fav"}`,
		`"<post-2>", "user_<post-2>"`: `"<post-2>", "user_<post-2>"`,
	} {
		if got := names.expand(text); got != want {
			t.Errorf("expand(%s) = %s, want %s", text, got, want)
		}
	}
}
