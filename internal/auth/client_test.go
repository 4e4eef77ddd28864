package auth_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"postern/internal/auth"
)

func TestClientOfAddress(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]netip.Addr{
		"203.0.113.9:4711":          netip.MustParseAddr("203.0.113.9"),
		"[2001:db8::1]:4711":        netip.MustParseAddr("2001:db8::1"),
		"[::ffff:203.0.113.9]:4711": netip.MustParseAddr("203.0.113.9"),
		"[fe80::1%eth0]:4711":       netip.MustParseAddr("fe80::1"),
		"@":                         {}, // a Unix socket
		"":                          {},
		"example.org:80":            {},
	} {
		if got := auth.Proxies(nil).ClientOf(&http.Request{RemoteAddr: remote}).Address; got != want {
			t.Errorf("ClientOf(%q).Address = %v, want %v", remote, got, want)
		}
	}
}

func TestClientOfUserAgent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, sent, want string }{
		{"nothing", "", ""},
		{"plain", "Mozilla/5.0 (X11; Linux)", "Mozilla/5.0 (X11; Linux)"},
		{"another script", "браузер 🦊", "браузер 🦊"},
		{"control characters", "a\x00b\x1b[31mc\r\nd\te\x7ff", "ab[31mcdef"},
		{"control characters of Latin 1", "a\u0085b\u009b31mc", "ab31mc"},
		{"invalid UTF-8", "a\xffb\xc3(c\xed\xa0\x80d", "ab(cd"},
		{"a surrogate's stand-in", "a\ufffdb", "ab"},
		{"at its longest", strings.Repeat("a", 256), strings.Repeat("a", 256)},
		{"too long", strings.Repeat("a", 257), strings.Repeat("a", 256)},
		{"far too long", strings.Repeat("a", 1<<20), strings.Repeat("a", 256)},
		{"two bytes across the end", strings.Repeat("a", 255) + "éé", strings.Repeat("a", 255)},
		{"four bytes across the end", strings.Repeat("a", 253) + "🦊🦊", strings.Repeat("a", 253)},
		{"four bytes up to the end", strings.Repeat("🦊", 65), strings.Repeat("🦊", 64)},
		{"short but for its controls", strings.Repeat("\x01", 300) + "a", "a"},
	} {
		r := &http.Request{Header: http.Header{"User-Agent": {test.sent}}}
		if got := auth.Proxies(nil).ClientOf(r).UserAgent; got != test.want {
			t.Errorf("ClientOf(%s).UserAgent = %.300q, want %.300q", test.name, got, test.want)
		}
	}
}

// proxies are those that tests trust.
func proxies() auth.Proxies {
	return auth.Proxies{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("2001:db8:aaaa::/48"),
		netip.MustParsePrefix("fe80::/10"),
	}
}

