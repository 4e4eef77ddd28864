package argon2id

import (
	_ "unsafe" // for go:linkname

	_ "golang.org/x/crypto/argon2" // the functions are its
)

// processBlock computes the compression function G of two blocks (RFC 9106, section 3.5), which is nearly all that Argon2 does and which
// the library has in assembly. It does not export it: a version of it that has it no longer, or otherwise, does not build, or fails
// the tests, which compare keys with the library's.
//
//go:linkname processBlock golang.org/x/crypto/argon2.processBlock
//go:noescape
func processBlock(out, in1, in2 *block)

// processBlockXOR does the same, and adds what out had.
//
//go:linkname processBlockXOR golang.org/x/crypto/argon2.processBlockXOR
//go:noescape
func processBlockXOR(out, in1, in2 *block)
