package transport

import (
	"mime"
	"testing"
)

// TestUsualOptionsStandForThemselves compares the options that are not parsed with what package mime reads them as.
func TestUsualOptionsStandForThemselves(t *testing.T) {
	t.Parallel()
	for _, usual := range []string{"*/*", mediaJSON, mediaGraphQL, mediaEvents, gzipCoding} {
		name, params, err := mime.ParseMediaType(usual)
		got, ok := parseOption(usual)
		if err != nil || len(params) > 0 || !ok || got.name != name || len(got.params) > 0 || got.quality != 1 {
			t.Errorf("parseOption(%q) = %+v, %v, want %q, and %v", usual, got, ok, name, params)
		}
		spaced, ok := parseOption(" " + usual + " ;q=1")
		if !ok || spaced.name != got.name || spaced.quality != got.quality {
			t.Errorf("parseOption(%q with a weight) = %+v, %v, want the same as without", usual, spaced, ok)
		}
	}
	if !isJSON(mediaJSON) || !isJSON(mediaJSON+" ; charset=UTF-8") || isJSON(mediaJSON+"; charset=latin1") || isJSON(mediaJSON+"x") {
		t.Error("isJSON does not tell JSON in UTF-8 from other types")
	}
}
