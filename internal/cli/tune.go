package cli

// Tune sets up Go's runtime as a server wants it, unless the environment says how (GOGC, GOMEMLIMIT). What it returns has to be kept
// alive for as long as the program runs.
//
// The garbage is collected as if there were more in use than there is: whoever uses little has it collected far too often by the
// proportion that Go goes by, and whoever uses much would take far too much memory by any other. No page of it is ever touched, and so
// it takes none.
func Tune(getenv func(string) string) (keep []byte) {
	const ballast = 8 << 20
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return nil
	}
	return make([]byte, ballast)
}
