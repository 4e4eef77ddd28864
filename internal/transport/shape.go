package transport

import (
	"net/http"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Shape is how much JSON of a client's may have at most. It is looked at before it is decoded: an object of eight bytes takes
// some hundred in memory.
type Shape struct {
	Depth int // objects and lists within one another, below the whole
	Items int // of one list, and members of one object
}

// wide is how many values there may be in all, for each item of the longest list: short lists of short lists are many, too.
const wide = 20

const codeVariables = "VARIABLE_LIMIT" // the variables are deeper, or a list or an object in them longer, than they may be

// checkVariables refuses variables as an operation that is not executed.
func (s Shape) checkVariables(value []byte) *refused {
	if problem := s.check(value); problem != nil {
		return &refused{status: http.StatusBadRequest, operation: true, err: coded(codeVariables, "the variables have "+problem.Message)}
	}
	return nil
}

// checkExtensions refuses extensions, for which the specification has no code, as a request that is none.
func (s Shape) checkExtensions(value []byte) *refused {
	if problem := s.check(value); problem != nil {
		return refusal(http.StatusBadRequest, "the extensions have %s", problem.Message)
	}
	return nil
}

// check measures valid JSON. It allocates no more than the depth allows, and nothing where that is little.
func (s Shape) check(value []byte) *gqlerror.Error {
	open := make([]int, 0, 16) // of each list and object around: the items so far
	values := 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '"':
			i = stringEnd(value, i) - 1
			continue
		case '[', '{':
			if open = append(open, 0); len(open) > s.Depth+1 {
				return gqlerror.Errorf("more than %d levels", s.Depth)
			}
			if next := value[skipSpace(value, i+1)]; next == ']' || next == '}' {
				continue
			}
		case ']', '}':
			open = open[:len(open)-1]
			continue
		case ',':
		default:
			continue
		}
		// Here an item begins.
		open[len(open)-1]++
		if open[len(open)-1] > s.Items {
			return gqlerror.Errorf("a list or an object of more than %d items", s.Items)
		}
		if values++; values > wide*s.Items {
			return gqlerror.Errorf("more than %d values", wide*s.Items)
		}
	}
	return nil
}

// stringEnd is what follows the string that begins at i.
func stringEnd(text []byte, i int) int {
	for i++; ; i += len(`\n`) {
		if i += plain(text[i:]); text[i] == '"' {
			return i + 1
		}
	}
}

func skipSpace(text []byte, i int) int {
	for text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r' {
		i++
	}
	return i
}
