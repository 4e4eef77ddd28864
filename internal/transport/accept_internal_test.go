package transport

import "testing"

// FuzzOption looks for an option that is read in one way as a usual one, and in another as any.
func FuzzOption(f *testing.F) {
	for _, usual := range []string{"*/*", mediaJSON, mediaGraphQL, mediaEvents, gzipCoding} {
		for _, text := range []string{usual, " " + usual, usual + ";q=0.9", " " + usual + ";q=1.000"} {
			if _, ok := usualOption(text); !ok {
				f.Errorf("usualOption(%q) does not read it", text)
			}
			f.Add(text)
		}
		for _, around := range [][2]string{
			{"\t", ""},
			{"\u00a0", ""},
			{"", " "},
			{"x", ";q=1"},
			{"", ";q="},
			{"", ";q=1.1"},
			{"", ";q=0.5;q=1"},
			{"", ";q=0.5;charset=utf-8"},
			{"", "; q=0"},
			{"", ";Q=0.3"},
			{"", ";charset=latin1;q=0.1"},
			{"", `;q="1"`},
			{"", ";q=0.1 "},
		} {
			f.Add(around[0] + usual + around[1])
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		usual, ok := usualOption(text)
		if !ok {
			return
		}
		got, ok := anyOption(text)
		if _, given := got.params["charset"]; !ok || given || got.name != usual.name || got.quality != usual.quality {
			t.Errorf("anyOption(%q) = %+v, %v, want the same as usualOption: %+v", text, got, ok, usual)
		}
	})
}

func TestIsJSON(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]bool{
		mediaJSON: true, mediaJSON + "; charset=utf-8": true, mediaJSON + " ;charset=UTF-8": true, "Application/JSON": true,
		mediaJSON + "; charset=latin1": false, mediaJSON + ";": true, mediaJSON + "x": false, mediaGraphQL: false, "": false,
	} {
		if got := isJSON(contentType); got != want {
			t.Errorf("isJSON(%q) = %v, want %v", contentType, got, want)
		}
	}
}
