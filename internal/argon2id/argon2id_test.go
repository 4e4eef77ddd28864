package argon2id_test

import (
	"bytes"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/argon2"

	"postern/internal/argon2id"
)

// TestKey compares keys with those of golang.org/x/crypto/argon2, at the least costs, at odd ones, and at those of passwords, each in
// memory in which others were computed, smaller ones and larger ones.
func TestKey(t *testing.T) {
	t.Parallel()
	var memory argon2id.Memory
	for _, c := range []struct {
		passes, memory uint32
		lanes          uint8
		length         uint32
	}{
		{1, 8, 1, 4},
		{1, 8, 1, 64},
		{3, 8, 1, 65},
		{1, 64, 4, 96},
		{2, 37, 2, 128},
		{4, 1000, 3, 1000},
		{2, 5000, 1, 32},
		{1, 4099, 4, 63},
		{2, 19456, 1, 32},
		{1, 0, 1, 32},
	} {
		for _, password := range []string{"", "correct horse battery staple", strings.Repeat("x", 1000)} {
			salt := []byte("sixteen bytes of")
			want := argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.lanes, c.length)
			for range 2 {
				if got := memory.Key([]byte(password), salt, c.passes, c.memory, c.lanes, c.length); !bytes.Equal(got, want) {
					t.Errorf("%+v, %d bytes: Key = %x, want %x", c, len(password), got, want)
				}
			}
		}
	}
}

// FuzzKey compares keys of any costs.
func FuzzKey(f *testing.F) {
	f.Add([]byte("password"), []byte("salt"), uint8(1), uint16(32), uint8(1), uint8(32))
	f.Add([]byte{}, []byte{}, uint8(3), uint16(511), uint8(4), uint8(200))
	var memory argon2id.Memory
	f.Fuzz(func(t *testing.T, password, salt []byte, passes uint8, kibibytes uint16, lanes, length uint8) {
		passes, kibibytes, lanes, length = max(1, passes%4), kibibytes%4096, max(1, lanes%8), max(4, length)
		want := argon2.IDKey(password, salt, uint32(passes), uint32(kibibytes), lanes, uint32(length))
		if got := memory.Key(password, salt, uint32(passes), uint32(kibibytes), lanes, uint32(length)); !bytes.Equal(got, want) {
			t.Errorf("Key(%q, %q, %d, %d, %d, %d) = %x, want %x", password, salt, passes, kibibytes, lanes, length, got, want)
		}
	})
}

// BenchmarkKey hashes as Postern does, next to the library.
func BenchmarkKey(b *testing.B) {
	var memory argon2id.Memory
	for name, key := range map[string]func(password, salt []byte, passes, memory uint32, lanes uint8, length uint32) []byte{
		"ours": memory.Key, "library": argon2.IDKey,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				key([]byte("password"), []byte("sixteen bytes of"), 2, 19456, 1, 32)
			}
		})
	}
}

// TestMemoryIsUsedAgain: what the first key took is enough for the second.
//
//nolint:paralleltest // it counts what all that runs allocates
func TestMemoryIsUsedAgain(t *testing.T) {
	const kibibytes = 8192
	var memory argon2id.Memory
	allocated := func() uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		memory.Key(nil, nil, 1, kibibytes, 1, 32)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	if first, second := allocated(), allocated(); first < kibibytes<<10 || second > kibibytes<<10/10 {
		t.Errorf("the first key allocated %d bytes, the second one %d", first, second)
	}
}

// TestOthersRunMeanwhile has somebody else want the only processor.
//
//nolint:paralleltest // it has the process have one goroutine run at once
func TestOthersRunMeanwhile(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const kibibytes = 19456
	var memory argon2id.Memory
	var done atomic.Bool
	ran := make(chan int)
	go func() {
		n := 0
		for ; !done.Load(); n++ {
			runtime.Gosched()
		}
		ran <- n
	}()
	memory.Key(nil, nil, 2, kibibytes, 1, 32)
	done.Store(true)
	if n := <-ran; n < 10 { // of some 76 pauses; Go by itself lets it run once or twice
		t.Errorf("another goroutine ran %d times meanwhile", n)
	}
}
