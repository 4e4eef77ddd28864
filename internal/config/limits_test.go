package config_test

import (
	"reflect"
	"testing"
	"time"

	"postern/internal/config"
	"postern/internal/limit"
)

func TestLimitsAreThoseOfTheirPackage(t *testing.T) {
	t.Parallel()
	c := parse(t, func(string) string { return "" })
	if got := limit.Limits(c.Limits); !reflect.DeepEqual(got, limit.Default()) {
		t.Errorf("the limits by default are %+v, want %+v", got, limit.Default())
	}
}

func TestLimitsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	const nothing, negative = "it must be more than nothing", "it must not be negative"
	const anInt = "it must be 2147483647 at most: Query.limits shows it as an Int"
	const late = "it must be 50s at most: the answer, too, must be written within the server's 60s"
	for _, test := range []struct {
		setting, problem string
		change           func(*config.Config)
	}{
		{"LIMIT_DOCUMENT_LENGTH", nothing, func(c *config.Config) { c.Limits.DocumentLength = 0 }},
		{"LIMIT_TOKENS", nothing, func(c *config.Config) { c.Limits.Tokens = 0 }},
		{"LIMIT_DEPTH", nothing, func(c *config.Config) { c.Limits.Depth = 0 }},
		{"LIMIT_INTROSPECTION_DEPTH", nothing, func(c *config.Config) { c.Limits.IntrospectionDepth = -1 }},
		{"LIMIT_INTROSPECTION_DEPTH", nothing, func(c *config.Config) { c.Limits.IntrospectionDepth = 0 }},
		{"LIMIT_ALIASES", negative, func(c *config.Config) { c.Limits.Aliases = -1 }},
		{"LIMIT_ROOT_FIELDS", nothing, func(c *config.Config) { c.Limits.RootFields = 0 }},
		{"LIMIT_MUTATION_ROOT_FIELDS", nothing, func(c *config.Config) { c.Limits.MutationRootFields = 0 }},
		{"LIMIT_DIRECTIVES", negative, func(c *config.Config) { c.Limits.Directives = -5 }},
		{"LIMIT_DIRECTIVES_AT_ONCE", negative, func(c *config.Config) { c.Limits.DirectivesAtOnce = -1 }},
		{"LIMIT_REPEATED_FIELDS", nothing, func(c *config.Config) { c.Limits.RepeatedFields = 0 }},
		{"LIMIT_VARIABLE_DEPTH", nothing, func(c *config.Config) { c.LimitVariableDepth = -1 }},
		{"LIMIT_VARIABLE_DEPTH", nothing, func(c *config.Config) { c.LimitVariableDepth = 0 }},
		{"LIMIT_VARIABLE_ITEMS", nothing, func(c *config.Config) { c.LimitVariableItems = -1 }},
		{"LIMIT_COST", nothing, func(c *config.Config) { c.Limits.Cost = -1 }},
		{"LIMIT_COST", anInt, func(c *config.Config) { c.Limits.Cost = 1 << 31 }},
		{"LIMIT_PAGE_SIZE", nothing, func(c *config.Config) { c.LimitPageSize = 0 }},
		{"LIMIT_BODY", nothing, func(c *config.Config) { c.LimitBody = -5 }},
		{"LIMIT_BODY", anInt, func(c *config.Config) { c.LimitBody = 1 << 31 }},
		{"LIMIT_TIME", nothing, func(c *config.Config) { c.Limits.Time = 0 }},
		{"LIMIT_TIME", late, func(c *config.Config) { c.Limits.Time = 50*time.Second + 1 }},
	} {
		if err := check(test.change); err == nil || err.Error() != test.setting+": "+test.problem {
			t.Errorf("Check(%s) = %v, want %s", test.setting, err, test.problem)
		}
	}
}

func TestLimitsThatJustMakeSense(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*config.Config){
		"none": func(c *config.Config) { c.Limits.Aliases, c.Limits.Directives, c.Limits.DirectivesAtOnce = 0, 0, 0 },
		"one": func(c *config.Config) {
			c.Limits.IntrospectionDepth, c.LimitVariableDepth, c.LimitVariableItems = 1, 1, 1
		},
		"the longest body": func(c *config.Config) { c.LimitBody = 1<<31 - 1 },
		"the longest time": func(c *config.Config) { c.Limits.Time = 50 * time.Second },
	} {
		if err := check(change); err != nil {
			t.Errorf("Check(%s) = %v, want nil", name, err)
		}
	}
}

// TestFirstLimitIsNamed breaks all limits: the first is named, every time.
func TestFirstLimitIsNamed(t *testing.T) {
	t.Parallel()
	for range 20 {
		err := check(func(c *config.Config) { c.Limits = config.Limits{}; c.LimitPageSize, c.LimitBody = 0, 0 })
		if want := "LIMIT_DOCUMENT_LENGTH: it must be more than nothing"; err == nil || err.Error() != want {
			t.Fatalf("Check(no limits) = %v, want %s", err, want)
		}
	}
}
