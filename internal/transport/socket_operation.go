package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// operation is one of a socket's.
type operation struct {
	id           string
	ctx          context.Context //nolint:containedctx // it is the operation's life
	cancel       context.CancelFunc
	ended        chan struct{}
	subscription bool
}

const (
	// maxID is how long the id of an operation may be, in bytes.
	maxID = 128
	// maxKept is how long the payload of a subscription may be, in bytes: it is kept while the subscription is open.
	maxKept = 64 << 10

	codeOperations = "OPERATION_LIMIT" // as many subscriptions are open on this socket as may be, or this one is too long
)

// subscribe begins an operation of any kind, as soon as there is a slot for it.
func (s *socket) subscribe(m message) *closing {
	if m.ID == "" || len(m.ID) > maxID {
		return &closing{codeInvalidMessage, fmt.Sprintf("the id of an operation must have 1 to %d bytes", maxID)}
	}
	op := &operation{id: m.ID, ended: make(chan struct{})}
	op.ctx, op.cancel = context.WithCancel(context.WithoutCancel(s.guest.Context))
	if !s.enlist(op) {
		op.cancel()
		return &closing{codeDuplicateID, "Subscriber for " + m.ID + " already exists"}
	}
	select {
	case s.slots <- struct{}{}:
		walk(&s.running, func() step { return s.begin(op, m.Payload) }, func(step step) step { return s.run(op, step) })
	case <-s.guest.Context.Done(): // it is about to be closed
		op.cancel()
		s.delist(op)
	}
	return nil
}

// enlist puts the operation down by its id, unless another has that.
func (s *socket) enlist(op *operation) (free bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.operations[op.id] != nil {
		return false
	}
	s.operations[op.id] = op
	if s.ending {
		op.cancel()
	}
	return true
}

// complete ends an operation of which the client wants no more, unless it has ended already. What the client asks next finds
// its id and its place free.
func (s *socket) complete(id string) {
	s.mu.Lock()
	op := s.operations[id]
	s.mu.Unlock()
	if op != nil {
		op.cancel()
		<-op.ended
	}
}

// delist makes the operation's id free.
func (s *socket) delist(op *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.operations[op.id] != op {
		return
	}
	delete(s.operations, op.id)
	if op.subscription {
		s.subscriptions--
	}
}

// sweep ends all subscriptions, or all operations, and lets nothing more begin. It tells whether it is the first to do so.
func (s *socket) sweep(all bool) (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, s.ending = !s.ending, true
	if s.pings != nil {
		s.pings.Stop()
	}
	for _, op := range s.operations {
		if all || op.subscription {
			op.cancel()
		}
	}
	return first
}

// run takes a step of an operation, which is over when there is no other one.
func (s *socket) run(op *operation, step step) (next step) {
	if next = s.try(op, step); next == nil {
		s.delist(op)
		op.cancel()
		close(op.ended)
	}
	return next
}

// try takes a step; one that panics is the last.
func (s *socket) try(op *operation, step step) (next step) {
	defer func() {
		if panicked := recover(); panicked != nil {
			s.fail(op, gqlerror.List{recovered(op.ctx, s.exec, panicked)})
			next = nil
		}
	}()
	return step()
}

// begin executes an operation. It has a slot, which a subscription gives back as soon as it does nothing but wait.
func (s *socket) begin(op *operation, payload []byte) step {
	defer func() { <-s.slots }()
	return s.try(op, func() step { return s.execute(op, payload) })
}

func (s *socket) execute(op *operation, payload []byte) step {
	ctx := op.ctx
	params, refused := decode(payload, s.Variables)
	if refused != nil {
		s.fail(op, s.exec.DispatchError(ctx, refused.list()).Errors)
		return nil
	}
	operation, errs := s.exec.CreateOperationContext(ctx, params)
	if errs == nil && operation.Operation.Operation == ast.Subscription {
		errs = s.open(op, len(payload))
	}
	if errs != nil {
		s.fail(op, s.exec.DispatchError(graphql.WithOperationContext(ctx, operation), errs).Errors)
		return nil
	}
	execution := execute(ctx, s.exec, operation)
	next := func() step { return s.follow(op, execution) }
	if !op.subscription {
		return next()
	}
	return next
}

// follow sends the next response of an operation.
func (s *socket) follow(op *operation, execution *execution) step {
	more, err := execution.next(func(response *graphql.Response) error { return s.next(op, response) })
	switch {
	case more:
		return func() step { return s.follow(op, execution) }
	case err == nil:
		s.finish(op, message{ID: op.id, Type: typeComplete})
	}
	return nil
}

// open lets a subscription stay, if there may be one more.
func (s *socket) open(op *operation, length int) gqlerror.List {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case length > maxKept:
		return gqlerror.List{coded(codeOperations, fmt.Sprintf("a subscription may have %d bytes", maxKept))}
	case s.subscriptions >= s.MaxSubscriptions:
		return gqlerror.List{coded(codeOperations, fmt.Sprintf("%d subscriptions may be open on a socket", s.MaxSubscriptions))}
	case s.ending:
		op.cancel()
	}
	op.subscription = true
	s.subscriptions++
	return nil
}

// errOver is that there is no more to send.
var errOver = errors.New("the operation is over")

// next sends a response; one that has no data is the last.
func (s *socket) next(op *operation, response *graphql.Response) error {
	if response.Data == nil {
		s.fail(op, response.Errors)
		return errOver
	}
	if op.ctx.Err() != nil {
		return errOver
	}
	if !s.wait(len(response.Data)) {
		_ = s.conn.CloseNow()
		return errOver
	}
	defer s.wait(-len(response.Data))
	payload, err := appendResponse(nil, response)
	if err != nil {
		return err
	}
	if s.send(message{ID: op.id, Type: typeNext, Payload: payload}) != nil {
		return errOver
	}
	return nil
}

// maxWaiting is how much may wait to be written, in bytes, beside what is being written: a post that is published is as much
// for each subscription, and a client that reads nothing lets all of them wait.
const maxWaiting = 8 << 20

// wait tells whether so much more may wait to be written.
func (s *socket) wait(bytes int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes > 0 && s.waiting > 0 && s.waiting+bytes > maxWaiting {
		return false
	}
	s.waiting += bytes
	return true
}

// fail ends an operation by what went wrong.
func (s *socket) fail(op *operation, errs gqlerror.List) {
	payload, err := json.Marshal(errs)
	if err != nil {
		payload = []byte("[]")
	}
	s.finish(op, message{ID: op.id, Type: typeError, Payload: payload})
}

// finish sends the last message of an operation, whose id is free from then on, unless the client wants no more.
func (s *socket) finish(op *operation, last message) {
	s.delist(op)
	if op.ctx.Err() == nil {
		_ = s.send(last) // if it cannot be, the socket ends
	}
}
