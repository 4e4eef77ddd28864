// Command example signs up, publishes two posts, edits one of them twice, of which the second time comes too late, and reads
// the feed. It is given the address of a Postern: go run ./example http://127.0.0.1:8080/graphql
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"postern/clients/go/postern"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: example URL")
	}
	client := postern.New(args[0], http.DefaultClient)
	if err := signup(ctx, client, out); err != nil {
		return err
	}
	for _, title := range []string{"One", "Two"} {
		if err := publish(ctx, client, out, title); err != nil {
			return err
		}
	}
	if err := edit(ctx, client, out, "one"); err != nil {
		return err
	}
	return feed(ctx, client, out)
}

func signup(ctx context.Context, client *postern.Client, out io.Writer) error {
	answer, err := postern.Signup(ctx, client, postern.SignupInput{
		Email: "grace@example.org", Password: "amber ladder by the harbour", Name: "Grace",
	})
	if err != nil {
		return err
	}
	if err := postern.Check(answer.Signup.Errors); err != nil {
		return err
	}
	client.Use(answer.Signup.Tokens.AccessToken)
	fmt.Fprintf(out, "signed up as %s\n", answer.Signup.Viewer.User.Handle)
	return nil
}

func publish(ctx context.Context, client *postern.Client, out io.Writer, title string) error {
	answer, err := postern.CreatePost(ctx, client, postern.CreatePostInput{Title: title, Content: "Written in Go."})
	if err != nil {
		return err
	}
	if err := postern.Check(answer.CreatePost.Errors); err != nil {
		return err
	}
	fmt.Fprintf(out, "published /%s\n", answer.CreatePost.Post.Slug)
	return nil
}

// edit saves two edits of what was read once. The second one is told what the post is meanwhile.
func edit(ctx context.Context, client *postern.Client, out io.Writer, slug string) error {
	answer, err := postern.ReadPost(ctx, client, postern.PostLookup{Slug: &slug})
	if err != nil {
		return err
	}
	post := answer.Post
	if post == nil {
		return fmt.Errorf("there is no post %s", slug)
	}
	for _, title := range []string{"First", "Second"} {
		if err := save(ctx, client, out, post, title); err != nil {
			return err
		}
	}
	return nil
}

func save(ctx context.Context, client *postern.Client, out io.Writer, post *postern.PostDetails, title string) error {
	answer, err := postern.UpdatePost(ctx, client, postern.UpdatePostInput{
		PostId: post.Id, ExpectedVersion: &post.Version, Title: &title,
	})
	if err != nil {
		return err
	}
	for _, problem := range answer.UpdatePost.Errors {
		if conflict, ok := problem.(*postern.UpdatePostProblemConflictError); ok {
			now := conflict.Current
			fmt.Fprintf(out, "%s is not saved: version %d is %s\n", title, now.Version, now.Title)
			return nil
		}
	}
	if err := postern.Check(answer.UpdatePost.Errors); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is saved: version %d\n", title, answer.UpdatePost.Post.Version)
	return nil
}

// feed reads all pages; they are small, so that there are some.
func feed(ctx context.Context, client *postern.Client, out io.Writer) error {
	for after := (*string)(nil); ; {
		answer, err := postern.Feed(ctx, client, 1, after, nil)
		if err != nil {
			return err
		}
		for _, edge := range answer.Posts.Edges {
			fmt.Fprintf(out, "%s, by %s\n", edge.Node.Title, edge.Node.Author.Name)
		}
		if !answer.Posts.PageInfo.HasNextPage {
			return nil
		}
		after = answer.Posts.PageInfo.EndCursor
	}
}
