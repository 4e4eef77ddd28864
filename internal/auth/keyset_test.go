package auth_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"postern/internal/auth"
)

// lead is how long keys are published before they sign, and tail how long they verify once another does.
const (
	lead = 5 * time.Minute
	tail = lead + auth.AccessTokenLife + 10*time.Second
)

// must returns a changed set.
func must(tb testing.TB) func(auth.KeySet, auth.Key, error) (auth.KeySet, string) {
	tb.Helper()
	return func(set auth.KeySet, k auth.Key, err error) (auth.KeySet, string) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return set, k.ID
	}
}

// states are those of all keys of a set.
func states(set auth.KeySet, now time.Time, alone bool) string {
	var all []string
	for _, k := range set.Keys() {
		all = append(all, string(set.State(k, now, alone)))
	}
	return strings.Join(all, " ")
}

func TestLifeOfKeys(t *testing.T) {
	t.Parallel()
	at := signedAt.Add
	set, first := must(t)(auth.KeySet{}.Create("EdDSA", at(300*time.Millisecond), true))
	set, second := must(t)(set.Create("ES256", at(time.Minute), true))
	set, third := must(t)(set.Create("RS256", at(2*time.Minute), true))
	check := func(after time.Duration, want string) {
		t.Helper()
		if got := states(set, at(after), true); got != want {
			t.Errorf("after %v the keys are %q, want %q", after, got, want)
		}
	}
	check(0, "signs published published")
	check(1000*time.Hour, "signs published published")

	set, next := must(t)(set.Rotate(at(time.Hour), lead, true))
	if next != second {
		t.Errorf("Rotate() has %s sign, want the one that has been published for longest, %s", next, second)
	}
	check(time.Hour-1, "signs published published")
	check(time.Hour, "verifies signs published")
	check(time.Hour+tail-1, "verifies signs published")
	check(time.Hour+tail, "expired signs published")

	set, next = must(t)(set.Rotate(at(2*time.Hour), lead, true))
	if next != third {
		t.Errorf("Rotate() has %s sign, want %s", next, third)
	}
	check(2*time.Hour, "verifies signs") // the first is gone
	if strings.Contains(set.String(), first) {
		t.Errorf("Rotate() = %v, want it without %s, which has expired", set, first)
	}

	set, made := must(t)(set.Rotate(at(3*time.Hour), lead, true))
	check(3*time.Hour, "signs published")
	check(3*time.Hour+lead, "verifies signs")
	if keys := set.Keys(); keys[1].ID != made || keys[1].Algorithm != "RS256" || !keys[1].MadeAt.Equal(at(3*time.Hour)) {
		t.Errorf("Rotate(nothing waits) made %+v, want one like the last", keys[1])
	}
	if _, _, err := set.Rotate(at(3*time.Hour), lead, true); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("Rotate(again) = %v, want that it happens already", err)
	}
	set, soon := must(t)(set.Rotate(at(3*time.Hour+time.Minute), 0, true))
	if soon != made {
		t.Errorf("Rotate(sooner) has %s sign, want %s", soon, made)
	}
	check(3*time.Hour+time.Minute, "verifies signs")
}

func TestRetire(t *testing.T) {
	t.Parallel()
	set, first := must(t)(auth.KeySet{}.Create("EdDSA", signedAt, true))
	refuse := func(id string, after time.Duration, atOnce bool, want string) {
		t.Helper()
		if _, err := set.Retire(id, signedAt.Add(after), true, atOnce); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Retire(%s after %v, at once: %v) = %v, want %q", id, after, atOnce, err, want)
		}
	}
	refuse("nobody", 0, true, "there is no key nobody")
	refuse(first, time.Hour, true, "signs")

	set, second := must(t)(set.Create("EdDSA", signedAt, true))
	abandoned, err := set.Retire(second, signedAt, true, false)
	if err != nil || abandoned.String() != first {
		t.Errorf("Retire(what never signed) = %v, %v, want %s alone", abandoned, err, first)
	}
	set, _ = must(t)(set.Rotate(signedAt.Add(time.Hour), lead, true))
	refuse(second, time.Hour, true, "signs")
	refuse(first, time.Hour, false, "are good until 2026-01-31T09:15:10Z")
	for _, atOnce := range []bool{true, false} {
		after := time.Hour
		if !atOnce {
			after += tail
		}
		if left, err := set.Retire(first, signedAt.Add(after), true, atOnce); err != nil || left.String() != second {
			t.Errorf("Retire(first after %v, at once: %v) = %v, %v, want %s alone", after, atOnce, left, err, second)
		}
	}
	if set.String() != first+" "+second {
		t.Errorf("Retire changed the set that it was asked of: %v", set)
	}
}

