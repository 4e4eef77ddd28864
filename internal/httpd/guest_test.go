package httpd_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"postern/internal/auth"
	"postern/internal/httpd"
)

// TestGuestsAreCountedByWhatTheyHave: an address of version 4, a network of version 6, zones and all.
func TestGuestsAreCountedByWhatTheyHave(t *testing.T) {
	t.Parallel()
	guests := httpd.Guests{OfAddress: 1}
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

// TestArrive: what stays open knows whose it is and how its request was called, and neither ends with the request nor keeps more
// of it.
func TestArrive(t *testing.T) {
	t.Parallel()
	type key struct{}
	site := newSite(t, func(_ http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(context.WithValue(r.Context(), key{}, "more"))
		cancel()
		kept := httpd.Guests{}.Arrive(ctx).Context
		if got, want := auth.FromContext(kept), auth.FromContext(ctx); got != want || !want.Client.Address.IsValid() {
			t.Errorf("it is %+v who asks, want %+v", got, want)
		}
		if got := httpd.RequestID(kept); got != "named" {
			t.Errorf("the request is called %q, want its name", got)
		}
		if kept.Err() != nil || kept.Value(key{}) != nil {
			t.Errorf("it ended with %v, and knows of %v", kept.Err(), kept.Value(key{}))
		}
	})
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", http.NoBody)
	request.Header.Set("X-Request-Id", "named")
	answer := httptest.NewRecorder()
	if site.ServeHTTP(answer, request); answer.Code != http.StatusOK {
		t.Errorf("it was answered by %d", answer.Code)
	}
}
