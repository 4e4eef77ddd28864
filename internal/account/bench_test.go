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

// BenchmarkRefusedLogin measures what refusing a log-in takes, by why it is refused.
func BenchmarkRefusedLogin(b *testing.B) {
	db := storetest.Open(b, storetest.SQLiteURL(b))
	service := account.NewService(account.Options{
		Store: db, Passwords: auth.NewPasswords(auth.DefaultPool(nil)), Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Throttle: account.Throttle{
			FailuresOfAccount: throttle.Limit{Most: b.N + 1}, FailuresOfAddress: throttle.Limit{Most: b.N + 1, Within: time.Hour},
		},
	})
	hash, err := auth.NewPasswords(auth.DefaultPool(nil)).Hash(b.Context(), password)
	if err != nil {
		b.Fatal(err)
	}
	inTurn(b, db, hash, []string{"wrong", "unknown", "disabled"}, func(client auth.Client, kind, email string) {
		in := account.LoginInput{Email: email, Password: password}
		if kind == "wrong" {
			in.Password = strings.ToUpper(password)
		}
		if _, err := service.Login(b.Context(), client, in); fault.CodeOf(err) != fault.InvalidCredentials {
			b.Fatalf("Login(%s) = %v, want INVALID_CREDENTIALS", kind, err)
		}
	})
}

// BenchmarkRequestPasswordReset measures what asking for a reset takes, by whether there is an account.
func BenchmarkRequestPasswordReset(b *testing.B) {
	for name, url := range map[string]string{"SQLite": storetest.SQLiteURL(b), "PostgreSQL": storetest.PostgresURL(b)} {
		b.Run(name, func(b *testing.B) {
			db := storetest.Open(b, url)
			service := account.NewService(account.Options{
				Store: db, Mail: true, Now: time.Now, Log: slog.New(slog.DiscardHandler),
				Throttle: account.Throttle{
					MailsOfAccount: throttle.Limit{Most: b.N + 1, Within: time.Hour}, MailsOfAddress: throttle.Limit{Most: b.N + 1, Within: time.Hour},
				},
			})
			inTurn(b, db, "", []string{"known", "unknown", "disabled"}, func(client auth.Client, kind, email string) {
				if err := service.RequestPasswordReset(b.Context(), client, account.RequestPasswordResetInput{Email: email}); err != nil {
					b.Fatalf("RequestPasswordReset(%s) = %v", kind, err)
				}
			})
		})
	}
}

// inTurn does something for one email of each kind in turn, each from an address of its own. Of those that are unknown there is no
// account, and those that are disabled have a disabled one. It prints the medians of what it takes, and what they are of the first.
func inTurn(b *testing.B, db account.Store, hash string, kinds []string, do func(client auth.Client, kind, email string)) {
	b.Helper()
	run := id.NewUser(time.Now()).String() // as a benchmark runs again and again, with more and more
	name := func(kind string, i int) string { return fmt.Sprintf("%s-%d-%s", kind, i, run[len(run)-10:]) }
	for i := range b.N {
		for _, kind := range kinds {
			if kind != "unknown" {
				populate(b, db, name(kind, i), hash, kind == "disabled")
			}
		}
	}
	took := make(map[string][]time.Duration, len(kinds))
	b.ResetTimer()
	for i := range b.N {
		for n := range kinds {
			kind := kinds[(i+n)%len(kinds)]
			client := auth.Client{Address: netip.AddrFrom4([4]byte{10, byte(n), byte(i >> 8), byte(i)})}
			start := time.Now()
			do(client, kind, emailOf(name(kind, i)))
			took[kind] = append(took[kind], time.Since(start))
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
