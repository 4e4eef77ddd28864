package fault_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"postern/internal/fault"
)

// wrapped is an error of another type that has a fault for its cause.
type wrapped struct{ cause error }

func (w *wrapped) Error() string { return "wrapped: " + w.cause.Error() }
func (w *wrapped) Unwrap() error { return w.cause }

func TestError(t *testing.T) {
	plain := fault.New(fault.Taken, "Somebody has %q already.", "ada")
	for _, test := range []struct {
		err  *fault.Error
		want string
	}{
		{plain, `TAKEN: Somebody has "ada" already.`},
		{plain.Because(io.EOF), `TAKEN: Somebody has "ada" already.: EOF`},
		{plain.At("input", "handle"), `TAKEN: Somebody has "ada" already.`},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("Error() = %q, want %q", got, test.want)
		}
	}
}

func TestAtAndBecauseLeaveTheErrorAsItWas(t *testing.T) {
	plain := fault.New(fault.Invalid, "no")
	placed := plain.At("input", "name").Because(io.EOF)
	if plain.Path != nil || errors.Is(plain, io.EOF) {
		t.Errorf("after At() and Because() it is %v at %v, want it as it was", plain, plain.Path)
	}
	if !slices.Equal(placed.Path, []string{"input", "name"}) || !errors.Is(placed, io.EOF) || placed.Code != fault.Invalid {
		t.Errorf("At().Because() = %v at %v, want it at input.name because of %v", placed, placed.Path, io.EOF)
	}
	if again := placed.At("elsewhere"); !errors.Is(again, io.EOF) || !slices.Equal(again.Path, []string{"elsewhere"}) {
		t.Errorf("At() again = %v at %v, want it elsewhere, with its cause", again, again.Path)
	}
}

func TestPlace(t *testing.T) {
	if err := fault.Place(nil, "input"); err != nil {
		t.Errorf("Place(nil) = %v, want nil", err)
	}
	if err := fault.Place(io.EOF, "input"); err != io.EOF { //nolint:errorlint // the very error
		t.Errorf("Place(%v) = %v, want it as it is", io.EOF, err)
	}
	plain := fault.New(fault.Invalid, "no")
	for _, err := range []error{plain, fmt.Errorf("wrapped: %w", plain)} {
		faults := fault.All(fault.Place(err, "input", "name"))
		if len(faults) != 1 || faults[0].Code != fault.Invalid || !slices.Equal(faults[0].Path, []string{"input", "name"}) {
			t.Errorf("Place(%v) = %v, want it at input.name", err, faults)
		}
	}
	if plain.Path != nil {
		t.Errorf("after Place() the fault is at %v, want it as it was", plain.Path)
	}
}

func TestCodeOf(t *testing.T) {
	taken, invalid := fault.New(fault.Taken, "taken"), fault.New(fault.Invalid, "invalid")
	for name, test := range map[string]struct {
		err  error
		want fault.Code
	}{
		"nothing":              {nil, fault.Internal},
		"a stranger":           {io.EOF, fault.Internal},
		"a fault":              {taken, fault.Taken},
		"a wrapped fault":      {fmt.Errorf("insert user: %w", taken), fault.Taken},
		"of another type":      {&wrapped{taken}, fault.Taken},
		"a fault with a cause": {taken.Because(invalid), fault.Taken},
		"of a stranger":        {taken.Because(io.EOF), fault.Taken},
		"the first of several": {errors.Join(invalid, taken), fault.Invalid},
		"after a stranger":     {errors.Join(io.EOF, taken), fault.Taken},
	} {
		if got := fault.CodeOf(test.err); got != test.want {
			t.Errorf("CodeOf(%s) = %s, want %s", name, got, test.want)
		}
	}
}

func TestAll(t *testing.T) {
	a, b, c := fault.New(fault.Taken, "a"), fault.New(fault.Invalid, "b"), fault.New(fault.NotFound, "c").Because(io.EOF)
	for name, test := range map[string]struct {
		err  error
		want []*fault.Error
	}{
		"nothing":               {nil, nil},
		"a stranger":            {io.EOF, nil},
		"a fault":               {a, []*fault.Error{a}},
		"a wrapped fault":       {fmt.Errorf("wrapped: %w", a), []*fault.Error{a}},
		"of another type":       {&wrapped{a}, []*fault.Error{a}},
		"several":               {errors.Join(a, b, c), []*fault.Error{a, b, c}},
		"several, one of them":  {errors.Join(nil, b), []*fault.Error{b}},
		"several of several":    {errors.Join(errors.Join(a, b), c), []*fault.Error{a, b, c}},
		"by several verbs":      {fmt.Errorf("%w and %w", a, b), []*fault.Error{a, b}},
		"with a stranger":       {errors.Join(a, io.EOF), nil},
		"with a stranger first": {errors.Join(io.EOF, a), nil},
		"several, wrapped":      {fmt.Errorf("wrapped: %w", errors.Join(a, b)), []*fault.Error{a, b}},
		"wrapped, a stranger":   {fmt.Errorf("wrapped: %w", errors.Join(a, io.EOF)), nil},
		"with a deep stranger":  {errors.Join(a, errors.Join(b, io.EOF)), nil},
	} {
		if got := fault.All(test.err); !slices.Equal(got, test.want) {
			t.Errorf("All(%s) = %v, want %v", name, got, test.want)
		}
	}
}
