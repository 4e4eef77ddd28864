package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"postern/bench/process"
)

const (
	ada   = `email: "ada@example.org", password: "violet tractor under the moss"`
	login = `mutation { login(input: {` + ada + `}) { tokens { accessToken } errors { message } } }`
	read  = `{ posts(first: 20) { totalCount nodes { slug title author { name } } } }`
)

// populate opens an account, and writes what is read.
func populate(ctx context.Context, server *process.Server) error {
	var data struct {
		Signup     struct{ Tokens struct{ AccessToken string } }
		CreatePost struct{ Post struct{ Title string } }
	}
	if err := server.Must(ctx, "", `mutation { signup(input: {`+ada+`, name: "Ada"}) { tokens { accessToken } } }`, &data); err != nil {
		return err
	}
	for n := range 40 {
		text := strings.Repeat("The Analytical Engine weaves algebraic patterns. ", 40)
		create := fmt.Sprintf(`mutation { createPost(input: {title: "Post %d", content: %q}) { post { title } } }`, n, text)
		if err := server.Must(ctx, data.Signup.Tokens.AccessToken, create, &data); err != nil {
			return err
		}
	}
	return nil
}

func readOnce(ctx context.Context, server *process.Server) error {
	var data struct {
		Posts struct{ Nodes []struct{ Slug string } }
	}
	if err := server.Must(ctx, "", read, &data); err != nil {
		return err
	}
	if len(data.Posts.Nodes) != 20 {
		return fmt.Errorf("%d posts were read, want 20", len(data.Posts.Nodes))
	}
	return nil
}

// highestRate is how many reads a second are answered to readers each of whom reads again at once.
func highestRate(ctx context.Context, server *process.Server, duration time.Duration) (float64, error) {
	const readers = 32
	deadline := time.Now().Add(duration)
	var all sync.WaitGroup
	var answered atomic.Int64
	failed := make(chan error, readers)
	for range readers {
		all.Go(func() {
			for time.Now().Before(deadline) {
				if err := readOnce(ctx, server); err != nil {
					failed <- err
					return
				}
				answered.Add(1)
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
		return float64(answered.Load()) / duration.Seconds(), nil
	}
}

// crowd is all who log in.
type crowd struct {
	in, refused atomic.Int64
	cancel      context.CancelFunc
	all         sync.WaitGroup
	failed      chan error
}

// gather has clients log in, each over and over again, until they leave.
func gather(ctx context.Context, server *process.Server, clients int, pause time.Duration) *crowd {
	ctx, cancel := context.WithCancel(ctx)
	c := &crowd{cancel: cancel, failed: make(chan error, clients)}
	for range clients {
		c.all.Go(func() {
			for ctx.Err() == nil {
				if err := c.login(ctx, server, pause); err != nil && ctx.Err() == nil {
					c.failed <- err
					return
				}
			}
		})
	}
	return c
}

func (c *crowd) login(ctx context.Context, server *process.Server, pause time.Duration) error {
	answer, err := server.Ask(ctx, "", login)
	if err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		if answer.Errors[0].Extensions.Code != "OVERLOADED" {
			return errors.New(answer.Errors[0].Message)
		}
		c.refused.Add(1)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		return nil
	}
	var data struct {
		Login struct{ Tokens *struct{ AccessToken string } }
	}
	if err := json.Unmarshal(answer.Data, &data); err != nil {
		return err
	}
	if data.Login.Tokens == nil {
		return fmt.Errorf("a log-in was answered %s", answer.Data)
	}
	c.in.Add(1)
	return nil
}

// leave has all go, and returns how many got in and how many were refused.
func (c *crowd) leave() (in, refused int64, err error) {
	in, refused = c.in.Load(), c.refused.Load()
	c.cancel()
	c.all.Wait()
	select {
	case err = <-c.failed:
	default:
	}
	return in, refused, err
}
