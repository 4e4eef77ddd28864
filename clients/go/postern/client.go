// Package postern asks a Postern: by functions that genqlient makes of the documents in ../../operations, one for each.
// It stands alone: it imports nothing of the server.
package postern

import (
	"net/http"
	"sync/atomic"

	"github.com/Khan/genqlient/graphql"
)

//go:generate go tool genqlient ../genqlient.yaml

// Client is what the functions of this package are given. Many goroutines may use it.
type Client struct {
	graphql.Client

	accessToken atomic.Value // string
}

// New returns a client of the Postern that answers at url, as http://127.0.0.1:8080/graphql, through a.
func New(url string, a graphql.Doer) *Client {
	c := new(Client)
	c.Client = graphql.NewClient(url, doer{client: c, next: a})
	return c
}

// Use sends an access token with all requests from now on.
func (c *Client) Use(accessToken string) { c.accessToken.Store(accessToken) }

// doer puts the access token into requests.
type doer struct {
	client *Client
	next   graphql.Doer
}

// Do implements graphql.Doer.
func (d doer) Do(request *http.Request) (*http.Response, error) {
	if token, ok := d.client.accessToken.Load().(string); ok {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return d.next.Do(request)
}
