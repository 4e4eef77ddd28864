package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/internal/store/storetest"
)

// TestReplicas breaks the line of one of three replicas to PostgreSQL, until the others have heard of what it misses.
func TestReplicas(t *testing.T) {
	f := newFleet(t, 2, 2*time.Minute)
	f.whileAllWrite(t, 2, func() {
		cut, others := f.replicas[0], f.replicas[1:]
		cut.line.Cut()
		cut.line.AwaitConnections(2) // it tries, and cannot
		f.announce(t, others[0], others)
		cut.line.Mend()
		f.announce(t, others[0], f.replicas)
	})
	f.check(t)
}

// fleet is three replicas on one PostgreSQL, and all who subscribe to them.
type fleet struct {
	database string
	token    string
	replicas []*replica

	mu           sync.Mutex
	acknowledged []string // the titles of posts
	refused      int
}

// replica is a server in a process of its own, with a line to PostgreSQL that can be broken.
type replica struct {
	*process

	line        *storetest.Proxy
	subscribers []*subscriber
}

// newFleet has so many subscribe to each replica by WebSockets, and as many by event streams. All of them hear, and lose patience
// after a while.
func newFleet(t *testing.T, subscribers int, patience time.Duration) *fleet {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	f := &fleet{database: storetest.PostgresURL(t)}
	for i := range 3 {
		line := storetest.NewProxy(t, f.database)
		r := &replica{line: line, process: startApart(t, environment{
			"DATABASE_URL": line.URL(t), "DATA_DIR": t.TempDir(), "JWT_SECRET": strings.Repeat("s", 32),
			"LIMIT_CONNECTIONS_OF_ADDRESS": "100",
		})}
		for n := range subscribers {
			r.subscribers = append(r.subscribers,
				subscribe(fmt.Sprintf("WebSocket %d of replica %d", n, i), r.overWebSocket(ctx, t, "")),
				subscribe(fmt.Sprintf("event stream %d of replica %d", n, i), r.overEvents(ctx, t, "")))
		}
		f.replicas = append(f.replicas, r)
	}
	f.token = accessToken(t, f.replicas[0].post(t, "", signup))
	for n := 0; f.deaf(); n++ {
		f.publish(t, f.replicas[0], fmt.Sprint(warmUp, n))
	}
	return f
}

// warmUp begins the titles of posts that only show that subscriptions run: the protocols do not say when one has begun.
const warmUp = "Warm-up "

// deaf tells whether somebody is.
func (f *fleet) deaf() bool {
	for _, r := range f.replicas {
		for _, s := range r.subscribers {
			if s.deaf() {
				return true
			}
		}
	}
	return false
}

// publish tells whether a post was acknowledged. One that was not, because of the database, may have been written all the same.
func (f *fleet) publish(t *testing.T, through *replica, title string) bool {
	t.Helper()
	answer, err := through.ask(t.Context(), f.token,
		`mutation { createPost(input: {title: "`+title+`", content: "…"}) { post { title } } }`)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err != nil:
		t.Errorf("createPost: %v", err)
	case answer == `{"data":{"createPost":{"post":{"title":"`+title+`"}}}}`:
		f.acknowledged = append(f.acknowledged, title)
		return true
	case !strings.Contains(answer, "INTERNAL_SERVER_ERROR") && !strings.Contains(answer, "TIME_LIMIT"):
		t.Errorf("createPost = %s", answer)
	}
	f.refused++
	return false
}

// announce publishes a post, however often it takes, and returns once all subscribers of some replicas have heard of it.
func (f *fleet) announce(t *testing.T, through *replica, to []*replica) {
	t.Helper()
	title := fmt.Sprint("Announcement ", time.Now().UnixNano())
	for n := 0; !f.publish(t, through, title); n++ {
		title = fmt.Sprint(title, "!")
	}
	for _, r := range to {
		for _, s := range r.subscribers {
			if err := s.await(title); err != nil {
				t.Fatalf("%s ended before it heard %q: %v", s.name, title, err)
			}
		}
	}
}

// whileAllWrite has so many write through each replica as long as something is done.
func (f *fleet) whileAllWrite(t *testing.T, writers int, do func()) {
	t.Helper()
	done := make(chan struct{})
	var writing sync.WaitGroup
	for i, r := range f.replicas {
		for writer := range writers {
			writing.Go(func() { f.write(t, r, fmt.Sprintf("Writer %d at %d:", writer, i), done) })
		}
	}
	defer writing.Wait()
	defer close(done)
	do()
}

// write writes, not as fast as it can, until it is done.
func (f *fleet) write(t *testing.T, through *replica, name string, done <-chan struct{}) {
	t.Helper()
	pace := time.NewTicker(20 * time.Millisecond)
	defer pace.Stop()
	for n := 0; ; n++ {
		select {
		case <-pace.C:
			f.publish(t, through, fmt.Sprint(name, " ", n))
		case <-done:
			return
		}
	}
}

// check has every replica announce a last post to all, stops them, and compares what was heard with what was published.
func (f *fleet) check(t *testing.T) {
	t.Helper()
	for _, r := range f.replicas {
		f.announce(t, r, f.replicas) // only who listens hears of it: nobody else wakes it any more
	}
	published := f.published(t)
	there := make(map[string]bool)
	for _, title := range published {
		there[title] = true
	}
	for _, title := range f.acknowledged {
		if !there[title] {
			t.Errorf("%q was acknowledged, and is not there", title)
		}
	}
	subscribers := 0
	for i, r := range f.replicas {
		r.end(t)
		if log := r.log.String(); strings.Contains(log, "panic") {
			t.Errorf("replica %d panicked:\n%s", i, log)
		}
		for _, s := range r.subscribers {
			s.check(t, published)
			subscribers++
		}
	}
	t.Logf("%d posts for %d subscribers; %d more were refused", len(published), subscribers, f.refused)
}

// published are the titles of all posts, in the order of their commits.
func (f *fleet) published(t *testing.T) (titles []string) {
	t.Helper()
	db := storetest.Connect(t, f.database)
	var list []byte
	err := db.QueryRowContext(t.Context(), `
		SELECT json_agg(title ORDER BY position) FROM publications JOIN posts ON posts.id = post_id`).Scan(&list)
	if err := errors.Join(err, json.Unmarshal(list, &titles)); err != nil {
		t.Fatal(err)
	}
	return titles
}
