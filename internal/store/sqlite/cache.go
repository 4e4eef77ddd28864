package sqlite

import (
	_ "unsafe" // for go:linkname

	"modernc.org/libc"
	engine "modernc.org/sqlite/lib"
)

// pageCaches is what the engine's caches of pages have in common. Were it to get another name, this would be a variable that nobody
// reads, and the caches one again: TestPagesAreNotShared would fail.
//
//go:linkname pageCaches modernc.org/sqlite/lib._pcache1_g
var pageCaches engine.TPCacheGlobal //nolint:gochecknoglobals // the engine's

// init has each connection that is made later keep pages of its own, much as in an SQLite whose builder does not ask for something else.
// The engine's asked for SQLITE_ENABLE_MEMORY_MANAGEMENT, with which there is one cache for all connections, and one lock, which
// each takes twice for each page: on two processors that is a twentieth of what a page of posts takes. What it asked for, to give up
// pages where all of the process's memory is limited (sqlite3_release_memory), nobody uses here. The engine is initialized before, as
// it would undo this when it is.
func init() { //nolint:gochecknoinits // before anybody can open a connection
	tls := libc.NewTLS()
	defer tls.Close()
	engine.Xsqlite3_initialize(tls)
	pageCaches.FseparateCache = 1
}
