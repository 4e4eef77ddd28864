package argon2id

import "time"

// pauses are when others may have the processor, for half of the time at most: who took it for long gets it again after as long.
type pauses struct{ next time.Time }

func (p *pauses) pause() {
	began := time.Now()
	if began.Before(p.next) {
		return
	}
	yield()
	ended := time.Now()
	p.next = ended.Add(ended.Sub(began))
}
