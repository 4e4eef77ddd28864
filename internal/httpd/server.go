package httpd

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// NewServer serves a site, and bounds how long a client may take: to say what it wants, to send it, to read the answer, and to think
// of something else. What stays open has bounds of its own.
func NewServer(base context.Context, site http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           site,
		BaseContext:       func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16<<10 - 4<<10, // net/http reads four kilobytes more
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
