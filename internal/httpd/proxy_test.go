package httpd_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"postern/internal/auth"
	"postern/internal/httpd"
)

// TestClientBehindAProxy looks at both who want to know the client's address: the handler and the log.
func TestClientBehindAProxy(t *testing.T) {
	t.Parallel()
	tell := func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, auth.FromContext(r.Context()).Client.Address)
	}
	trusting := func(o *httpd.Options) { o.Proxies = auth.Proxies{netip.MustParsePrefix("192.0.2.0/24")} }
	for want, s := range map[string]*site{"203.0.113.9": newSite(t, tell, trusting), "192.0.2.1": newSite(t, tell)} {
		answer := s.ask(t, http.MethodGet, "/graphql", "", "X-Forwarded-For: 198.51.100.1, 203.0.113.9")
		if got := answer.Body.String(); got != want {
			t.Errorf("the handler is told %q, want %q", got, want)
		}
		entry := s.log.next(t)
		for entry["msg"] != "request" {
			entry = s.log.next(t)
		}
		if entry["client"] != want {
			t.Errorf("the log has the client %v, want %v", entry["client"], want)
		}
	}
}

// TestProxyThatIsNotTrusted has requests passed on, of which the log warns once, unless whoever passes them on is trusted.
func TestProxyThatIsNotTrusted(t *testing.T) {
	t.Parallel()
	trusting := func(prefix string) func(*httpd.Options) {
		return func(o *httpd.Options) { o.Proxies = auth.Proxies{netip.MustParsePrefix(prefix)} }
	}
	for name, test := range map[string]struct {
		site *site
		sent string
		want int
	}{
		"nobody is trusted":       {newSite(t, echo), "X-Forwarded-For: 203.0.113.9", 1},
		"another is trusted":      {newSite(t, echo, trusting("10.0.0.0/8")), "X-Forwarded-For: 203.0.113.9, 10.0.0.7", 1},
		"what is sent is nothing": {newSite(t, echo), "X-Forwarded-For: hunter2\x1b203.0.113.9", 1},
		"it is trusted":           {newSite(t, echo, trusting("192.0.2.0/24")), "X-Forwarded-For: 203.0.113.9", 0},
		"nothing is passed on":    {newSite(t, echo), "X-Real-Ip: 203.0.113.9", 0},
	} {
		var requests sync.WaitGroup
		for i := range 20 {
			requests.Go(func() { test.site.ask(t, http.MethodGet, []string{"/graphql", "/livez", "/"}[i%3], "", test.sent) })
		}
		requests.Wait()
		warnings := 0
		for len(test.site.log.lines) > 0 {
			entry := test.site.log.next(t)
			if entry["level"] != "WARN" {
				continue
			}
			warnings++
			text := fmt.Sprint(entry)
			for _, part := range []string{"TRUSTED_PROXIES", "peer:192.0.2.1", "request:"} {
				if !strings.Contains(text, part) {
					t.Errorf("where %s, the log warns %s, want it to have %s", name, text, part)
				}
			}
			if strings.Contains(text, "203.0.113.9") || strings.Contains(text, "hunter2") {
				t.Errorf("where %s, the log warns %s, which quotes what was sent", name, text)
			}
		}
		if warnings != test.want {
			t.Errorf("where %s, the log warns %d times, want %d", name, warnings, test.want)
		}
	}
}
