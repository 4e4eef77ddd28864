package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// keyLead is how long a key is published before it signs, unless somebody wants it otherwise: all servers, and whoever keeps
// what they publish, have it by then.
const keyLead = 5 * time.Minute

// KeySet is the keys that sign and verify access tokens, the oldest first. It is a value: what changes it returns another.
//
// Each is published when it is made. From SignsFrom on it signs, unless a later one does; when another takes over, it goes on
// to verify until VerifiesUntil. Where keys are alone, as no secret signs, the first does so even if none was told to.
type KeySet struct {
	keys []Key
}

// KeyState is where a key stands in its life.
type KeyState string

// The states.
const (
	KeyPublished KeyState = "published" // it does not sign yet
	KeySigns     KeyState = "signs"
	KeyVerifies  KeyState = "verifies" // it signed before
	KeyExpired   KeyState = "expired"  // it is of no use any more
)

// errNoKeys says that a file has no JWK Set.
var errNoKeys = errors.New(`it is no JWK Set: {"keys": […]}`)

// parseKeySet reads a private JWK Set (RFC 7517, section 5). Members that nobody knows are ignored, as is due.
func parseKeySet(text []byte) (KeySet, error) {
	var set struct {
		Keys *[]json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(text, &set) != nil || set.Keys == nil { // an error could quote the file
		return KeySet{}, errNoKeys
	}
	var s KeySet
	for i, raw := range *set.Keys {
		var j jwk
		if json.Unmarshal(raw, &j) != nil {
			return KeySet{}, fmt.Errorf("key %d cannot be read", i+1)
		}
		k, err := j.key()
		if err != nil {
			return KeySet{}, fmt.Errorf("key %d cannot be used: %w", i+1, err)
		}
		if _, twice := s.find(k.ID); twice {
			return KeySet{}, fmt.Errorf("key %d cannot be used: another has its kid", i+1)
		}
		s.keys = append(s.keys, k)
	}
	return s, nil
}

// encodeKeys writes keys as a JWK Set.
func encodeKeys(keys []Key, encode func(Key) jwk) ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{make([]jwk, len(keys))}
	for i, k := range keys {
		set.Keys[i] = encode(k)
	}
	text, err := json.MarshalIndent(set, "", "  ")
	return append(text, '\n'), err
}

// Keys are all of them.
func (s KeySet) Keys() []Key { return slices.Clone(s.keys) }

// String is their names: nothing private.
func (s KeySet) String() string {
	names := make([]string, len(s.keys))
	for i, k := range s.keys {
		names[i] = k.ID
	}
	return strings.Join(names, " ")
}

// public are those that others need to verify tokens.
func (s KeySet) public(now time.Time) []Key {
	return slices.DeleteFunc(s.Keys(), func(k Key) bool { return k.expired(now) })
}

func (s KeySet) find(id string) (Key, bool) {
	i := slices.IndexFunc(s.keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return Key{}, false
	}
	return s.keys[i], true
}

func (k Key) expired(now time.Time) bool { return past(k.VerifiesUntil, now) }

// past tells whether it is later than a moment, if there is one.
func past(moment, now time.Time) bool { return !moment.IsZero() && !moment.After(now) }

func (k Key) due(now time.Time) bool { return !k.SignsFrom.IsZero() && !k.SignsFrom.After(now) }

// waits tells whether it neither signs by what it says, nor has ceased to.
func (k Key) waits(now time.Time) bool { return !k.due(now) && k.VerifiesUntil.IsZero() }

// signer is the key that signs: of those that are due, that which became so last. If none is, it is the first there is where keys
// are alone, for nothing else can, and none where a secret does.
func (s KeySet) signer(now time.Time, alone bool) (signer Key, found bool) {
	for _, k := range s.public(now) {
		first := alone && !found
		later := k.due(now) && (!signer.due(now) || !k.SignsFrom.Before(signer.SignsFrom))
		if first || later {
			signer, found = k, true
		}
	}
	return signer, found
}

