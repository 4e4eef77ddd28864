package transport

import (
	"iter"
	"mime"
	"strconv"
	"strings"
)

// The media types of answers (section 4.1 of the specification).
const (
	mediaGraphQL = "application/graphql-response+json"
	mediaJSON    = "application/json"
)

// negotiate chooses what an answer is written as by the Accept header (RFC 9110, section 12.5.1): application/json for who
// does not say, as clients from before the specification do not. Of two that are equally liked it is the more exact one.
func negotiate(header []string) (media string, acceptable bool) {
	if strings.TrimSpace(strings.Join(header, "")) == "" {
		return mediaJSON, true
	}
	json, _ := quality(header, mediaJSON)
	graphql, named := quality(header, mediaGraphQL)
	switch {
	case graphql > 0 && (graphql > json || graphql == json && named):
		return mediaGraphQL, true
	case json > 0:
		return mediaJSON, true
	default:
		return "", false
	}
}

// quality is how much a header likes a media type: what its most exact range says, from 0 to 1. It may name the type.
func quality(header []string, media string) (found float64, named bool) {
	exactness := 0
	for option := range options(header) {
		if charset, given := option.params["charset"]; given && !strings.EqualFold(charset, "utf-8") {
			continue
		}
		exact := 0
		switch option.name {
		case media:
			exact = 3
		case "application/*":
			exact = 2
		case "*/*":
			exact = 1
		}
		if exact > exactness {
			found, exactness = option.quality, exact
		}
	}
	return found, exactness == 3
}

// option is one of what a header lets the server choose among (RFC 9110, section 12.4.2); the names are in lower case.
type option struct {
	name    string
	params  map[string]string
	quality float64
}

// options leaves out what is malformed.
func options(header []string) iter.Seq[option] {
	return func(yield func(option) bool) {
		for _, line := range header {
			for part := range separate(line) {
				if o, ok := parseOption(part); ok && !yield(o) {
					return
				}
			}
		}
	}
}

func parseOption(text string) (o option, ok bool) {
	if o, ok := usualOption(text); ok {
		return o, true
	}
	return anyOption(text)
}

// usualOption reads one that nearly all clients write, in the form in which they do.
func usualOption(text string) (o option, ok bool) {
	name, weight, weighted := strings.Cut(strings.TrimLeft(text, " "), ";q=")
	switch name {
	case "*/*", mediaJSON, mediaGraphQL, mediaEvents, gzipCoding:
		o, ok = option{name: name, quality: 1}, true
	}
	if ok && weighted {
		o.quality, ok = parseQuality(weight)
	}
	return o, ok
}

// anyOption reads all those that are well-formed.
func anyOption(text string) (o option, ok bool) {
	name, params, err := mime.ParseMediaType(text)
	if err != nil {
		return option{}, false
	}
	quality, ok := 1.0, true
	if weight, given := params["q"]; given {
		quality, ok = parseQuality(weight)
	}
	return option{name, params, quality}, ok
}

// separate splits a list at its commas, those within quotes aside.
func separate(list string) iter.Seq[string] {
	return func(yield func(string) bool) {
		start, quoted := 0, false
		for i := 0; i < len(list); i++ {
			switch {
			case list[i] == '"':
				quoted = !quoted
			case list[i] == '\\' && quoted:
				i++ // what follows stands for itself
			case list[i] == ',' && !quoted:
				if !yield(list[start:i]) {
					return
				}
				start = i + 1
			}
		}
		yield(list[start:])
	}
}

// parseQuality reads a weight: from 0 to 1, with three digits at most.
func parseQuality(text string) (quality float64, ok bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	if whole != "0" && whole != "1" || len(fraction) > 3 || strings.Trim(fraction, "0123456789") != "" {
		return 0, false
	}
	quality, err := strconv.ParseFloat(text, 64)
	return quality, err == nil && quality <= 1
}