// TestFirstKeySignsAlone has two keys, neither of which was told to sign: where no secret does, the first does so all the same,
// and is treated like it.
func TestFirstKeySignsAlone(t *testing.T) {
	t.Parallel()
	now := signedAt
	set, first := must(t)(auth.KeySet{}.Create("EdDSA", now, false))
	set, second := must(t)(set.Create("ES256", now, false))
	check := func(alone bool, want string) {
		t.Helper()
		if got := states(set, now, alone); got != want {
			t.Errorf("after %v, alone: %v, the keys are %q, want %q", now.Sub(signedAt), alone, got, want)
		}
	}
	check(true, "signs published")
	check(false, "published published")
	for _, atOnce := range []bool{true, false} {
		if _, err := set.Retire(first, now, true, atOnce); err == nil || !strings.Contains(err.Error(), first+" signs") {
			t.Errorf("Retire(what signs alone, at once: %v) = %v, want that it signs", atOnce, err)
		}
		if left, err := set.Retire(second, now, true, atOnce); err != nil || left.String() != first {
			t.Errorf("Retire(what does not sign, at once: %v) = %v, %v, want %s alone", atOnce, left, err, first)
		}
		if left, err := set.Retire(first, now, false, atOnce); err != nil || left.String() != second {
			t.Errorf("Retire(first beside a secret, at once: %v) = %v, %v, want %s alone", atOnce, left, err, second)
		}
	}
	told, next := must(t)(set.Rotate(now, lead, false))
	if next != first {
		t.Errorf("Rotate(beside a secret) has %s sign, want the first, %s", next, first)
	}
	if _, _, err := told.Rotate(now, lead, true); err == nil || !strings.Contains(err.Error(), first+" signs from") {
		t.Errorf("Rotate(what is about to sign, and does so alone) = %v, want that it happens already", err)
	}

	now = signedAt.Add(time.Hour)
	set, next = must(t)(set.Rotate(now, 2*time.Hour, true)) // it has been published for one of them
	if next != second {
		t.Errorf("Rotate(alone) has %s sign, want the one that does not, %s", next, second)
	}
	check(true, "signs published")
	if _, err := set.Retire(first, now, true, true); err == nil || !strings.Contains(err.Error(), first+" signs") {
		t.Errorf("Retire(what signs until another does) = %v, want that it signs", err)
	}
	now = signedAt.Add(2 * time.Hour)
	check(true, "verifies signs")
	if _, err := set.Retire(first, now, true, false); err == nil || !strings.Contains(err.Error(), "are good until") {
		t.Errorf("Retire(what signed alone) = %v, want that its tokens are good", err)
	}
	set, third := must(t)(set.Rotate(now, 0, true))
	if third == first || third == second {
		t.Errorf("Rotate(alone) has %s sign, which did before", third)
	}
	check(true, "verifies verifies signs")
}

// TestOnlyKeyStays tries to take out the last key where it does not sign: servers would not start without any.
func TestOnlyKeyStays(t *testing.T) {
	t.Parallel()
	waits, name := must(t)(auth.KeySet{}.Create("EdDSA", signedAt, false))
	expired := readKeys(t, edit(t, publishedEdDSA, object{"nbf": 1, "exp": 2}))
	for _, test := range []struct {
		set   auth.KeySet
		name  string
		alone bool
	}{{waits, name, false}, {expired, nameEdDSA, true}, {expired, nameEdDSA, false}} {
		for _, atOnce := range []bool{true, false} {
			left, err := test.set.Retire(test.name, signedAt, test.alone, atOnce)
			if err == nil || !strings.Contains(err.Error(), "is the only key") || left.String() != test.name {
				t.Errorf("Retire(the only key, alone: %v, at once: %v) = %v, %v, want it to stay", test.alone, atOnce, left, err)
			}
		}
	}
}

