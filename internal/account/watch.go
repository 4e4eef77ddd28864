package account

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"postern/internal/auth"
	"postern/internal/id"
)

const (
	// round is how often Run looks whether the sessions of what is open still live.
	round = time.Second

	// batch is how many sessions one statement asks for.
	batch = 512

	// lookTime is how long the store may take to answer, and others to have their answer before.
	lookTime = 5 * time.Second
)

// watch is something that a session has open, as a WebSocket.
type watch struct {
	auth.Claims
	live *auth.Live
	end  context.CancelCauseFunc
}

// watches are all there are, by account: what ends sessions or changes roles, does so to an account.
type watches struct {
	mu     sync.Mutex
	byUser map[id.User]map[*watch]struct{}
	// asking has something in it from asking the store until its answer has taken effect, lest an older one undoes it.
	asking chan struct{}
}

func newWatches() watches {
	return watches{byUser: make(map[id.User]map[*watch]struct{}), asking: make(chan struct{}, 1)}
}

// Watch returns a context for what a caller has open, as a WebSocket. It carries the caller, with the role as it is, and ends
// with the cause auth.SessionEnded once the session has, with auth.TokenExpired once the access token has expired, and with
// ctx. Whoever lets go of it before that calls the function. An anonymous caller's ends with ctx alone.
//
// What this process does to the session takes effect before the call that does it returns; what others do, after a round of
// Run. While the store does not answer, nothing ends but by its token.
func (s *Service) Watch(ctx context.Context, caller auth.Caller) (context.Context, context.CancelFunc) {
	if caller.Viewer == nil {
		return context.WithCancel(auth.NewContext(ctx, caller))
	}
	live := auth.NewLive(caller)
	ctx, end := context.WithCancelCause(auth.NewLiveContext(ctx, live))
	w := &watch{Claims: caller.Viewer.Claims, live: live, end: end}
	s.watches.add(w)
	expiry := time.AfterFunc(w.ExpiresAt.Sub(s.now()), func() { end(auth.TokenExpired) })
	context.AfterFunc(ctx, func() {
		expiry.Stop()
		s.watches.remove(w)
	})
	return ctx, func() { end(nil) }
}

// Run watches, until ctx ends, over what Watch was asked to, and forgets what is over: attempts, tokens of mails, emails that were
// kept, and events that need not be kept any longer. It logs once when the store stops answering.
func (s *Service) Run(ctx context.Context) {
	ticker, forgetting := time.NewTicker(round), time.NewTicker(time.Minute)
	defer ticker.Stop()
	defer forgetting.Stop()
	failed, outdated := false, false
	for {
		select {
		case <-ctx.Done():
			return
		case <-forgetting.C:
			err := s.forget(ctx)
			if err != nil && !failed && ctx.Err() == nil {
				s.log.WarnContext(ctx, "attempts and tokens that are over are kept for another minute", "error", err)
			}
			outdated = s.keepEvents > 0
			continue
		case <-ticker.C:
		}
		err := s.look(ctx, s.watches.all())
		if err != nil && !failed && ctx.Err() == nil {
			s.log.WarnContext(ctx, "what is open stays open: its sessions cannot be looked up", "error", err)
		}
		failed = err != nil
		if outdated && !failed {
			outdated = s.forgetEvents(ctx)
		}
	}
}

// forget forgets some of what is over. Who watches does not wait for that for long.
func (s *Service) forget(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return errors.Join(s.store.ForgetAttempts(ctx, s.now()), s.store.ForgetEmails(ctx, s.now()))
}

// forgetEvents forgets some events that need not be kept any longer, and tells whether there may be more. Each round some: however
// many there are, nobody waits for them.
func (s *Service) forgetEvents(ctx context.Context) (more bool) {
	forgetting, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	more, err := s.store.ForgetEvents(forgetting, s.now().Add(-s.keepEvents))
	if err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "events are kept for another minute", "error", err)
	}
	return more
}

// changed passes on how a change of an account's sessions or role went; if it did, what the account has open changes, too. It is
// looked up anew also if it failed: when a commit breaks off, only the store knows whether it happened.
// That the client is gone does not matter any more, and if the store does not answer, the next round of Run asks again.
func (s *Service) changed(ctx context.Context, user id.User, err error) error {
	s.checks.forget(user)
	if err == nil {
		_ = s.look(context.WithoutCancel(ctx), s.watches.of(user))
	}
	return err
}

// look asks the store which sessions live, ends what is open for the others, and tells the rest which role they have.
func (s *Service) look(ctx context.Context, open []*watch) error {
	bySession := make(map[id.Session][]*watch)
	var sessions []id.Session
	for _, w := range open {
		if bySession[w.SessionID] == nil {
			sessions = append(sessions, w.SessionID)
		}
		bySession[w.SessionID] = append(bySession[w.SessionID], w)
	}
	for some := range slices.Chunk(sessions, batch) {
		if err := s.lookAt(ctx, some, bySession); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) lookAt(ctx context.Context, sessions []id.Session, open map[id.Session][]*watch) error {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	select {
	case s.watches.asking <- struct{}{}:
		defer func() { <-s.watches.asking }()
	case <-ctx.Done():
		return ctx.Err()
	}
	living, err := s.store.LivingSessions(ctx, sessions, s.now())
	if err != nil {
		return err
	}
	for _, session := range sessions {
		role, lives := living[session]
		for _, w := range open[session] {
			if lives {
				w.live.SetRole(role)
			} else {
				w.end(auth.SessionEnded)
			}
		}
	}
	return nil
}

func (ws *watches) add(w *watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.byUser[w.UserID] == nil {
		ws.byUser[w.UserID] = make(map[*watch]struct{})
	}
	ws.byUser[w.UserID][w] = struct{}{}
}

func (ws *watches) remove(w *watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.byUser[w.UserID], w)
	if len(ws.byUser[w.UserID]) == 0 {
		delete(ws.byUser, w.UserID)
	}
}

// of are those of an account.
func (ws *watches) of(user id.User) []*watch {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return slices.Collect(maps.Keys(ws.byUser[user]))
}

// all are those of all accounts.
func (ws *watches) all() (open []*watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, some := range ws.byUser {
		open = slices.AppendSeq(open, maps.Keys(some))
	}
	return open
}
