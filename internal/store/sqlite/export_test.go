package sqlite

// Rested is how many connections rest, and how many statements they keep, beside those of holds.
func (p *Pool) Rested() (connections, statements int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.rested {
		for text := range c.stmts {
			if text != `BEGIN` && text != `COMMIT` && text != `PRAGMA journal_mode` {
				statements++
			}
		}
	}
	return len(p.rested), statements
}

// Holding is how many of the connections that rest hold what they see.
func (p *Pool) Holding() (connections int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.rested {
		if c.held {
			connections++
		}
	}
	return connections
}

// EndRound is what the pool does by itself after a while.
func (p *Pool) EndRound() { p.endRound() }

// SharedPages is how many pages those connections may keep that have a cache in common.
func SharedPages() (most uint32, initialized bool) {
	return pageCaches.Fgrp.FnMaxPage, pageCaches.FisInit != 0
}
