package limit

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
)

// checkDocument looks at a document's length and shape. It does so before the document is validated, as validation takes
// its time over some: what it visits is bounded by the number of tokens. What does not parse is let pass, to be refused by
// the executor.
func (l Limits) checkDocument(text string) (visited int, err *gqlerror.Error) {
	if len(text) > l.DocumentLength {
		return 0, refuse(CodeLength, nil, "the document has %d bytes; %d are allowed: send long texts as variables", len(text), l.DocumentLength)
	}
	source := &ast.Source{Input: text}
	if err := l.checkTokens(source); err != nil {
		return 0, err
	}
	document, malformed := parser.ParseQuery(source)
	if malformed != nil {
		return 0, nil //nolint:nilerr // the executor says it
	}
	s := shape{limits: l, document: document, fragments: make(map[string]*measured)}
	err = s.check()
	return s.visited, err
}

func (l Limits) checkTokens(source *ast.Source) *gqlerror.Error {
	tokens := lexer.New(source)
	for count := 0; ; count++ {
		token, err := tokens.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			return nil //nolint:nilerr // the executor says it
		}
		if count == l.Tokens {
			return refuse(CodeTokens, nil, "the document has more than %d tokens", l.Tokens)
		}
	}
}

// shape is a document that is being looked at.
type shape struct {
	limits     Limits
	document   *ast.QueryDocument
	fragments  map[string]*measured // what has been looked at
	directives int
	visited    int // nodes, for the tests
}

// measured is how much there is in a selection, with the fragments that it spreads.
type measured struct {
	depth, introspection int
	aliases              int
	open                 bool // it is being looked at: to meet it again is a cycle, which validation refuses
}

func (s *shape) check() *gqlerror.Error {
	for _, operation := range s.document.Operations {
		if err := s.checkDirectives(operation.Directives); err != nil {
			return err
		}
		for _, variable := range operation.VariableDefinitions {
			if err := s.checkDirectives(variable.Directives); err != nil {
				return err
			}
		}
		if err := s.checkOperation(operation); err != nil {
			return err
		}
	}
	// Fragments that nothing spreads are refused by validation, but looked at by it before.
	for _, fragment := range s.document.Fragments {
		if _, err := s.fragment(fragment); err != nil {
			return err
		}
	}
	return nil
}

func (s *shape) checkOperation(operation *ast.OperationDefinition) *gqlerror.Error {
	m, err := s.selection(operation.SelectionSet)
	if err != nil {
		return err
	}
	switch {
	case m.depth > s.limits.Depth:
		return refuse(CodeDepth, operation.Position, "the operation is %d levels deep; %d are allowed", m.depth, s.limits.Depth)
	case m.introspection > s.limits.IntrospectionDepth:
		return refuse(CodeDepth, operation.Position, "the introspection is %d levels deep; %d are allowed", m.introspection, s.limits.IntrospectionDepth)
	case m.aliases > s.limits.Aliases:
		return refuse(CodeAliases, operation.Position, "the operation has %d aliases; %d are allowed", m.aliases, s.limits.Aliases)
	}
	roots := s.rootFields(operation.SelectionSet, make(map[string]bool))
	most := s.limits.RootFields
	if operation.Operation == ast.Mutation {
		most = s.limits.MutationRootFields
		exclusive := slices.DeleteFunc(slices.Clone(roots), func(name string) bool { return !slices.Contains(s.limits.Exclusive, name) })
		if len(exclusive) > 1 {
			return refuse(CodeExclusive, operation.Position, "the operation has %s; only one of them is allowed at once", strings.Join(exclusive, ", "))
		}
	}
	if len(roots) > most {
		return refuse(CodeRootFields, operation.Position, "the operation has %d fields at its root; %d are allowed", len(roots), most)
	}
	return nil
}

