// Package page describes a part of a list that is ordered newest first by id, as Relay's cursor connections ask for it
// (Relay Cursor Connections Specification, section 4), without knowing what is listed.
//
// It imports nothing of ours but fault.
package page

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"

	"postern/internal/fault"
)

// Default and Max are how many items a page has when nobody says, and at most.
const (
	Default = 20
	Max     = 100
)

// Args are the arguments of a connection; nil is left out. A cursor is an id.
type Args struct {
	First, Last   *int
	After, Before *uuid.UUID
	Max           int // how many items a page may have; 0 is the constant
	// Unflagged is for who does not ask whether there is more before the page and after it: both flags are false.
	Unflagged bool
}

// Span is the part of a list whose ids lie strictly between two others. The whole list is All.
type Span struct {
	Over, Under uuid.UUID
}

// All is the span of every id there can be.
func All() Span { return Span{Over: uuid.Nil, Under: uuid.Max} }

// Window is a part of a list that a store can look up.
type Window struct {
	List  Span // the whole list that is paged
	Span  Span // what of it the cursors leave; it lies within List, but its ends may be crossed
	Limit int  // how many items at most
	// FromEnd takes the oldest items of Span rather than the newest. Their order is newest first all the same.
	FromEnd   bool
	Unflagged bool // nobody asks for the flags, which are false then
}

// Page is a part of a list, newest first. Both flags are exact, if they are asked for: they speak of the list, whatever the cursors were.
type Page[T any] struct {
	Items                []T
	HasPrevious, HasNext bool
}

// Window checks the arguments and turns them into what a store can look up in the given list. It answers an Invalid
// fault for a negative first or last, for more than it may have, and for both together.
func (a Args) Window(list Span) (Window, error) {
	if bytes.Compare(list.Over[:], list.Under[:]) > 0 {
		list.Over = list.Under // it is empty, however far its ends are crossed
	}
	most := cmp.Or(a.Max, Max)
	w := Window{List: list, Span: list, Limit: min(Default, most), Unflagged: a.Unflagged}
	switch {
	case a.First != nil && a.Last != nil:
		return w, fault.New(fault.Invalid, "first and last cannot be given together").At("first")
	case a.First != nil:
		w.Limit = *a.First
	case a.Last != nil:
		w.Limit, w.FromEnd = *a.Last, true
	}
	if w.Limit < 0 || w.Limit > most {
		name := "first"
		if w.FromEnd {
			name = "last"
		}
		return w, fault.New(fault.Invalid, "%s must be between 0 and %d", name, most).At(name)
	}
	if a.After != nil {
		w.Span.Under = list.clamp(*a.After)
	}
	if a.Before != nil {
		w.Span.Over = list.clamp(*a.Before)
	}
	return w, nil
}

// Cut makes a page of what a store found: up to Limit items of Span, newest first, or oldest first if FromEnd; and unless the window is
// Unflagged, one item more, and whether List has anything before Span, and after it.
func Cut[T any](w Window, found []T, before, after bool) Page[T] {
	more := len(found) > w.Limit
	if more {
		found = found[:w.Limit]
	}
	if w.FromEnd {
		slices.Reverse(found)
		return Page[T]{Items: found, HasPrevious: before || more, HasNext: after}
	}
	return Page[T]{Items: found, HasPrevious: before, HasNext: after || more}
}

// clamp is the id, or the end of the span that is nearest to it if it lies outside.
func (s Span) clamp(u uuid.UUID) uuid.UUID {
	switch {
	case bytes.Compare(u[:], s.Over[:]) < 0:
		return s.Over
	case bytes.Compare(u[:], s.Under[:]) > 0:
		return s.Under
	default:
		return u
	}
}
