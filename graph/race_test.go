package graph_test

import (
	"fmt"
	"sync"
	"testing"

	"postern/internal/auth"
	"postern/internal/store/storetest"
)

// racers is how many requests race for one thing.
const racers = 50

// TestRaces lets requests race for an email, a handle and a slug: one wins, the others are told that it is taken; and for
// a title, which all may have.
func TestRaces(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		token := s.account(t, "author", auth.Author)
		const signup = `mutation($email: String!, $handle: String!, $password: String!) {
			signup(input: {email: $email, handle: $handle, password: $password, name: "Racer"}) { errors { __typename path } } }`
		const create = `mutation($slug: String) {
			createPost(input: {title: "Race", content: "x", slug: $slug}) { post { slug } errors { __typename path } } }`
		for _, race := range []struct {
			name, query string
			variables   func(racer int) map[string]any
			winners     int
		}{
			{"email", signup, func(i int) map[string]any {
				return map[string]any{"email": "Race@example.org", "handle": fmt.Sprint("racer-", i), "password": password}
			}, 1},
			{"handle", signup, func(i int) map[string]any {
				return map[string]any{"email": fmt.Sprintf("racer-%d@example.org", i), "handle": "race", "password": password}
			}, 1},
			{"slug", create, func(int) map[string]any { return map[string]any{"slug": "the-race"} }, 1},
			{"title", create, func(int) map[string]any { return nil }, racers},
		} {
			t.Run(race.name, func(t *testing.T) {
				answers := make([]answer, racers)
				var group sync.WaitGroup
				for i := range racers {
					group.Go(func() { answers[i] = s.ask(t, token, race.query, race.variables(i)) })
				}
				group.Wait()
				winners, slugs := 0, map[string]bool{}
				for _, a := range answers {
					if len(a.Errors) > 0 {
						t.Errorf("errors = %v, want none at the top level", a.Errors)
					}
					var data map[string]struct {
						Post   struct{ Slug string }
						Errors []userError
					}
					a.into(t, &data)
					for _, payload := range data {
						switch {
						case len(payload.Errors) == 0:
							winners++
							slugs[payload.Post.Slug] = true
						case payload.Errors[0].Typename != "TakenError":
							t.Errorf("errors = %v, want a TakenError", payload.Errors)
						}
					}
				}
				if winners != race.winners {
					t.Errorf("%d won, want %d", winners, race.winners)
				}
				if race.query == create && len(slugs) != race.winners {
					t.Errorf("%d different slugs, want %d", len(slugs), race.winners)
				}
			})
		}
	})
}

// TestLostUpdate lets requests race to change one version of a post: one wins, the others get a ConflictError with the
// post as the winner left it.
func TestLostUpdate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		token := s.account(t, "author", auth.Author)
		var created struct {
			CreatePost struct{ Post struct{ ID string } }
		}
		s.ask(t, token, `mutation { createPost(input: {title: "Race", content: "x"}) { post { id } } }`, nil).into(t, &created)

		type payload struct {
			Post   *struct{ Title string }
			Errors []struct {
				userError
				Current struct {
					Title   string
					Version int
				}
			}
		}
		answers := make([]answer, racers)
		var group sync.WaitGroup
		for i := range racers {
			group.Go(func() {
				answers[i] = s.ask(t, token, `mutation($id: ID!, $title: String!) {
					updatePost(input: {postId: $id, expectedVersion: 1, title: $title}) {
						post { title }
						errors { __typename message ... on ConflictError { current { title version } } } } }`,
					map[string]any{"id": created.CreatePost.Post.ID, "title": fmt.Sprint("Racer ", i)})
			})
		}
		group.Wait()
		winner, currents := "", map[string]int{}
		for _, a := range answers {
			var data struct{ UpdatePost payload }
			a.into(t, &data)
			if data.UpdatePost.Post != nil {
				if winner != "" {
					t.Errorf("%q and %q both won", winner, data.UpdatePost.Post.Title)
				}
				winner = data.UpdatePost.Post.Title
				continue
			}
			e := data.UpdatePost.Errors[0]
			if e.Typename != "ConflictError" || e.Current.Version != 2 {
				t.Errorf("error = %+v, want a ConflictError at version 2", e)
			}
			currents[e.Current.Title]++
		}
		if winner == "" || currents[winner] != racers-1 {
			t.Errorf("%q won, and the others were shown %v", winner, currents)
		}
	})
}