// selection measures a selection. Depths count the fields within one another.
func (s *shape) selection(set ast.SelectionSet) (measured, *gqlerror.Error) {
	var total measured
	names := make(map[string]int, len(set))
	for _, selected := range set {
		s.visited++
		var m measured
		var err *gqlerror.Error
		switch selected := selected.(type) {
		case *ast.Field:
			if names[responseName(selected)]++; names[responseName(selected)] > s.limits.RepeatedFields {
				return total, refuse(CodeRepeated, selected.Position, "a field is selected more than %d times at one place", s.limits.RepeatedFields)
			}
			m, err = s.field(selected)
		case *ast.InlineFragment:
			if err = s.checkDirectives(selected.Directives); err == nil {
				m, err = s.selection(selected.SelectionSet)
			}
		case *ast.FragmentSpread:
			if names["..."+selected.Name]++; names["..."+selected.Name] > s.limits.RepeatedFields {
				return total, refuse(CodeRepeated, selected.Position, "a fragment is spread more than %d times at one place", s.limits.RepeatedFields)
			}
			if err = s.checkDirectives(selected.Directives); err == nil {
				m, err = s.fragment(s.document.Fragments.ForName(selected.Name))
			}
		}
		if err != nil {
			return total, err
		}
		total.depth = max(total.depth, m.depth)
		total.introspection = max(total.introspection, m.introspection)
		total.aliases = min(total.aliases+m.aliases, 1<<20) // fragments can double it again and again
	}
	return total, nil
}

func responseName(field *ast.Field) string {
	if field.Alias != "" {
		return field.Alias
	}
	return field.Name
}

func (s *shape) field(field *ast.Field) (measured, *gqlerror.Error) {
	if err := s.checkDirectives(field.Directives); err != nil {
		return measured{}, err
	}
	m, err := s.selection(field.SelectionSet)
	if field.Name == "__schema" || field.Name == "__type" {
		m.introspection, m.depth = max(m.introspection, m.depth)+1, 1
	} else {
		m.depth++
	}
	if field.Alias != "" && field.Alias != field.Name {
		m.aliases++
	}
	return m, err
}

// fragment measures a fragment once, however often it is spread.
func (s *shape) fragment(fragment *ast.FragmentDefinition) (measured, *gqlerror.Error) {
	if fragment == nil {
		return measured{}, nil // validation says it
	}
	if m, known := s.fragments[fragment.Name]; known {
		if m.open {
			return measured{}, nil
		}
		return *m, nil
	}
	m := &measured{open: true}
	s.fragments[fragment.Name] = m
	if err := s.checkDirectives(fragment.Directives); err != nil {
		return *m, err
	}
	found, err := s.selection(fragment.SelectionSet)
	*m = found
	return *m, err
}

func (s *shape) checkDirectives(directives ast.DirectiveList) *gqlerror.Error {
	s.directives += len(directives)
	switch {
	case len(directives) > s.limits.DirectivesAtOnce:
		return refuse(CodeDirectives, directives[0].Position, "there are %d directives at one place; %d are allowed", len(directives), s.limits.DirectivesAtOnce)
	case s.directives > s.limits.Directives:
		return refuse(CodeDirectives, directives[0].Position, "the document has more than %d directives", s.limits.Directives)
	}
	return nil
}

// rootFields are the names of the fields at the root, those of fragments too.
func (s *shape) rootFields(set ast.SelectionSet, spread map[string]bool) []string {
	var names []string
	for _, selected := range set {
		s.visited++
		switch selected := selected.(type) {
		case *ast.Field:
			names = append(names, selected.Name)
		case *ast.InlineFragment:
			names = append(names, s.rootFields(selected.SelectionSet, spread)...)
		case *ast.FragmentSpread:
			fragment := s.document.Fragments.ForName(selected.Name)
			if fragment == nil || spread[selected.Name] {
				continue // spread again, it selects the same
			}
			spread[selected.Name] = true
			names = append(names, s.rootFields(fragment.SelectionSet, spread)...)
		}
	}
	return names
}
