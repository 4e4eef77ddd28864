package cli

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"

	"postern/internal/account"
)

// showTable shows events as lines of a table, the first time below a head. Where it goes on, its columns have room for what may
// come.
func showTable(w io.Writer, goesOn bool) func([]account.LogEntry) error {
	t := &table{Writer: w, room: roomOf(w), widths: make([]int, 6)}
	if goesOn {
		t.widths = []int{len(time.RFC3339) - len("07:00"), widestKind(), 20, len("255.255.255.255"), 1 + tailDigits, 0}
	}
	t.add("TIME", "EVENT", "ACCOUNT", "ADDRESS", "SESSION", "USER AGENT")
	return func(entries []account.LogEntry) error {
		for _, e := range entries {
			what := string(e.Kind)
			if e.Role != nil {
				what += " " + e.Role.String()
			}
			t.add(moment(e.CreatedAt), what, nameOf(e), orHyphen(e.IPAddress), tail(e), orHyphen(e.UserAgent))
		}
		return t.flush()
	}
}

func widestKind() (widest int) {
	for _, kind := range account.EventKinds() {
		widest = max(widest, len(kind))
	}
	return widest
}

// nameOf is what an account is called: by its email, as commands call it, or by its id if that is all that is left of it.
func nameOf(e account.LogEntry) string {
	if e.Email == nil && e.UserID != nil {
		return e.UserID.String()
	}
	return orHyphen(e.Email)
}

// tailDigits are so many that no two sessions of a blog share them by chance.
const tailDigits = 8

// tail is the end of a session's id, which tells it from others; the whole would leave no room.
func tail(e account.LogEntry) string {
	if e.SessionID == nil {
		return "-"
	}
	id := e.SessionID.String()
	return "…" + id[len(id)-tailDigits:]
}

func orHyphen(text *string) string {
	if text == nil {
		return "-"
	}
	return cmp.Or(*text, "-")
}

// table writes lines in columns, whose widths grow with what is added.
type table struct {
	io.Writer

	room   func() int // how many characters a line may have
	widths []int
	lines  [][]string
}

// roomOf is how wide a terminal is; elsewhere lines are as long as they are.
func roomOf(w io.Writer) func() int {
	return func() int {
		if file, ok := w.(*os.File); ok {
			if width, _, err := term.GetSize(int(file.Fd())); err == nil {
				return width
			}
		}
		return math.MaxInt
	}
}

func (t *table) add(cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.Map(shown, cell)
		t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cells[i]))
	}
	t.lines = append(t.lines, cells)
}

// shown is a character that does nothing to a terminal but to be seen: what a client calls itself, anybody may choose.
func shown(r rune) rune {
	if !unicode.IsGraphic(r) {
		return utf8.RuneError
	}
	return r
}

// flush writes what was added, in one go.
func (t *table) flush() error {
	var text strings.Builder
	room := t.room()
	for _, cells := range t.lines {
		var line strings.Builder
		for i, cell := range cells[:len(cells)-1] {
			fmt.Fprintf(&line, "%-*s  ", t.widths[i], cell)
		}
		line.WriteString(cells[len(cells)-1])
		text.WriteString(cut(line.String(), room) + "\n")
	}
	t.lines = nil
	if _, err := io.WriteString(t, text.String()); err != nil {
		return fmt.Errorf("show events: %w", err)
	}
	return nil
}

// cut is a text of so many characters at most.
func cut(text string, most int) string {
	if characters := []rune(text); len(characters) > most && most > 0 {
		return string(characters[:most-1]) + "…"
	}
	return text
}