// State tells where a key of the set stands; alone, no secret signs where it does not.
func (s KeySet) State(k Key, now time.Time, alone bool) KeyState {
	signer, found := s.signer(now, alone)
	switch {
	case k.expired(now):
		return KeyExpired
	case found && k.ID == signer.ID:
		return KeySigns
	case k.waits(now):
		return KeyPublished
	default:
		return KeyVerifies
	}
}

// Create makes a key, and publishes it. It does not sign before Rotate has it do so; but alone, the first of all does so at
// once, if there is no secret that signs, either.
func (s KeySet) Create(algorithm string, now time.Time, alone bool) (KeySet, Key, error) {
	now = now.UTC().Truncate(time.Second)
	k, err := newKey(algorithm, now)
	if err != nil {
		return s, Key{}, err
	}
	if alone && len(s.keys) == 0 {
		k.SignsFrom = now
	}
	return KeySet{append(s.Keys(), k)}, k, nil
}

// Rotate has the next key sign, as soon as it has been published for so long: the first that does not sign yet, or one that is
// made now, of the same algorithm as the last. What signs because it is alone is not the next. Those before it verify until the
// last of their tokens has expired; what has expired already is taken out.
func (s KeySet) Rotate(now time.Time, lead time.Duration, alone bool) (KeySet, Key, error) {
	now = now.UTC().Truncate(time.Second)
	if len(s.keys) == 0 {
		return s, Key{}, errors.New("there is no key yet: postern keys create makes one")
	}
	rotated := KeySet{s.public(now)}
	signer, _ := s.signer(now, alone)
	waits := func(k Key) bool { return k.waits(now) && (k.ID != signer.ID || !k.SignsFrom.IsZero()) }
	if !slices.ContainsFunc(rotated.keys, waits) {
		made, err := newKey(s.keys[len(s.keys)-1].Algorithm, now)
		if err != nil {
			return s, Key{}, err
		}
		rotated.keys = append(rotated.keys, made)
	}
	i := slices.IndexFunc(rotated.keys, waits)
	next := &rotated.keys[i]
	from := now
	if published := next.MadeAt.Add(lead); published.After(now) {
		from = published.Truncate(time.Second)
	}
	if !next.SignsFrom.IsZero() && !from.Before(next.SignsFrom) {
		return s, Key{}, fmt.Errorf("%s signs from %s on already", next.ID, next.SignsFrom.Format(time.RFC3339))
	}
	next.SignsFrom = from
	last := from.Add(max(lead, keyLead)) // by then all servers have noticed, and sign with the next
	for j := range rotated.keys[:i] {
		if before := &rotated.keys[j]; before.VerifiesUntil.IsZero() {
			before.VerifiesUntil = last.Add(AccessTokenLife + 2*leeway)
		}
	}
	return rotated, *next, nil
}

// Retire takes a key out. One whose tokens may still be good goes only at once, and its tokens with it; one that signs, or is
// about to, does not go: another must take over first. Nor does the last, for servers do not start without any.
func (s KeySet) Retire(id string, now time.Time, alone, atOnce bool) (KeySet, error) {
	k, found := s.find(id)
	signer, signs := s.signer(now, alone)
	switch {
	case !found:
		return s, fmt.Errorf("there is no key %s", id)
	case signs && id == signer.ID, !k.SignsFrom.IsZero() && k.VerifiesUntil.IsZero():
		return s, fmt.Errorf("%s signs, or is about to: postern keys rotate lets another take over first, with --lead=0s at once", id)
	case len(s.keys) == 1:
		return s, fmt.Errorf("%s is the only key: postern keys create makes another", id)
	case !k.VerifiesUntil.IsZero() && !k.expired(now) && !atOnce:
		return s, fmt.Errorf("tokens that %s signed are good until %s: retire it then, or with --now, which ends them",
			id, k.VerifiesUntil.Format(time.RFC3339))
	}
	return KeySet{slices.DeleteFunc(s.Keys(), func(k Key) bool { return k.ID == id })}, nil
}
