package id_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"postern/internal/id"
)

func less(a, b uuid.UUID) bool { return bytes.Compare(a[:], b[:]) < 0 }

func TestNewIsAUUIDOfVersion7(t *testing.T) {
	at := time.Date(2026, 3, 14, 15, 9, 26, 535_897_932, time.UTC)
	for name, u := range map[string]uuid.UUID{
		"NewUser": id.NewUser(at).UUID, "NewSession": id.NewSession(at).UUID, "NewPost": id.NewPost(at).UUID,
		"NewEvent": id.NewEvent(at).UUID,
	} {
		if u.Version() != 7 || u.Variant() != uuid.RFC4122 {
			t.Errorf("%s() = %v of version %d and variant %v, want 7 and %v", name, u, u.Version(), u.Variant(), uuid.RFC4122)
		}
		if seconds, nanos := u.Time().UnixTime(); seconds != at.Unix() || nanos != 535_000_000 {
			t.Errorf("%s() = %v of second %d and nanosecond %d, want the millisecond of %v", name, u, seconds, nanos, at)
		}
	}
}

func TestNewIsUnique(t *testing.T) {
	at, seen := time.UnixMicro(0), make(map[id.Post]bool)
	for range 1000 {
		if post := id.NewPost(at); seen[post] {
			t.Fatalf("NewPost() = %v twice", post)
		} else {
			seen[post] = true
		}
	}
}

// TestOrder checks that ids are in the order of the microseconds at which they were made.
func TestOrder(t *testing.T) {
	start := time.Date(2026, 3, 14, 15, 9, 26, 535_000_000, time.UTC)
	var made []uuid.UUID
	for micro := range 2001 {
		made = append(made, id.NewPost(start.Add(time.Duration(micro)*time.Microsecond)).UUID)
	}
	for _, at := range []time.Time{
		start.Add(time.Second),
		start.AddDate(1, 0, 0),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	} {
		made = append(made, id.NewPost(at).UUID)
	}
	for i := range len(made) - 1 {
		if !less(made[i], made[i+1]) {
			t.Errorf("NewPost() number %d = %v, want less than the next, %v", i, made[i], made[i+1])
		}
	}
}

// TestFloorIsExact checks that what was created at T or later, and nothing else, has a greater id than Floor(T).
func TestFloorIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 2026))
	var moments []int64 // in microseconds
	for _, around := range []int64{0, 1000, 1_000_000, time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC).UnixMicro()} {
		for distance := int64(-3); distance <= 3; distance++ {
			moments = append(moments, max(around+distance, 0))
		}
	}
	for range 200 {
		moments = append(moments, random.Int64N(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).UnixMicro()))
	}
	zone := time.FixedZone("", -7*3600)
	for _, created := range moments {
		made := id.NewPost(time.UnixMicro(created).UTC()).UUID
		for _, moment := range append(slices.Clone(moments), created-1, created+1, created-1000, created+1000) {
			floor := id.Floor(time.UnixMicro(moment).In(zone))
			if got, want := less(floor, made), created >= moment; got != want || floor == made {
				t.Errorf("created %d ≥ %d is %t, but id %v > Floor %v is %t", created, moment, want, made, floor, got)
			}
		}
	}
}

func TestFloorBefore1970(t *testing.T) {
	want := id.Floor(time.UnixMicro(0))
	for _, at := range []time.Time{{}, time.UnixMicro(-1), time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC)} {
		if got := id.Floor(at); got != want {
			t.Errorf("Floor(%v) = %v, want that of 1970, %v", at, got, want)
		}
	}
}
