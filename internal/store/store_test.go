package store_test

import (
	"testing"

	"postern/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestContract(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Store { return storetest.Open(t, url(t)) })
		})
	}
}
