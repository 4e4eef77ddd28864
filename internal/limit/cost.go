package limit

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// prices are what the schema says that its fields cost.
type prices map[*ast.FieldDefinition]price

// price is what one field costs.
type price struct {
	weight int
	list   *listSize // nil for what is no list
}

// listSize is @listSize.
type listSize struct {
	assumed   int
	arguments []string
	fields    []string // below, that hold the list; none if it is the field itself
}

// readPrices reads @cost and @listSize. Without @cost, a field that has fields costs 1, a leaf nothing.
func readPrices(schema *ast.Schema) prices {
	all := make(prices)
	for _, definition := range schema.Types {
		for _, field := range definition.Fields {
			p := price{}
			if returned := schema.Types[field.Type.Name()]; returned != nil && returned.IsCompositeType() {
				p.weight = 1
			}
			if cost := field.Directives.ForName("cost"); cost != nil {
				p.weight = number(cost.Arguments, "weight")
			}
			if size := field.Directives.ForName("listSize"); size != nil {
				p.list = &listSize{
					assumed:   number(size.Arguments, "assumedSize"),
					arguments: names(size.Arguments, "slicingArguments"),
					fields:    names(size.Arguments, "sizedFields"),
				}
			}
			all[field] = p
		}
	}
	return all
}

func number(arguments ast.ArgumentList, name string) int {
	argument := arguments.ForName(name)
	if argument == nil {
		return 0
	}
	n, _ := strconv.Atoi(argument.Value.Raw) // the schema was validated
	return n
}

func names(arguments ast.ArgumentList, name string) []string {
	argument := arguments.ForName(name)
	if argument == nil {
		return nil
	}
	var all []string
	for _, child := range argument.Value.Children {
		all = append(all, child.Value.Raw)
	}
	return all
}

// estimate computes the cost of one operation.
type estimate struct {
	prices    prices
	document  *ast.QueryDocument
	variables map[string]any
	fragments map[spread]int
	visited   int // nodes, for the tests
}

// spread is a fragment where lists have a certain size: its cost is computed once for each.
type spread struct {
	name string
	list *listSize
	size int
}

// selection is the cost of a selection below a field whose lists have a size.
func (e *estimate) selection(set ast.SelectionSet, list *listSize, size int) int {
	total := 0
	for _, selected := range set {
		e.visited++
		switch selected := selected.(type) {
		case *ast.Field:
			total = plus(total, e.field(selected, list, size))
		case *ast.InlineFragment:
			total = plus(total, e.selection(selected.SelectionSet, list, size))
		case *ast.FragmentSpread:
			total = plus(total, e.fragment(selected.Name, list, size))
		}
	}
	return total
}

func (e *estimate) fragment(name string, list *listSize, size int) int {
	key := spread{name, list, size}
	if cost, known := e.fragments[key]; known {
		return cost
	}
	fragment := e.document.Fragments.ForName(name)
	if fragment == nil {
		return 0
	}
	cost := e.selection(fragment.SelectionSet, list, size)
	e.fragments[key] = cost
	return cost
}

// field is the cost of a field: its weight and that of what is selected in it, as often as the list that holds it is long.
func (e *estimate) field(field *ast.Field, list *listSize, size int) int {
	p := e.prices[field.Definition]
	own := p.list
	if own == nil {
		cost := plus(p.weight, e.selection(field.SelectionSet, nil, 0))
		if list.holds(field.Name) {
			return times(size, cost)
		}
		return cost
	}
	items := e.size(field, own)
	if len(own.fields) == 0 { // the field itself is the list
		return plus(p.weight, times(items, plus(1, e.selection(field.SelectionSet, nil, 0))))
	}
	return plus(p.weight, e.selection(field.SelectionSet, own, items))
}

func (l *listSize) holds(field string) bool {
	return l != nil && slices.Contains(l.fields, field)
}

// size is how many items a list can have: what its slicing arguments say, the greatest of them, or what is assumed.
func (e *estimate) size(field *ast.Field, list *listSize) int {
	size, given := 0, false
	for _, name := range list.arguments {
		argument := field.Arguments.ForName(name)
		if argument == nil {
			continue
		}
		value, err := argument.Value.Value(e.variables)
		if err != nil {
			continue
		}
		if n, ok := count(value); ok {
			size, given = max(size, n), true
		}
	}
	if !given {
		return list.assumed
	}
	return size
}

// count is the number that a value is, or that it has of items.
func count(value any) (int, bool) {
	switch v := value.(type) {
	case int64:
		return int(min(v, math.MaxInt32)), true
	case int:
		return min(v, math.MaxInt32), true
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 32)
		if err != nil {
			return math.MaxInt32, true
		}
		return int(n), true
	case float64: // of a decoder that makes no difference
		return int(min(v, math.MaxInt32)), true
	case []any:
		return len(v), true
	default:
		return 0, false
	}
}

// plus and times stop at the greatest cost there is.
func plus(a, b int) int { return min(a+b, math.MaxInt32) }

func times(a, b int) int {
	if a > 0 && b > math.MaxInt32/a {
		return math.MaxInt32
	}
	return a * b
}
