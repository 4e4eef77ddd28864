// Package argon2id hashes passwords by Argon2id (RFC 9106, version 1.3) as golang.org/x/crypto/argon2 does, and by its function for blocks,
// but in memory that is used again, and with pauses for others who want the processor.
//
// The library takes memory anew for each password, so that the garbage is collected for every other one of 19 MiB, and computes for
// milliseconds at a time: both keep those waiting who share a processor with who logs in (https://go.dev/issue/36634).
//
// It imports nothing of ours.
package argon2id

import "encoding/binary"

// Version is that of the algorithm.
const Version = 0x13

const (
	kind   = 2   // Argon2id: the first half of the first pass is that of Argon2i
	slices = 4   // in each pass, between which lanes see each other's blocks
	stint  = 512 // blocks, some 0.3 ms, between two pauses
)

// block is 1024 bytes.
type block [128]uint64

// Memory is what keys are computed in, one after the other. It keeps as much as the largest of them took. The zero value is ready.
type Memory struct{ blocks []block }

// Key returns a key of so many bytes, at least 4. The memory is in KiB, at least 8 for each lane; passes and lanes are at least 1.
// Lanes are computed one after the other.
func (m *Memory) Key(password, salt []byte, passes, kibibytes uint32, lanes uint8, length uint32) []byte {
	x := matrix{passes: passes, lanes: uint32(lanes), segment: max(kibibytes/(slices*uint32(lanes)), 2)}
	x.lane = slices * x.segment
	if all := int(x.lane * x.lanes); len(m.blocks) < all {
		m.blocks = make([]block, all)
	}
	x.blocks = m.blocks

	x.begin(seed(password, salt, passes, kibibytes, x.lanes, length))
	for pass := range passes {
		for slice := range uint32(slices) {
			for lane := range x.lanes {
				x.fill(pass, slice, lane)
			}
		}
	}
	return x.end(length)
}

// matrix is the memory (section 3.2): lanes of four segments each.
type matrix struct {
	passes, lanes uint32
	lane, segment uint32 // how many blocks each has
	blocks        []block
	pauses
}

// begin makes the first two blocks of each lane.
func (m *matrix) begin(seed []byte) {
	at := len(seed)
	seed = append(seed, make([]byte, 8)...)
	var bytes [1024]byte
	for lane := range m.lanes {
		binary.LittleEndian.PutUint32(seed[at+4:], lane)
		for i := range uint32(2) {
			binary.LittleEndian.PutUint32(seed[at:], i)
			expand(bytes[:], seed)
			b := &m.blocks[lane*m.lane+i]
			for j := range b {
				b[j] = binary.LittleEndian.Uint64(bytes[8*j:])
			}
		}
	}
}

// fill computes a segment, each block of which is made of the one before it and of another that comes before it, in this pass or the
// last.
func (m *matrix) fill(pass, slice, lane uint32) {
	independent := pass == 0 && slice < slices/2
	a := addresses{input: block{uint64(pass), uint64(lane), uint64(slice), uint64(m.lane * m.lanes), uint64(m.passes), kind}}
	first := uint32(0)
	if pass == 0 && slice == 0 {
		first = 2
	}
	start := lane * m.lane
	for i := first; i < m.segment; i++ {
		if i%stint == 0 {
			m.pause()
		}
		at := slice*m.segment + i
		before := &m.blocks[start+(at+m.lane-1)%m.lane]
		random := before[0]
		if independent {
			random = a.at(i)
		}
		other := &m.blocks[m.reference(random, pass, slice, lane, i)]
		if pass == 0 { // what was there is somebody else's
			processBlock(&m.blocks[start+at], before, other)
		} else {
			processBlockXOR(&m.blocks[start+at], before, other)
		}
	}
}

// reference chooses a block by a random number (section 3.4.2).
func (m *matrix) reference(random uint64, pass, slice, lane, i uint32) uint32 {
	other := uint32(random>>32) % m.lanes
	first, count := uint32(0), slice*m.segment // what is computed of this pass
	if pass > 0 {
		first, count = (slice+1)%slices*m.segment, (slices-1)*m.segment
	} else if slice == 0 {
		other = lane
	}
	switch {
	case other == lane:
		count += i - 1
	case i == 0:
		count--
	}
	x := random & (1<<32 - 1)
	x = x * x >> 32
	x = x * uint64(count) >> 32
	return other*m.lane + uint32((uint64(first)+uint64(count)-1-x)%uint64(m.lane)) //nolint:gosec // less than m.lane
}

// end makes the key of the last blocks of all lanes.
func (m *matrix) end(length uint32) []byte {
	last := m.blocks[m.lane-1]
	for lane := uint32(1); lane < m.lanes; lane++ {
		for i, word := range m.blocks[lane*m.lane+m.lane-1] {
			last[i] ^= word
		}
	}
	var bytes [1024]byte
	for i, word := range last {
		binary.LittleEndian.PutUint64(bytes[8*i:], word)
	}
	key := make([]byte, length)
	expand(key, bytes[:])
	return key
}

// addresses are random numbers that do not depend on the password (section 3.4.1.2).
type addresses struct{ input, output, zero block }

func (a *addresses) at(i uint32) uint64 {
	n := uint64(i)/uint64(len(a.output)) + 1
	if a.input[6] != n {
		a.input[6] = n
		processBlock(&a.output, &a.input, &a.zero)
		processBlock(&a.output, &a.output, &a.zero)
	}
	return a.output[i%uint32(len(a.output))]
}
