package config_test

import (
	"reflect"
	"testing"

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
	for setting, value := range map[string]string{
		"LIMIT_DEPTH": "0", "LIMIT_COST": "-1", "LIMIT_TIME": "0s", "LIMIT_PAGE_SIZE": "0", "LIMIT_BODY": "-5",
	} {
		c := parse(t, func(name string) string {
			if name == setting {
				return value
			}
			return ""
		})
		if err := c.Check(); err == nil || err.Error() != setting+": it must be more than nothing" {
			t.Errorf("Check(%s=%s) = %v, want it to name the setting", setting, value, err)
		}
	}
}
