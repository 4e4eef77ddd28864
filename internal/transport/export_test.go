package transport

// Kept is how many answers are kept, and how many bytes they count as.
func (a *Answers) Kept() (answers, bytes int) { return len(a.cache.kept), a.cache.bytes }