func TestClientOfForwardedRequests(t *testing.T) {
	t.Parallel()
	const proxy, stranger = "10.0.0.1:4711", "198.51.100.66:4711"
	for _, test := range []struct {
		name, peer string
		header     []string
		want       string
	}{
		{"no header", proxy, nil, "10.0.0.1"},
		{"a client", proxy, []string{"203.0.113.9"}, "203.0.113.9"},
		{"a client by IPv6", "[2001:db8:aaaa::1]:1", []string{"2001:db8::9"}, "2001:db8::9"},
		{"a client behind two proxies", proxy, []string{"203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"a client behind many proxies", proxy, []string{"203.0.113.9, 2001:db8:aaaa::2 ,127.0.0.1,\t10.0.0.2"}, "203.0.113.9"},
		{"a proxy by a mapped address", "[::ffff:10.0.0.1]:1", []string{"203.0.113.9, ::ffff:10.0.0.2"}, "203.0.113.9"},
		{"a client by a mapped address", proxy, []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"a proxy with a zone", "[fe80::1%eth0]:1", []string{"203.0.113.9, fe80::2%eth1"}, "203.0.113.9"},
		{"a client with a zone", proxy, []string{"fd00::9%eth0"}, "fd00::9"},
		{"ports", proxy, []string{"203.0.113.9:80, 10.0.0.2:65535"}, "203.0.113.9"},
		{"a port with IPv6", proxy, []string{"[2001:db8::9]:80"}, "2001:db8::9"},
		{"brackets", proxy, []string{"[2001:db8::9]"}, "2001:db8::9"},
		{"several lines", proxy, []string{"203.0.113.9", "10.0.0.3, 10.0.0.2"}, "203.0.113.9"},
		{"nobody but proxies", proxy, []string{"10.0.0.4, 10.0.0.3"}, "10.0.0.4"},

		{"forged by a stranger", stranger, []string{"203.0.113.9"}, "198.51.100.66"},
		{"forged by a stranger, as by a proxy", stranger, []string{"203.0.113.9, 10.0.0.1"}, "198.51.100.66"},
		{"forged by a neighbour of a proxy", "127.0.0.2:1", []string{"203.0.113.9"}, "127.0.0.2"},
		{"forged on a Unix socket", "@", []string{"203.0.113.9"}, "invalid IP"},
		{"forged on the left", proxy, []string{"203.0.113.9, 198.51.100.66"}, "198.51.100.66"},
		{"forged on the left, as by proxies", proxy, []string{"203.0.113.9, 10.0.0.3, 198.51.100.66, 10.0.0.2"}, "198.51.100.66"},
		{"forged in a line before", proxy, []string{"203.0.113.9", "10.0.0.3", "198.51.100.66"}, "198.51.100.66"},

		{"empty", proxy, []string{""}, "10.0.0.1"},
		{"no line", proxy, []string{}, "10.0.0.1"},
		{"commas", proxy, []string{",,,"}, "10.0.0.1"},
		{"a comma at the end", proxy, []string{"203.0.113.9,"}, "10.0.0.1"},
		{"a comma at the beginning", proxy, []string{",10.0.0.2"}, "10.0.0.2"},
		{"unknown", proxy, []string{"unknown"}, "10.0.0.1"},
		{"garbage before a proxy", proxy, []string{"203.0.113.9, \xff\x00, 10.0.0.2"}, "10.0.0.2"},
		{"garbage before the client", proxy, []string{"<script>, 203.0.113.9"}, "203.0.113.9"},
		{"a name", proxy, []string{"localhost"}, "10.0.0.1"},
		{"a network", proxy, []string{"203.0.113.0/24"}, "10.0.0.1"},
		{"a number", proxy, []string{"3405803785"}, "10.0.0.1"},
		{"octal", proxy, []string{"0203.0.113.9"}, "10.0.0.1"},
		{"too much of a port", proxy, []string{"203.0.113.9:65536"}, "10.0.0.1"},
		{"two ports", proxy, []string{"203.0.113.9:1:2"}, "10.0.0.1"},
		{"half a bracket", proxy, []string{"[2001:db8::9"}, "10.0.0.1"},
		{"IPv4 in brackets", proxy, []string{"[203.0.113.9]"}, "10.0.0.1"},
		{"as Forwarded has it", proxy, []string{"for=203.0.113.9"}, "10.0.0.1"},
		{"with spaces for commas", proxy, []string{"203.0.113.9 10.0.0.2"}, "10.0.0.1"},
	} {
		r := &http.Request{RemoteAddr: test.peer, Header: http.Header{"X-Forwarded-For": test.header, "X-Real-Ip": {"192.0.2.1"}}}
		if got := proxies().ClientOf(r).Address.String(); got != test.want {
			t.Errorf("ClientOf(%s).Address = %v, want %v", test.name, got, test.want)
		}
		peer := auth.Proxies(nil).ClientOf(&http.Request{RemoteAddr: test.peer}).Address
		if got := auth.Proxies(nil).ClientOf(r).Address; got != peer {
			t.Errorf("ClientOf(%s).Address = %v where no proxy is trusted, want %v", test.name, got, peer)
		}
	}
}

// TestClientOfLongLists has more than any server lets through: however much it is, nothing of it is kept. It runs alone, as
// it counts allocations.
//
//nolint:paralleltest // see above
func TestClientOfLongLists(t *testing.T) {
	const entries, most = 100_000, 10
	for name, test := range map[string]struct {
		header []string
		want   string
	}{
		"forged":             {[]string{strings.Repeat("10.0.0.2, ", entries) + "203.0.113.9"}, "203.0.113.9"},
		"proxies":            {[]string{"203.0.113.9" + strings.Repeat(", 10.0.0.2", entries)}, "203.0.113.9"},
		"lines":              {strings.Split(strings.Repeat("10.0.0.2,", entries)+"10.0.0.3", ","), "10.0.0.2"},
		"commas":             {[]string{strings.Repeat(",", entries)}, "10.0.0.1"},
		"one without end":    {[]string{strings.Repeat("1", 10*entries)}, "10.0.0.1"},
		"colons without end": {[]string{strings.Repeat(":", 10*entries)}, "10.0.0.1"},
	} {
		r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"X-Forwarded-For": test.header}}
		trusted := proxies()
		if got := trusted.ClientOf(r).Address.String(); got != test.want {
			t.Errorf("ClientOf(%s).Address = %v, want %v", name, got, test.want)
		}
		if got := testing.AllocsPerRun(1, func() { _ = trusted.ClientOf(r) }); got > most {
			t.Errorf("ClientOf(%s) allocates %v times, want %d at most", name, got, most)
		}
	}
}

// FuzzClientOf looks for a header by which a client behind a proxy gets another address than its own, or a stranger any.
func FuzzClientOf(f *testing.F) {
	for _, seed := range []string{
		"", ",", "203.0.113.9", "10.0.0.1, 127.0.0.1", "[::1]:80, x", "fe80::1%eth0", "\xff", "::ffff:10.0.0.1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		for peer, added := range map[string]string{"10.0.0.1:1": ", 198.51.100.66", "198.51.100.66:1": ""} {
			r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {sent + added}}}
			if got := proxies().ClientOf(r).Address; got != netip.MustParseAddr("198.51.100.66") {
				t.Errorf("ClientOf(%q from %s).Address = %v, want the client's", sent, peer, got)
			}
		}
		r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"X-Forwarded-For": {sent}}}
		if got := proxies().ClientOf(r).Address; !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Errorf("ClientOf(%q).Address = %v, want an address in its shortest form", sent, got)
		}
	})
}