func TestKeysThatCannotBeMade(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"", "none", "HS256", "eddsa", "RS512"} {
		if _, _, err := (auth.KeySet{}).Create(algorithm, signedAt, true); err == nil {
			t.Errorf("Create(%q) = nil, want an error", algorithm)
		}
	}
	if _, _, err := (auth.KeySet{}).Rotate(signedAt, 0, true); err == nil || !strings.Contains(err.Error(), "keys create") {
		t.Errorf("Rotate(no keys) = %v, want to be told how to make one", err)
	}
}

// TestWhoSigns goes from a secret to a key to another, by the clock alone.
func TestWhoSigns(t *testing.T) {
	t.Parallel()
	now := signedAt
	set, first := must(t)(auth.KeySet{}.Create("EdDSA", now, false))
	set, second := must(t)(set.Create("ES256", now, false))
	set, _ = must(t)(set.Rotate(now, lead, false))
	set, _ = must(t)(set.Rotate(now.Add(2*lead), 0, false))
	with := auth.TokenOptions{
		Secret: secret, Keys: set, Issuer: "https://blog.example.org", Audience: "postern-api", ClientID: "postern-web",
		Now: func() time.Time { return now },
	}
	without := with
	without.Secret = nil
	for _, test := range []struct {
		after         time.Duration
		with, without string // kid, or none
	}{
		{0, "", first},
		{lead - 1, "", first},
		{lead, first, first},
		{2*lead - 1, first, first},
		{2 * lead, second, second},
	} {
		now = signedAt.Add(test.after)
		for o, want := range map[*auth.TokenOptions]string{&with: test.with, &without: test.without} {
			tokens := newTokens(t, *o)
			header, _ := decode(t, sign(t, tokens))
			if got, _ := header["kid"].(string); got != want {
				t.Errorf("after %v, with a secret: %v, %q signs, want %q", test.after, o == &with, got, want)
			}
		}
	}
}

// TestReplicas lets several servers look at one file now and then, each at other times, and at the latest when keys begin to
// sign that it has not seen yet, while keys are made, rotated and retired. None ever refuses a token that another has signed.
func TestReplicas(t *testing.T) {
	t.Parallel()
	const step, replicas, steps = 20 * time.Second, 3, 700
	random := rand.New(rand.NewPCG(1, 2))
	now := signedAt
	file, _ := must(t)(auth.KeySet{}.Create("EdDSA", now, false))
	o := auth.TokenOptions{Secret: secret, Keys: file, Issuer: "i", Audience: "a", ClientID: "c", Now: func() time.Time { return now }}
	var servers [replicas]*auth.Tokens
	var looked [replicas]time.Time
	for i := range servers {
		servers[i], looked[i] = newTokens(t, o), now
	}
	type issued struct {
		token   string
		expires time.Time
	}
	var live []issued
	signers := make(map[string]bool)
	for range steps {
		now = now.Add(step)
		for i, server := range servers {
			if now.Sub(looked[i]) < lead-step && random.IntN(20) > 0 {
				continue
			}
			if err := server.SetKeys(file); err != nil {
				t.Fatal(err)
			}
			looked[i] = now
		}
		file = change(file, now, random)
		token, expires, err := servers[random.IntN(replicas)].Sign(jane, session)
		if err != nil {
			t.Fatal(err)
		}
		header, _ := decode(t, token)
		signers[fmt.Sprint(header["kid"])] = true
		live = append(live, issued{token, expires})
		for !live[0].expires.After(now) {
			live = live[1:]
		}
		for _, one := range []issued{live[0], live[len(live)-1], live[random.IntN(len(live))]} {
			for i, server := range servers {
				if _, err := server.Verify(one.token); err != nil {
					t.Fatalf("at %v server %d refuses a good token: %v", now, i, err)
				}
			}
		}
	}
	if len(signers) < 5 {
		t.Errorf("%d keys have signed, want more for this to show anything", len(signers))
	}
}

// change is what an operator does next, if anything.
func change(set auth.KeySet, now time.Time, random *rand.Rand) auth.KeySet {
	var changed auth.KeySet
	var err error
	switch random.IntN(50) {
	case 0:
		changed, _, err = set.Create("EdDSA", now, true)
	case 1, 2:
		changed, _, err = set.Rotate(now, lead, false)
	case 3, 4:
		changed, err = set.Retire(set.Keys()[0].ID, now, false, false)
	default:
		return set
	}
	if err != nil { // it is refused
		return set
	}
	return changed
}
