package auth_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"

	"postern/internal/auth"
)

func TestLiveCallerHasTheRoleThatIs(t *testing.T) {
	t.Parallel()
	first := auth.Caller{
		Viewer: &auth.Viewer{Claims: auth.Claims{UserID: jane, SessionID: session}, Role: auth.Author},
		Client: auth.Client{Address: netip.MustParseAddr("203.0.113.9"), UserAgent: "curl/8"},
	}
	live := auth.NewLive(first)
	ctx, cancel := context.WithCancel(auth.NewLiveContext(t.Context(), live))
	defer cancel()
	before := auth.FromContext(ctx)
	if *before.Viewer != *first.Viewer || before.Client != first.Client {
		t.Errorf("FromContext() = %+v, want %+v", before, first)
	}
	for _, role := range []auth.Role{auth.Admin, auth.Reader, auth.Reader} {
		live.SetRole(role)
		got := auth.FromContext(ctx)
		if got.Viewer.Role != role || got.Viewer.Claims != first.Viewer.Claims || got.Client != first.Client {
			t.Errorf("FromContext() after SetRole(%v) = %+v of %+v, want that role and nothing else changed", role, got.Viewer, got.Client)
		}
	}
	if before.Viewer.Role != auth.Author || first.Viewer.Role != auth.Author {
		t.Errorf("whoever asked before has %v, and NewLive's argument %v, want %v", before.Viewer.Role, first.Viewer.Role, auth.Author)
	}
}

func TestNewContextInsideALiveOne(t *testing.T) {
	t.Parallel()
	live := auth.NewLive(auth.Caller{Viewer: &auth.Viewer{Role: auth.Author}})
	inner := auth.NewContext(auth.NewLiveContext(t.Context(), live), auth.Caller{Viewer: &auth.Viewer{Role: auth.Editor}})
	live.SetRole(auth.Reader)
	if got := auth.FromContext(inner).Viewer.Role; got != auth.Editor {
		t.Errorf("FromContext() = %v, want the caller that was put there last", got)
	}
}

func TestLiveIsAskedWhileItChanges(t *testing.T) {
	t.Parallel()
	live := auth.NewLive(auth.Caller{Viewer: &auth.Viewer{Claims: auth.Claims{UserID: jane}, Role: auth.Reader}})
	ctx := auth.NewLiveContext(t.Context(), live)
	var running sync.WaitGroup
	for _, role := range auth.Roles() {
		running.Go(func() {
			for range 1000 {
				live.SetRole(role)
				if viewer := auth.FromContext(ctx).Viewer; viewer.Role < auth.Reader || viewer.UserID != jane {
					t.Errorf("FromContext() = %+v, want Jane in a role that was set", viewer)
				}
			}
		})
	}
	running.Wait()
}
