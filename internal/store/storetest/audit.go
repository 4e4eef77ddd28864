package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"postern/internal/account"
	"postern/internal/id"
	"postern/internal/page"
)

func audits() []clause {
	return []clause{
		{"every page of events is that of a plain slice", eventPages},
		{"events are found by their ids, of their account alone", eventsByID},
		{"the log has all events, in the order of commits, with whose they are", logInOrder},
		{"the log is read by time, by account and by kind", logFiltered},
		{"the newest so many are after a position", logFromTheNewest},
		{"an event that was not committed has no place in the log", failuresUnlogged},
		{"of many who record none gets a position below one that was read", raceForLog},
		{"old events are forgotten, the oldest first, and nothing else", eventsForgotten},
		{"events are forgotten some at a time", eventsForgottenInBatches},
	}
}

func eventPages(s *scene) {
	c, other := s.user(), s.user()
	var all []*account.Event
	for range 6 {
		e := s.event(account.LoggedIn, c.ID)
		all = append(all, &e)
		s.must(s.store.Record(s.ctx, e, s.event(account.LoggedIn, other.ID)))
	}
	slices.Reverse(all)
	cursors := []*uuid.UUID{nil, &all[0].ID.UUID, &all[2].ID.UUID, &all[5].ID.UUID, &other.ID.UUID, {}, &uuid.Max}
	for args := range combinations(cursors) {
		got, err := s.store.EventPage(s.ctx, c.ID, s.window(args, page.All()))
		want := cut(args, all, func(e *account.Event) uuid.UUID { return e.ID.UUID })
		s.returns(fmt.Sprintf("EventPage(%s)", show(args)), plain(got), err, plain(want))
		if s.t.Failed() {
			return
		}
	}
	count, err := s.store.CountEvents(s.ctx, c.ID)
	s.returns("CountEvents()", count, err, len(all))
	count, err = s.store.CountEvents(s.ctx, s.newUser().ID)
	s.returns("CountEvents(nobody's)", count, err, 0)
}

func eventsByID(s *scene) {
	c, other := s.user(), s.user()
	first, last := s.event(account.SignedUp, c.ID), s.event(account.LoggedIn, c.ID)
	others, nobodys := s.event(account.LoggedIn, other.ID), s.event(account.LoginFailed, c.ID)
	nobodys.UserID = nil
	s.must(s.store.Record(s.ctx, first, last, others, nobodys))
	for name, test := range map[string]struct {
		ids  []id.Event
		want []*account.Event
	}{
		"none":               {nil, nil},
		"two":                {[]id.Event{last.ID, first.ID}, []*account.Event{&first, &last}},
		"the same twice":     {[]id.Event{last.ID, last.ID}, []*account.Event{&last}},
		"another's and none": {[]id.Event{others.ID, {}, first.ID, nobodys.ID}, []*account.Event{&first}},
	} {
		got, err := s.store.EventsByID(s.ctx, c.ID, test.ids)
		slices.SortFunc(got, func(a, b *account.Event) int { return a.CreatedAt.Compare(b.CreatedAt) })
		s.returns("EventsByID("+name+")", got, err, test.want)
	}
}

// log is what the audit log has after a position, and the position of the last of it.
func (s *scene) log(f account.EventFilter, after int64, limit int) (events []account.Event, last int64) {
	s.t.Helper()
	found, err := s.store.Log(s.ctx, f, after, limit)
	s.must(err)
	for _, e := range found {
		if e.Position <= after {
			s.t.Errorf("Log(after %d) has the position %d", after, e.Position)
		}
		events, after = append(events, e.Event), e.Position
	}
	return events, after
}

