package httpd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"postern/internal/auth"
	"postern/internal/httpd"
)

func TestLogNamesRequestAndViewer(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	_, user := s.token(t)
	ctx := auth.NewContext(t.Context(), auth.Caller{Viewer: &auth.Viewer{Claims: auth.Claims{UserID: user}}})
	for _, test := range []struct {
		ctx    context.Context //nolint:containedctx // what is logged with
		viewer any
	}{{ctx, user.String()}, {t.Context(), nil}} {
		var out bytes.Buffer
		log := httpd.NewLog(&out, slog.LevelInfo, false)
		log.DebugContext(test.ctx, "not worth it")
		log.With("a", 1).InfoContext(test.ctx, "worth it", "error", errors.New("no"))
		var entry map[string]any
		if err := json.Unmarshal(out.Bytes(), &entry); err != nil {
			t.Fatalf("the log is %q: %v", out.String(), err)
		}
		if entry["viewer"] != test.viewer || entry["msg"] != "worth it" || entry["a"] != 1.0 || entry["error"] != "no" || entry["request"] != nil {
			t.Errorf("the log has %v, want the viewer %v", entry, test.viewer)
		}
	}
}

func TestPrettyLogIsOneLineEach(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := httpd.NewLog(&out, slog.LevelInfo, true)
	log.InfoContext(t.Context(), "first", "path", "/\n\x1b[31mx", "error", errors.New("two\nlines\x1b[31mx"), "csi", "\u009b31m", "go", `\x1b[31mx`)
	log.DebugContext(t.Context(), "not worth it")
	if got := out.String(); strings.Count(got, "\n") != 1 || strings.Contains(got, "\x1b[31m") || strings.Contains(got, "\u009b") || !strings.Contains(got, "first") {
		t.Errorf("the log is %q, want one line that does nothing to a terminal but colour", got)
	}
}
