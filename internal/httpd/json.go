package httpd

import (
	"context"
	"io"
	"log/slog"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"postern/internal/auth"
)

// requestLine is what the log tells of a request.
type requestLine struct {
	at            time.Time
	level         slog.Level
	method, path  string
	status, bytes int
	duration      time.Duration
	client        netip.Addr
}

// record is the line as package slog has it.
func (r requestLine) record() slog.Record {
	record := slog.NewRecord(r.at, r.level, "request", 0) // from where in the code, nobody wants to know
	record.AddAttrs(
		slog.String("method", r.method),
		slog.String("path", r.path),
		slog.Int("status", r.status),
		slog.Int("bytes", r.bytes),
		slog.Int64("duration_us", r.duration.Microseconds()),
		slog.String("client", r.client.String()),
	)
	return record
}

// jsonLog is contextual and slog.JSONHandler, but that it writes the lines of requests by itself, the same to the byte, where there is
// nothing to escape in them: that takes a third of the time. It is safe for concurrent use.
type jsonLog struct {
	contextual
	w     *inTurn
	texts sync.Pool // of *[]byte
}

func newJSONLog(w io.Writer, level slog.Level) *jsonLog {
	shared := &inTurn{w: w}
	return &jsonLog{
		contextual: contextual{slog.NewJSONHandler(shared, &slog.HandlerOptions{Level: level})},
		w:          shared,
		texts:      sync.Pool{New: func() any { return new([]byte) }},
	}
}

// request writes the line of a request within the context of that.
func (j *jsonLog) request(ctx context.Context, r requestLine) error {
	room := j.texts.Get().(*[]byte)
	text, plain := r.append((*room)[:0], RequestID(ctx), auth.FromContext(ctx).Viewer)
	if !plain {
		return j.Handle(ctx, r.record())
	}
	_, err := j.w.Write(text)
	const most = 4 << 10 // bytes: what has grown to more is not kept for lines that are shorter
	if cap(text) <= most {
		*room = text
		j.texts.Put(room)
	}
	return err
}

// append writes the line as JSON, unless something in it is to be escaped.
func (r requestLine) append(to []byte, id string, viewer *auth.Viewer) (text []byte, plain bool) {
	if year := r.at.Year(); year < 1000 || year > 9999 || !isPlain(r.method) || !isPlain(r.path) || !isPlain(id) || r.client.Zone() != "" {
		return nil, false
	}
	to = r.at.AppendFormat(append(to, `{"time":"`...), time.RFC3339Nano)
	to = append(append(to, `","level":"`...), r.level.String()...)
	to = append(append(to, `","msg":"request","method":"`...), r.method...)
	to = append(append(to, `","path":"`...), r.path...)
	to = strconv.AppendInt(append(to, `","status":`...), int64(r.status), 10)
	to = strconv.AppendInt(append(to, `,"bytes":`...), int64(r.bytes), 10)
	to = strconv.AppendInt(append(to, `,"duration_us":`...), r.duration.Microseconds(), 10)
	to = append(append(to, `,"client":"`...), r.client.String()...)
	if id != "" {
		to = append(append(to, `","request":"`...), id...)
	}
	if viewer != nil {
		to = append(append(to, `","viewer":"`...), viewer.UserID.String()...)
	}
	return append(to, "\"}\n"...), true
}

// isPlain tells whether JSON has a text as it is.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// inTurn lets one write after the other: slog's handler has a lock for that, but nobody else can take it.
type inTurn struct {
	mu sync.Mutex
	w  io.Writer
}

// Write implements io.Writer.
func (i *inTurn) Write(text []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.w.Write(text)
}