func logInOrder(s *scene) {
	all := account.EventFilter{}
	events, last := s.log(all, 0, 10)
	s.equal("Log() of nothing", events, []account.Event(nil))
	c, gone := s.user(), s.user()
	early := s.event(account.LoggedIn, c.ID) // the order is that of commits, not of ids
	failed, deleted := s.event(account.LoginFailed, c.ID), s.event(account.AccountDeleted, gone.ID)
	failed.UserID, failed.IPAddress = nil, new("203.0.113.9")
	s.must(s.store.Record(s.ctx, failed))
	s.must(s.store.DeleteAccount(s.ctx, gone.ID, nil, nil, deleted))
	s.must(s.store.Record(s.ctx, early))

	found, err := s.store.Log(s.ctx, all, last, 10)
	s.must(err)
	want := []account.LogEntry{{Event: failed}, {Event: deleted}, {Event: early, Handle: &c.Handle, Email: &c.Email}}
	for i := range min(len(found), len(want)) {
		want[i].Position = found[i].Position
	}
	s.equal("Log()", found, want)
	_, first := s.log(all, last, 1)
	events, _ = s.log(all, first, 1)
	s.equal("Log(one after the first)", events, []account.Event{deleted})
	events, _ = s.log(all, found[2].Position, 10)
	s.equal("Log(after the last)", events, []account.Event(nil))
}

func logFiltered(s *scene) {
	c, other := s.user(), s.user()
	in, out, others := s.event(account.LoggedIn, c.ID), s.event(account.LoggedOut, c.ID), s.event(account.LoggedIn, other.ID)
	nobodys := s.event(account.LoginFailed, c.ID)
	nobodys.UserID = nil
	s.must(s.store.Record(s.ctx, in, out, others, nobodys))
	kinds := []account.EventKind{account.LoggedIn, account.LoginFailed, account.RoleChanged}
	for name, test := range map[string]struct {
		filter account.EventFilter
		want   []account.Event
	}{
		"all":            {account.EventFilter{}, []account.Event{in, out, others, nobodys}},
		"since it":       {account.EventFilter{Since: out.CreatedAt}, []account.Event{out, others, nobodys}},
		"since after it": {account.EventFilter{Since: out.CreatedAt.Add(time.Microsecond)}, []account.Event{others, nobodys}},
		"an account":     {account.EventFilter{UserID: c.ID}, []account.Event{in, out}},
		"nobody's":       {account.EventFilter{UserID: s.newUser().ID}, nil},
		"a kind":         {account.EventFilter{Kinds: kinds[:1]}, []account.Event{in, others}},
		"kinds":          {account.EventFilter{Kinds: kinds}, []account.Event{in, others, nobodys}},
		"everything":     {account.EventFilter{Since: in.CreatedAt, UserID: other.ID, Kinds: kinds}, []account.Event{others}},
		"nothing":        {account.EventFilter{Since: nobodys.CreatedAt, UserID: other.ID, Kinds: kinds}, nil},
	} {
		got, _ := s.log(test.filter, 0, 10)
		s.equal("Log("+name+")", got, test.want)
	}
}

func logFromTheNewest(s *scene) {
	c, other := s.user(), s.user()
	var events []account.Event
	for range 3 {
		events = append(events, s.event(account.LoggedIn, c.ID))
		s.must(s.store.Record(s.ctx, events[len(events)-1], s.event(account.LoggedIn, other.ID)))
	}
	filter := account.EventFilter{UserID: c.ID}
	for newest, want := range [][]account.Event{nil, events[2:], events[1:], events, events} {
		from, err := s.store.LogBefore(s.ctx, filter, newest)
		s.must(err)
		got, _ := s.log(filter, from, 10)
		s.equal(fmt.Sprintf("Log(the newest %d)", newest), got, want)
		s.equal(fmt.Sprintf("whether LogBefore(%d) has anything before it", newest), from > 0, newest < len(events))
	}
	from, err := s.store.LogBefore(s.ctx, account.EventFilter{UserID: s.newUser().ID}, 0)
	s.returns("LogBefore(nobody's)", from, err, int64(0))
}

