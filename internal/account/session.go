package account

import (
	"context"
	"time"

	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/page"
)

// Session is one log-in on one device, until it expires, is logged out or is revoked.
type Session struct {
	ID         id.Session
	UserAgent  *string
	IPAddress  *string
	CreatedAt  time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time
	IsCurrent  bool // whether it is the one that asks; nothing that is stored
}

// IsNode marks what the schema's node field can answer.
func (Session) IsNode() {}

// AuthTokens are what a client proves by who it is.
type AuthTokens struct {
	AccessToken           string
	AccessTokenExpiresAt  time.Time
	RefreshToken          string
	RefreshTokenExpiresAt time.Time
}

// Login is what comes of signing up, logging in and refreshing.
type Login struct {
	Account *Account
	Tokens  *AuthTokens
}

// How long a session lives: without being used, and at most.
const (
	sessionIdle = 14 * 24 * time.Hour
	sessionLife = 30 * 24 * time.Hour
)

func openSession(user id.User, client auth.Client, now time.Time) (SessionState, refreshToken) {
	token := newRefreshToken()
	session := Session{
		ID:         id.NewSession(now),
		CreatedAt:  now,
		LastUsedAt: now,
		ExpiresAt:  now.Add(sessionIdle),
	}
	session.UserAgent, session.IPAddress = describe(client)
	return SessionState{
		Session:  session,
		UserID:   user,
		Family:   hash(token.family),
		Rotation: Rotation{Current: hash(token.secret), RotatedAt: now},
	}, token
}

// Authorize is the role of the account whose session an access token belongs to. The error is the reason
// auth.SessionEnded if the session does not live, or that of the look-up, which does not go on for ever: whoever asks has no
// other deadline yet. What another process changes takes effect within two seconds, what this one does at once.
func (s *Service) Authorize(ctx context.Context, claims auth.Claims) (auth.Role, error) {
	now := s.now()
	role, since, ok := s.checks.role(claims.UserID, claims.SessionID, now)
	if ok {
		return role, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	role, err := s.store.SessionRole(ctx, claims.UserID, claims.SessionID, now)
	if err == nil {
		s.checks.keep(claims.UserID, claims.SessionID, check{role: role, at: now}, since)
	}
	return role, ended(err)
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
	err := s.changed(ctx, viewer.UserID, s.store.RevokeSession(ctx, viewer.UserID, in.SessionID,
		s.event(ctx, SessionRevoked, viewer.UserID).of(in.SessionID)))
	if fault.CodeOf(err) == fault.NotFound {
		err = fault.New(fault.NotFound, "You have no such session.").At("input", "sessionId")
	}
	return in.SessionID, err
}

// RevokeOtherSessions ends all of the viewer's sessions but the one that asks, and returns those that ended.
func (s *Service) RevokeOtherSessions(ctx context.Context, viewer auth.Viewer) ([]id.Session, error) {
	revoked, err := s.store.EndSessions(ctx, viewer.UserID, viewer.SessionID, s.now(),
		s.event(ctx, OtherSessionsRevoked, viewer.UserID))
	return revoked, s.changed(ctx, viewer.UserID, err)
}

// Logout ends the session that asks.
func (s *Service) Logout(ctx context.Context, viewer auth.Viewer) (id.Session, error) {
	err := s.store.EndSession(ctx, viewer.UserID, viewer.SessionID,
		s.event(ctx, LoggedOut, viewer.UserID).of(viewer.SessionID))
	return viewer.SessionID, ended(s.changed(ctx, viewer.UserID, err))
}
