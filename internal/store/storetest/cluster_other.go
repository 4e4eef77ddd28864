//go:build !unix

package storetest

import (
	"errors"
	"net/url"
)

func startCluster() (*url.URL, func() error, error) {
	return nil, nil, errors.New("this system starts none")
}
