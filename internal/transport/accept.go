package transport

import (
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
	accept := strings.Join(header, ",")
	if strings.TrimSpace(accept) == "" {
		return mediaJSON, true
	}
	json, graphql := quality(accept, mediaJSON), quality(accept, mediaGraphQL)
	switch {
	case graphql > 0 && (graphql > json || graphql == json && strings.Contains(accept, mediaGraphQL)):
		return mediaGraphQL, true
	case json > 0:
		return mediaJSON, true
	default:
		return "", false
	}
}

// quality is how much a header likes a media type: what its most exact range says, from 0 to 1.
func quality(accept, media string) float64 {
	found, exactness := 0.0, 0
	for part := range strings.SplitSeq(accept, ",") {
		got, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		if charset, given := params["charset"]; given && !strings.EqualFold(charset, "utf-8") {
			continue
		}
		exact := 0
		switch got {
		case media:
			exact = 3
		case "application/*":
			exact = 2
		case "*/*":
			exact = 1
		}
		if exact <= exactness {
			continue
		}
		q := 1.0
		if text, given := params["q"]; given {
			if q, err = strconv.ParseFloat(text, 64); err != nil || q < 0 || q > 1 {
				continue
			}
		}
		found, exactness = q, exact
	}
	return found
}