func failuresUnlogged(s *scene) {
	c := s.user()
	there := s.event(account.LoggedIn, c.ID)
	s.must(s.store.Record(s.ctx, there))
	before, err := s.store.LogBefore(s.ctx, account.EventFilter{}, 0)
	s.must(err)
	if err := s.store.Record(s.ctx, s.event(account.LoggedOut, c.ID), there); err == nil {
		s.t.Error("Record(one that is there) = nil, want an error")
	}
	s.notFound("EndSession()", s.store.EndSession(s.ctx, c.ID, id.Session{}, s.event(account.LoggedOut, c.ID)))
	events, _ := s.log(account.EventFilter{}, before, 10)
	s.equal("Log()", events, []account.Event(nil))
}

// raceForLog reads on and on from where it is, while others record: had a commit a lower position than one before, it would never
// be read.
func raceForLog(s *scene) {
	const writers, each = 8, 25
	c := s.user()
	var recorded []account.Event
	var mu sync.Mutex
	written := make(chan []error, 1)
	go func() {
		written <- together(writers, func(int) error {
			for range each {
				both := []account.Event{s.event(account.LoggedIn, c.ID), s.event(account.LoggedOut, c.ID)}
				if err := s.store.Record(s.ctx, both...); err != nil {
					return err
				}
				mu.Lock()
				recorded = append(recorded, both...)
				mu.Unlock()
			}
			return nil
		})
	}()
	times := make(map[id.Event]int)
	done, after := false, int64(0)
	for !done {
		select {
		case errs := <-written:
			s.must(errors.Join(errs...))
			done = true // but what was recorded last is still to be read
		default:
		}
		var events []account.Event
		events, after = s.log(account.EventFilter{}, after, 1000)
		for _, e := range events {
			times[e.ID]++
		}
	}
	for _, e := range recorded {
		if times[e.ID] != 1 {
			s.t.Errorf("%s was read %d times, want once", e.ID, times[e.ID])
		}
	}
	s.equal("the number of events that were read", len(times), 2*writers*each)
}

func eventsForgotten(s *scene) {
	c := s.user()
	session := s.session(c)
	old, now, young := s.event(account.LoggedIn, c.ID), s.event(account.LoggedOut, c.ID), s.event(account.LoggedIn, c.ID)
	nobodys := s.event(account.LoginFailed, c.ID)
	nobodys.UserID = nil
	s.must(s.store.Record(s.ctx, now, young, old, nobodys))
	more, err := s.store.ForgetEvents(s.ctx, now.CreatedAt)
	s.returns("ForgetEvents()", more, err, false)
	events, last := s.log(account.EventFilter{}, 0, 10)
	s.equal("Log()", events, []account.Event{now, young, nobodys})
	s.living(c.ID, session)

	more, err = s.store.ForgetEvents(s.ctx, nobodys.CreatedAt.Add(time.Microsecond))
	s.returns("ForgetEvents(all)", more, err, false)
	late := s.event(account.LoggedIn, c.ID)
	s.must(s.store.Record(s.ctx, late))
	events, _ = s.log(account.EventFilter{}, last, 10)
	s.equal("Log(after what is gone)", events, []account.Event{late})
}

func eventsForgottenInBatches(s *scene) {
	const most, batches = 1000, 3
	c := s.user()
	var events []account.Event
	for range most*batches - 1 {
		events = append(events, s.event(account.LoggedIn, c.ID))
	}
	s.must(s.store.Record(s.ctx, events...))
	_, late := s.next()
	for batch := 1; batch <= batches; batch++ {
		more, err := s.store.ForgetEvents(s.ctx, late)
		s.returns("ForgetEvents()", more, err, batch < batches)
		left, _ := s.log(account.EventFilter{}, 0, len(events))
		s.equal("the number of events that are left", len(left), len(events)-min(batch*most, len(events)))
		if len(left) > 0 {
			s.equal("the oldest of them", left[0], events[batch*most])
		}
	}
}
