package config_test

import (
	"reflect"
	"testing"

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

func TestLimitsOfNothing(t *testing.T) {
	t.Parallel()
	for setting, change := range map[string]func(*config.Config){
		"LIMIT_DEPTH":     func(c *config.Config) { c.Limits.Depth = 0 },
		"LIMIT_COST":      func(c *config.Config) { c.Limits.Cost = -1 },
		"LIMIT_TIME":      func(c *config.Config) { c.Limits.Time = 0 },
		"LIMIT_PAGE_SIZE": func(c *config.Config) { c.LimitPageSize = 0 },
		"LIMIT_BODY":      func(c *config.Config) { c.LimitBody = -5 },
	} {
		if err := check(change); err == nil || err.Error() != setting+": it must be more than nothing" {
			t.Errorf("Check(%s) = %v, want it to name the setting", setting, err)
		}
	}
}
