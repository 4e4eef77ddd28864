package graph

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"postern/internal/fault"
)

// misplaced finds where null is given, by a variable that may be null but has a default, for what may not be null (GraphQL,
// section 6.4.1): gqlgen panics at @skip, and takes it for nothing elsewhere.
type misplaced struct{ nulls, spread map[string]bool }

func (m misplaced) selection(set ast.SelectionSet) *gqlerror.Error {
	for _, selected := range set {
		var below ast.SelectionSet
		var directives ast.DirectiveList
		switch s := selected.(type) {
		case *ast.Field:
			if err := m.arguments(s.Arguments); err != nil {
				return err
			}
			below, directives = s.SelectionSet, s.Directives
		case *ast.InlineFragment:
			below, directives = s.SelectionSet, s.Directives
		case *ast.FragmentSpread:
			directives = s.Directives
			if !m.spread[s.Name] {
				m.spread[s.Name] = true
				below = s.Definition.SelectionSet
			}
		}
		for _, directive := range directives {
			if err := m.arguments(directive.Arguments); err != nil {
				return err
			}
		}
		if err := m.selection(below); err != nil {
			return err
		}
	}
	return nil
}

func (m misplaced) arguments(arguments ast.ArgumentList) *gqlerror.Error {
	for _, argument := range arguments {
		if err := m.value(argument.Value); err != nil {
			return err
		}
	}
	return nil
}

func (m misplaced) value(value *ast.Value) *gqlerror.Error {
	if value.Kind == ast.Variable && m.nulls[value.Raw] && value.ExpectedType != nil && value.ExpectedType.NonNull {
		path := ast.Path{ast.PathName("variable"), ast.PathName(value.Raw)}
		return gqlerror.WrapPath(path, fault.New(fault.Invalid, "it cannot be null where it is used"))
	}
	for _, child := range value.Children {
		if err := m.value(child.Value); err != nil {
			return err
		}
	}
	return nil
}
