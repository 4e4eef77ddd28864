package httpd_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"postern/internal/auth"
	"postern/internal/httpd"
)

// TestGuestsAreCountedByWhatTheyHave: an address of version 4, a network of version 6, zones and all.
func TestGuestsAreCountedByWhatTheyHave(t *testing.T) {
	t.Parallel()
	guests := httpd.Guests{OfAddress: 1, Watch: func(ctx context.Context, _ auth.Caller) (context.Context, context.CancelFunc) {
		return context.WithCancel(ctx)
	}}
	name := func(address string) string {
		ctx := auth.NewContext(t.Context(), auth.Caller{
			Refusal: auth.TokenMissing, Client: auth.Client{Address: netip.MustParseAddr(address)},
		})
		arrival := guests.Arrive(ctx)
		guest, err := guests.Attach(arrival.Context, "")
		if err != nil || guest.Most != 1 || arrival.Name != guest.Name {
			t.Fatalf("%s is %+v, %v", address, guest, err)
		}
		guest.Leave()
		return guest.Name
	}
	for _, test := range []struct {
		one, other string
		same       bool
	}{
		{"203.0.113.9", "203.0.113.9", true},
		{"203.0.113.9", "203.0.113.10", false},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::1", true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
	} {
		if one, other := name(test.one), name(test.other); (one == other) != test.same {
			t.Errorf("%s is %s, and %s is %s: want them to be the same: %v", test.one, one, test.other, other, test.same)
		}
	}
}

// TestBadTokensAreNoGuests: nobody is anonymous who came with a token.
func TestBadTokensAreNoGuests(t *testing.T) {
	t.Parallel()
	for _, refusal := range []auth.Reason{auth.TokenInvalid, auth.TokenExpired, auth.SessionEnded} {
		_, err := httpd.Guests{}.Attach(auth.NewContext(t.Context(), auth.Caller{Refusal: refusal}), "")
		if !errors.Is(err, refusal) {
			t.Errorf("%s = %v", refusal, err)
		}
	}
}
