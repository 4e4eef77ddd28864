package sqlite

// Rested is how many connections rest, and how many statements they keep.
func (p *Pool) Rested() (connections, statements int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.rested {
		statements += len(c.stmts)
	}
	return len(p.rested), statements
}
