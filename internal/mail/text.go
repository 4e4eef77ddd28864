package mail

import (
	"strings"
	"unicode/utf8"
)

// width is how many characters a line of text has, if its words let it.
const width = 72

// text is the letter as text.
func (l *letter) text() string {
	blocks := []string{l.Hello}
	for _, paragraph := range l.Before {
		blocks = append(blocks, wrapped(paragraph))
	}
	if l.Action != "" {
		blocks = append(blocks, wrapped(l.Action+":"), "    "+l.Link+l.Token)
	}
	for _, paragraph := range l.After {
		blocks = append(blocks, wrapped(paragraph))
	}
	if facts := l.factLines(); facts != "" {
		blocks = append(blocks, facts)
	}
	return strings.Join(append(blocks, "-- \n"+wrapped(l.Foot)), "\n\n") + "\n"
}

// factLines has a line for each fact.
func (l *letter) factLines() string {
	lines := make([]string, len(l.Facts))
	for i, f := range l.Facts {
		lines[i] = strings.ReplaceAll(wrapped(f.Name+": "+f.Value), "\n", "\n    ")
	}
	return strings.Join(lines, "\n")
}

// wrapped breaks a paragraph into lines.
func wrapped(paragraph string) string {
	var lines strings.Builder
	length := 0
	for word := range strings.FieldsSeq(paragraph) {
		n := utf8.RuneCountInString(word)
		switch {
		case length == 0:
		case length+1+n > width:
			lines.WriteByte('\n')
			length = 0
		default:
			lines.WriteByte(' ')
			length++
		}
		lines.WriteString(word)
		length += n
	}
	return lines.String()
}
