package account_test

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/store/storetest"
	"postern/internal/throttle"
)

// BenchmarkRefusedLogin measures what refusing a log-in takes, by why it is refused: one of each kind in turn, each of an
// account and from an address of its own. It prints the medians, and what they are of that of a wrong password.
func BenchmarkRefusedLogin(b *testing.B) {
	db := storetest.Open(b, storetest.SQLiteURL(b))
	service := account.NewService(account.Options{
		Store: db, Passwords: auth.NewPasswords(auth.DefaultPool()), Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Throttle: account.Throttle{
			FailuresOfAccount: throttle.Limit{Most: b.N + 1}, FailuresOfAddress: throttle.Limit{Most: b.N + 1, Within: time.Hour},
		},
	})
	hash, err := auth.NewPasswords(auth.DefaultPool()).Hash(b.Context(), password)
	if err != nil {
		b.Fatal(err)
	}
	kinds := []string{"wrong", "unknown", "disabled"}
	for i := range b.N {
		for _, kind := range []string{"wrong", "disabled"} {
			populate(b, db, fmt.Sprintf("%s%d", kind, i), hash, kind == "disabled")
		}
	}
	took := make(map[string][]time.Duration, len(kinds))
	b.ResetTimer()
	for i := range b.N {
		for n := range kinds {
			kind := kinds[(i+n)%len(kinds)]
			in := account.LoginInput{Email: fmt.Sprintf("%s%d@example.org", kind, i), Password: password}
			if kind == "wrong" {
				in.Password = strings.ToUpper(password)
			}
			client := auth.Client{Address: netip.AddrFrom4([4]byte{10, byte(n), byte(i >> 8), byte(i)})}
			start := time.Now()
			_, err := service.Login(b.Context(), client, in)
			took[kind] = append(took[kind], time.Since(start))
			if fault.CodeOf(err) != fault.InvalidCredentials {
				b.Fatalf("Login(%s) = %v, want INVALID_CREDENTIALS", kind, err)
			}
		}
	}
	b.ReportMetric(0, "ns/op") // it is of all kinds
	median := func(kind string) float64 {
		slices.Sort(took[kind])
		return float64(took[kind][b.N/2])
	}
	for _, kind := range kinds {
		b.ReportMetric(median(kind)/float64(time.Millisecond), "ms/"+kind)
	}
	for _, kind := range kinds[1:] {
		b.ReportMetric(median(kind)/median(kinds[0]), kind+"/"+kinds[0])
	}
}

// populate opens an account by a name, which nobody has to hash a password for.
func populate(b *testing.B, store account.Store, name, hash string, disabled bool) {
	b.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	c := &account.Credentials{
		Account: account.Account{
			User:  account.User{ID: id.NewUser(now), Handle: name, Name: name, CreatedAt: now},
			Email: emailOf(name), Role: auth.Author,
		},
		EmailKey: emailOf(name), PasswordHash: hash,
	}
	if err := store.CreateAccount(b.Context(), c, nil); err != nil {
		b.Fatal(err)
	}
	if disabled {
		if err := store.Disable(b.Context(), c.ID, now); err != nil {
			b.Fatal(err)
		}
	}
}
