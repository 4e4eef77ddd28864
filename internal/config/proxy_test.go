package config_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"postern/internal/config"
)

func TestProxies(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10.0.0.7":            "10.0.0.7/32",
		"10.0.0.0/8":          "10.0.0.0/8",
		"0.0.0.0/0":           "0.0.0.0/0",
		"::1":                 "::1/128",
		"2001:DB8::/32":       "2001:db8::/32",
		"::ffff:10.0.0.7":     "10.0.0.7/32",
		"::ffff:10.0.0.0/104": "10.0.0.0/8",
	} {
		c := standard()
		c.TrustedProxies = []string{"192.0.2.1", " " + text}
		got, err := c.Proxies()
		want := []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix(want)}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Proxies() of %q = %v, %v, want %v", text, got, err, want)
		}
		if err := c.Check(); err != nil {
			t.Errorf("Check() with the proxy %q = %v, want nil", text, err)
		}
	}
	if got, err := new(standard()).Proxies(); len(got) != 0 || err != nil {
		t.Errorf("Proxies() = %v, %v, want none by default", got, err)
	}
}

func TestProxiesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "*", "proxy.example.org", "10.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/255.0.0.0",
		"10.0.0.7:80", "[::1]", "::1/129", "fe80::1%eth0", "fe80::%eth0/64", "010.0.0.7", "10.0.0.7 10.0.0.8", "10.0.0.7;10.0.0.8",
	} {
		c := standard()
		c.TrustedProxies = []string{"192.0.2.1", text}
		err := c.Check()
		broken, ok := errors.AsType[*config.Error](err)
		if !ok || broken.Setting != "TRUSTED_PROXIES" || !strings.Contains(broken.Problem, `"`+text+`"`) {
			t.Errorf("Check() with the proxy %q = %v, want a *config.Error that quotes it", text, err)
		}
	}
}
