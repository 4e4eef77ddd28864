package httpd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/internal/auth"
	"postern/internal/id"
)

// FuzzRequestLine compares what is written of a request with what log/slog alone writes of it.
func FuzzRequestLine(f *testing.F) {
	const now, year = 1_795_744_000, 31_556_952 // seconds
	for _, seconds := range []int64{0, now, now - 3000*year, now + 9000*year, -62_135_596_800, 253_402_300_799, 253_402_300_800} {
		for i, nanoseconds := range []int64{0, 1, 120_000_000, 123_456_000, 999_999_999} {
			f.Add(seconds, nanoseconds, i*4321-9000, i-2, "GET", "/graphql", 200, i, int64(i), "203.0.113.195", i%2 == 0, "KZJQ2X5YB7M4NW3T")
		}
	}
	for i, text := range []string{
		"", " ", "a<b>&c", `"`, `\`, "\n", "\x00", "\x1b[31m", "\x7f", "é", "\u2028", "a\u2029b", "\xff", "\xed\xa0\x80", "\ufffd", "😀", "{}", "!BUG",
		strings.Repeat("long ", 2000),
	} {
		f.Add(int64(now), int64(i), 0, 4*i-10, text, "/", -i, math.MaxInt, int64(math.MinInt64), "::1", true, "")
		f.Add(int64(now), int64(i), 3600, i, "POST", text, 500, math.MinInt, int64(math.MaxInt64), "", false, "id")
		f.Add(int64(now), int64(i), -3600, -i, "POST", "/", 0, i, int64(i), "fe80::1%"+text, true, "id")
		f.Add(int64(now), int64(i), 5400, 0, "POST", "/", 0, i, int64(i), "2001:db8::1", false, text)
	}
	f.Fuzz(func(
		t *testing.T, seconds, nanoseconds int64, zone, level int, method, path string, status, size int, duration int64, address string,
		viewer bool, name string,
	) {
		client, _ := netip.ParseAddr(address)
		r := requestLine{
			at:    time.Unix(seconds, nanoseconds).In(time.FixedZone("", zone%1_000_000)),
			level: slog.Level(level), method: method, path: path, status: status, bytes: size, duration: time.Duration(duration), client: client,
		}
		ctx := withRequestID(t.Context(), name)
		if viewer {
			ctx = viewed(ctx)
		}
		var got, want bytes.Buffer
		ours, theirs := newJSONLog(&got, slog.LevelInfo), contextual{slog.NewJSONHandler(&want, nil)}
		for range 2 { // the second time in what the first one left
			if err := errors.Join(ours.request(ctx, r), theirs.Handle(ctx, r.record())); err != nil {
				t.Fatal(err)
			}
		}
		if got.String() != want.String() {
			t.Errorf("the log has %q, want %q", &got, &want)
		}
		if l := slog.Level(level); ours.Enabled(ctx, l) != theirs.Enabled(ctx, l) {
			t.Errorf("Enabled(%v) = %t, want %t", l, ours.Enabled(ctx, l), theirs.Enabled(ctx, l))
		}
	})
}

// The lines of requests are written by ourselves, or all else here would be for nothing.
func TestRequestLineIsPlain(t *testing.T) {
	t.Parallel()
	if _, plain := aRequest().append(nil, "KZJQ2X5YB7M4NW3T", &auth.Viewer{}); !plain {
		t.Error("the line of a request is left to log/slog")
	}
}

func TestJSONLogWithAttributesAndGroups(t *testing.T) {
	t.Parallel()
	var got, want bytes.Buffer
	for _, log := range []*slog.Logger{slog.New(newJSONLog(&got, slog.LevelInfo)), slog.New(contextual{slog.NewJSONHandler(&want, nil)})} {
		for _, log := range []*slog.Logger{log.With("a", 1), log.WithGroup("g"), log.WithGroup("g").With("a", "b").WithGroup("h"), log.With(), log} {
			record := aRequest().record()
			record.Time = time.Time{}
			if err := log.Handler().Handle(viewed(t.Context()), record); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got.String() != want.String() {
		t.Errorf("the log has %q, want %q", &got, &want)
	}
}

func TestJSONLogFailsAsItsWriterDoes(t *testing.T) {
	t.Parallel()
	reader, writer := io.Pipe()
	full := errors.New("no space left")
	_ = reader.CloseWithError(full)
	if err := newJSONLog(writer, slog.LevelInfo).request(t.Context(), aRequest()); !errors.Is(err, full) {
		t.Errorf("request() = %v, want %v", err, full)
	}
}

// Lines that are written by ourselves do not mix with those of log/slog, nor with each other.
func TestJSONLogWritesOneLineAfterTheOther(t *testing.T) {
	t.Parallel()
	const writers, lines = 8, 50
	var out slowly
	ours := newJSONLog(&out, slog.LevelInfo)
	r := aRequest()
	var writing sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			r := r
			r.path = []string{"/plain", "/\"quoted\""}[i%2]
			for range lines {
				if i%4 == 0 {
					slog.New(ours).With("with", "one").InfoContext(t.Context(), "a line")
				} else {
					_ = ours.request(t.Context(), r)
				}
			}
		})
	}
	writing.Wait()
	seen := map[string]int{}
	for line := range strings.Lines(out.String()) {
		_, line, _ = strings.Cut(line, ",") // without its time
		seen[line]++
	}
	const begin, end = `"level":"INFO","msg":"request","method":"POST","path":`, `,"status":200,"bytes":5120,"duration_us":317,"client":"203.0.113.195"}`
	for line, want := range map[string]int{
		`"level":"INFO","msg":"a line","with":"one"}`: 2 * lines,
		begin + `"/plain"` + end:                      2 * lines,
		begin + `"/\"quoted\""` + end:                 4 * lines,
	} {
		if got := seen[line+"\n"]; got != want {
			t.Errorf("the log has %d lines of %s, want %d", got, line, want)
		}
	}
}

// slowly lets others do something in the middle of each write.
type slowly struct{ bytes.Buffer }

func (s *slowly) Write(text []byte) (int, error) {
	for _, c := range [][]byte{text[:len(text)/2], text[len(text)/2:]} {
		_, _ = s.Buffer.Write(c)
		runtime.Gosched()
	}
	return len(text), nil
}

// viewed is the context of a request of somebody's.
func viewed(ctx context.Context) context.Context {
	return auth.NewContext(withRequestID(ctx, "KZJQ2X5YB7M4NW3T"), auth.Caller{
		Viewer: &auth.Viewer{Claims: auth.Claims{UserID: id.User{}}},
	})
}

// aRequest is what the log tells of one.
func aRequest() requestLine {
	return requestLine{
		at: time.Now(), level: slog.LevelInfo, method: "POST", path: "/graphql", status: 200, bytes: 5120, duration: 317 * time.Microsecond,
		client: netip.MustParseAddr("203.0.113.195"),
	}
}

// BenchmarkRequestLine compares what the line of a request costs with what log/slog alone takes for it.
func BenchmarkRequestLine(b *testing.B) {
	ctx := viewed(b.Context())
	ours, theirs := newJSONLog(io.Discard, slog.LevelInfo), contextual{slog.NewJSONHandler(&inTurn{w: io.Discard}, nil)}
	for name, write := range map[string]func(requestLine) error{
		"ours": func(r requestLine) error { return ours.request(ctx, r) },
		"slog": func(r requestLine) error { return theirs.Handle(ctx, r.record()) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := write(aRequest()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
