package cli

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/term"

	"postern/internal/config"
)

// Banner tells somebody at a terminal where to click.
func Banner(w io.Writer, c config.Config, addr net.Addr, database string) {
	site := cmp.Or(c.PublicURL, "http://"+addr.String())
	_, _ = fmt.Fprintf(w, "\n  Postern %s\n\n", Version())
	if c.Page() {
		_, _ = fmt.Fprintf(w, "  GraphiQL  %s/\n", site)
	}
	_, _ = fmt.Fprintf(w, "  GraphQL   %s/graphql\n", site)
	if c.Introspect() {
		_, _ = fmt.Fprintf(w, "  Schema    %s/schema.graphqls\n", site)
	}
	_, _ = fmt.Fprintf(w, "  Database  %s\n\n  Ctrl+C stops it.\n\n", database)
}

// IsTerminal tells whether what is written there is for somebody to see at once.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
