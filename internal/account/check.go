package account

import (
	"sync"
	"time"

	"postern/internal/auth"
	"postern/internal/id"
)

const (
	// checkLife is for how long it is not asked again whether a session lives: so long it may live on after another process
	// has ended it.
	checkLife = 2 * time.Second
	// maxChecks is how many sessions are remembered; then all are forgotten, which costs each a statement.
	maxChecks = 100_000
)

// checks remember for a moment which sessions were found alive, and with which role. What this process changes they forget at
// once.
type checks struct {
	mu      sync.Mutex
	changes uint64 // so far
	found   map[id.User]map[id.Session]check
	size    int // of found, in sessions
}

// check is what was found of a session.
type check struct {
	role auth.Role
	at   time.Time
}

func newChecks() checks { return checks{found: make(map[id.User]map[id.Session]check)} }

// role is the one that was found a moment ago. If it is not ok, the store is to be asked, and keep to be told the answer with
// since.
func (c *checks) role(user id.User, session id.Session, now time.Time) (role auth.Role, since uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.found[user][session]
	age := now.Sub(found.at) // below zero: the clock was set back
	return found.role, c.changes, ok && age >= 0 && age < checkLife
}

// keep remembers what the store answered, unless something has changed since it was asked.
func (c *checks) keep(user id.User, session id.Session, found check, since uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != since {
		return
	}
	if c.size >= maxChecks {
		clear(c.found)
		c.size = 0
	}
	if c.found[user] == nil {
		c.found[user] = make(map[id.Session]check)
	}
	before := len(c.found[user])
	c.found[user][session] = found
	c.size += len(c.found[user]) - before
}

// forget forgets the sessions of an account, and what the store is being asked of any.
func (c *checks) forget(user id.User) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	c.size -= len(c.found[user])
	delete(c.found, user)
}
