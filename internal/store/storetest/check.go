package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"postern/internal/fault"
)

// must stops the test if what it needs went wrong.
func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// equal checks what a call returned.
func (s *scene) equal(call string, got, want any) {
	s.t.Helper()
	if !reflect.DeepEqual(got, want) {
		s.t.Errorf("%s = %s, want %s", call, show(got), show(want))
	}
}

// returns checks what a call returned that should succeed.
func (s *scene) returns(call string, got any, err error, want any) {
	s.t.Helper()
	if err != nil {
		s.t.Errorf("%s: %v", call, err)
		return
	}
	s.equal(call, got, want)
}

// notFound checks that a call answered a NotFound fault.
func (s *scene) notFound(call string, err error) {
	s.t.Helper()
	if err == nil || fault.CodeOf(err) != fault.NotFound {
		s.t.Errorf("%s: error = %v, want %s", call, err, fault.NotFound)
	}
}

// taken checks that a call answered Taken faults at these fields of the input, and nothing else.
func (s *scene) taken(call string, err error, fields ...string) {
	s.t.Helper()
	var got []string
	for _, f := range fault.All(err) {
		got = append(got, fmt.Sprint(f.Code, " at ", strings.Join(f.Path, ".")))
	}
	var want []string
	for _, field := range fields {
		want = append(want, fmt.Sprint(fault.Taken, " at input.", field))
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("%s: error = %v, want %v", call, err, want)
	}
}

// show writes a value for a person: fmt shows no more of a pointer than its address.
func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%+v", v)
	}
	if len(text) > 1000 {
		return strings.ToValidUTF8(string(text[:1000]), "") + "…"
	}
	return string(text)
}
