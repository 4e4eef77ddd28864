package store_test

import (
	"testing"

	"postern/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var databases = []struct {
	name string
	url  func(testing.TB) string
}{
	{"sqlite", storetest.SQLiteURL},
	{"postgres", storetest.PostgresURL},
}

func TestContract(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Store { return storetest.Open(t, database.url(t)) })
		})
	}
}
