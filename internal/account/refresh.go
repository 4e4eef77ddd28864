package account

import (
	"context"

	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/page"
)

// Authorize is the role of the account whose session an access token belongs to. The error is the reason
// auth.SessionEnded if the session does not live, or that of the look-up.
func (s *Service) Authorize(ctx context.Context, claims auth.Claims) (auth.Role, error) {
	role, err := s.store.SessionRole(ctx, claims.UserID, claims.SessionID, s.now())
	return role, ended(err)
}

// RefreshTokenInput is a refresh token to exchange.
type RefreshTokenInput struct {
	RefreshToken string
}

// RefreshToken exchanges a refresh token for the next, with an access token. The one that was used last still answers its
// successor for a moment; used later, or any older one, it ends the session: somebody else may have it (RFC 9700, section
// 4.14.2). Every failure is the same InvalidToken.
func (s *Service) RefreshToken(ctx context.Context, in RefreshTokenInput) (Login, error) {
	token, ok := parseRefreshToken(in.RefreshToken)
	if !ok {
		return Login{}, badToken()
	}
	for {
		state, err := s.store.SessionState(ctx, hash(token.family))
		if err != nil {
			return Login{}, orBadToken(err)
		}
		now := s.now()
		if !now.Before(state.ExpiresAt) {
			return Login{}, badToken()
		}
		if !token.is(state.Current) {
			return s.repeat(ctx, *state, token)
		}
		rotated, next := state.rotate(token, now)
		// Whoever loses the race for the token finds it used on the next round.
		switch won, err := s.store.Rotate(ctx, &rotated, state.Current); {
		case err != nil:
			return Login{}, err
		case won:
			return s.refreshed(ctx, rotated, next)
		}
	}
}

// repeat answers a refresh token that is not the current one.
func (s *Service) repeat(ctx context.Context, state SessionState, token refreshToken) (Login, error) {
	next, ok := state.repeat(token, s.now())
	if !ok {
		if err := s.store.EndSession(ctx, state.UserID, state.ID); err != nil {
			return Login{}, orBadToken(err)
		}
		return Login{}, badToken()
	}
	return s.refreshed(ctx, state, next)
}

func (s *Service) refreshed(ctx context.Context, state SessionState, next refreshToken) (Login, error) {
	account, err := s.store.Account(ctx, state.UserID)
	if err != nil {
		return Login{}, orBadToken(err)
	}
	return s.login(account, state, next)
}

func badToken() error {
	return fault.New(fault.InvalidToken, "The refresh token is of no use any more: log in again.").At("input", "refreshToken")
}

func orBadToken(err error) error {
	if fault.CodeOf(err) == fault.NotFound {
		return badToken()
	}
	return err
}

// Sessions are the viewer's that live, newest first.
func (s *Service) Sessions(ctx context.Context, viewer auth.Viewer, args page.Args) (page.Page[*Session], error) {
	window, err := args.Window(page.All())
	if err != nil {
		return page.Page[*Session]{}, err
	}
	found, err := s.store.Sessions(ctx, viewer.UserID, s.now(), window)
	return markCurrent(viewer, found), err
}

// CountSessions counts the viewer's that live.
func (s *Service) CountSessions(ctx context.Context, viewer auth.Viewer) (int, error) {
	return s.store.CountSessions(ctx, viewer.UserID, s.now())
}

// SessionsByID are the viewer's with the ids, in no order; the ids of nothing and of others' sessions are left out.
func (s *Service) SessionsByID(ctx context.Context, viewer auth.Viewer, ids []id.Session) ([]*Session, error) {
	found, err := s.store.SessionsByID(ctx, viewer.UserID, s.now(), ids)
	return markCurrent(viewer, page.Page[*Session]{Items: found}).Items, err
}

func markCurrent(viewer auth.Viewer, p page.Page[*Session]) page.Page[*Session] {
	for _, session := range p.Items {
		session.IsCurrent = session.ID == viewer.SessionID
	}
	return p
}

// RevokeSessionInput is which session to end.
type RevokeSessionInput struct {
	SessionID id.Session
}

// RevokeSession ends one of the viewer's sessions. It answers NotFound for any other.
func (s *Service) RevokeSession(ctx context.Context, viewer auth.Viewer, in RevokeSessionInput) (id.Session, error) {
	err := s.store.EndSession(ctx, viewer.UserID, in.SessionID)
	if fault.CodeOf(err) == fault.NotFound {
		err = fault.New(fault.NotFound, "You have no such session.").At("input", "sessionId")
	}
	return in.SessionID, err
}

// RevokeOtherSessions ends all of the viewer's sessions but the one that asks, and returns those that ended.
func (s *Service) RevokeOtherSessions(ctx context.Context, viewer auth.Viewer) ([]id.Session, error) {
	return s.store.EndSessions(ctx, viewer.UserID, viewer.SessionID, s.now())
}

// Logout ends the session that asks.
func (s *Service) Logout(ctx context.Context, viewer auth.Viewer) (id.Session, error) {
	return viewer.SessionID, ended(s.store.EndSession(ctx, viewer.UserID, viewer.SessionID))
}
