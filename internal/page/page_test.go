package page_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"

	"postern/internal/fault"
	"postern/internal/page"
)

// at is the nth of some ids in order.
func at(n byte) uuid.UUID { return uuid.UUID{0: n} }

func TestWindow(t *testing.T) {
	all, some := page.All(), page.Span{Over: at(10), Under: at(20)}
	for name, test := range map[string]struct {
		args page.Args
		list page.Span
		want page.Window
	}{
		"nothing":          {page.Args{}, all, page.Window{List: all, Span: all, Limit: page.Default}},
		"first none":       {page.Args{First: new(0)}, all, page.Window{List: all, Span: all}},
		"first":            {page.Args{First: new(7)}, all, page.Window{List: all, Span: all, Limit: 7}},
		"first at most":    {page.Args{First: new(page.Max)}, all, page.Window{List: all, Span: all, Limit: page.Max}},
		"last none":        {page.Args{Last: new(0)}, all, page.Window{List: all, Span: all, FromEnd: true}},
		"last":             {page.Args{Last: new(7)}, all, page.Window{List: all, Span: all, Limit: 7, FromEnd: true}},
		"last at most":     {page.Args{Last: new(page.Max)}, all, page.Window{List: all, Span: all, Limit: page.Max, FromEnd: true}},
		"after":            {page.Args{After: new(at(15))}, all, page.Window{List: all, Span: page.Span{Over: all.Over, Under: at(15)}, Limit: page.Default}},
		"before":           {page.Args{Before: new(at(15))}, all, page.Window{List: all, Span: page.Span{Over: at(15), Under: all.Under}, Limit: page.Default}},
		"both":             {page.Args{After: new(at(18)), Before: new(at(12))}, some, page.Window{List: some, Span: page.Span{Over: at(12), Under: at(18)}, Limit: page.Default}},
		"crossed":          {page.Args{After: new(at(12)), Before: new(at(18))}, some, page.Window{List: some, Span: page.Span{Over: at(18), Under: at(12)}, Limit: page.Default}},
		"outside the list": {page.Args{After: new(at(21)), Before: new(at(9))}, some, page.Window{List: some, Span: some, Limit: page.Default}},
		"past the list":    {page.Args{After: new(at(9))}, some, page.Window{List: some, Span: page.Span{Over: at(10), Under: at(10)}, Limit: page.Default}},
		"before the list":  {page.Args{Before: new(at(21))}, some, page.Window{List: some, Span: page.Span{Over: at(20), Under: at(20)}, Limit: page.Default}},
		"unflagged":        {page.Args{Unflagged: true}, all, page.Window{List: all, Span: all, Limit: page.Default, Unflagged: true}},
		"an empty list": {
			page.Args{After: new(at(11)), Before: new(at(9))},
			page.Span{Over: at(20), Under: at(10)},
			page.Window{List: page.Span{Over: at(10), Under: at(10)}, Span: page.Span{Over: at(10), Under: at(10)}, Limit: page.Default},
		},
		"last before": {page.Args{Last: new(2), Before: new(at(15))}, some, page.Window{List: some, Span: page.Span{Over: at(15), Under: at(20)}, Limit: 2, FromEnd: true}},
	} {
		got, err := test.args.Window(test.list)
		if err != nil || got != test.want {
			t.Errorf("Window(%s) = %+v, %v, want %+v", name, got, err, test.want)
		}
	}
}

func TestWindowOfBadArguments(t *testing.T) {
	for name, test := range map[string]struct {
		args page.Args
		path string
	}{
		"negative first":    {page.Args{First: new(-1)}, "first"},
		"too high a first":  {page.Args{First: new(page.Max + 1)}, "first"},
		"negative last":     {page.Args{Last: new(-1)}, "last"},
		"too high a last":   {page.Args{Last: new(page.Max + 1)}, "last"},
		"both":              {page.Args{First: new(1), Last: new(1)}, "first"},
		"both, and neither": {page.Args{First: new(-1), Last: new(0)}, "first"},
	} {
		_, err := test.args.Window(page.All())
		faults := fault.All(err)
		if len(faults) != 1 || faults[0].Code != fault.Invalid || !slices.Equal(faults[0].Path, []string{test.path}) {
			t.Errorf("Window(%s) = %v, want %s at %s", name, err, fault.Invalid, test.path)
		}
	}
}

func TestCut(t *testing.T) {
	type window = page.Window
	for name, test := range map[string]struct {
		w             page.Window
		found         []int
		before, after bool
		want          page.Page[int]
	}{
		"all":                    {window{Limit: 3}, []int{9, 8}, false, false, page.Page[int]{Items: []int{9, 8}}},
		"just as many":           {window{Limit: 2}, []int{9, 8}, false, false, page.Page[int]{Items: []int{9, 8}}},
		"more":                   {window{Limit: 2}, []int{9, 8, 7}, false, false, page.Page[int]{Items: []int{9, 8}, HasNext: true}},
		"in the middle":          {window{Limit: 2}, []int{9, 8}, true, true, page.Page[int]{Items: []int{9, 8}, HasPrevious: true, HasNext: true}},
		"more after a cursor":    {window{Limit: 1}, []int{9, 8}, true, false, page.Page[int]{Items: []int{9}, HasPrevious: true, HasNext: true}},
		"from the end":           {window{Limit: 3, FromEnd: true}, []int{1, 2}, false, false, page.Page[int]{Items: []int{2, 1}}},
		"more from the end":      {window{Limit: 2, FromEnd: true}, []int{1, 2, 3}, false, false, page.Page[int]{Items: []int{2, 1}, HasPrevious: true}},
		"more before a cursor":   {window{Limit: 1, FromEnd: true}, []int{1, 2}, false, true, page.Page[int]{Items: []int{1}, HasPrevious: true, HasNext: true}},
		"nothing":                {window{Limit: 3}, nil, false, false, page.Page[int]{}},
		"nothing after":          {window{Limit: 3}, nil, true, false, page.Page[int]{HasPrevious: true}},
		"none of some":           {window{}, []int{9}, false, false, page.Page[int]{Items: []int{}, HasNext: true}},
		"none of some, from end": {window{FromEnd: true}, []int{1}, false, false, page.Page[int]{Items: []int{}, HasPrevious: true}},
	} {
		if got := page.Cut(test.w, test.found, test.before, test.after); !reflect.DeepEqual(got, test.want) {
			t.Errorf("Cut(%s) = %+v, want %+v", name, got, test.want)
		}
	}
}
