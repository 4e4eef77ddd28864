package account

import (
	"context"

	"postern/internal/auth"
	"postern/internal/id"
	"postern/internal/throttle"
)

// DeleteAccountInput is the confirmation to delete an account.
type DeleteAccountInput struct {
	Password string
}

// DeleteAccount deletes the viewer's account with all that is theirs. It answers InvalidCredentials if the password is
// another, and RateLimited faults.
func (s *Service) DeleteAccount(ctx context.Context, viewer auth.Viewer, in DeleteAccountInput) (id.User, error) {
	confirmed, err := s.confirm(ctx, viewer, in.Password, "password", func(auth.Hasher) {})
	if err != nil {
		return id.User{}, err
	}
	return viewer.UserID, ended(s.delete(ctx, confirmed, confirmed.proof(viewer)))
}

// Delete deletes an account with all that is its own. It is for whoever runs the server, as what admin.go has.
func (s *Service) Delete(ctx context.Context, email string) error {
	found, err := s.byEmail(ctx, email)
	if err != nil {
		return err
	}
	return s.delete(ctx, found, nil)
}

// delete leaves nothing of an account but that it went, and when: who did that, and from where, may be its owner.
func (s *Service) delete(ctx context.Context, c *Credentials, proof *Proof) error {
	now := s.now()
	gone := Event{ID: id.NewEvent(now), Kind: AccountDeleted, CreatedAt: now, UserID: &c.ID}
	return s.changed(ctx, c.ID, s.store.DeleteAccount(ctx, c.ID, proof, s.attemptsOf(c), gone))
}

// attemptsOf are the attempts that are counted by what names an account. Those that are counted by an address are not its own.
func (s *Service) attemptsOf(c *Credentials) []throttle.Attempt {
	return append(s.failures(auth.Client{}, c.EmailKey), Publishing(throttle.Limit{}, c.ID), s.exporting(c.ID))
}

// Publishing is an attempt of an account to publish a post. It has its name here because it is forgotten with the account.
func Publishing(limit throttle.Limit, user id.User) throttle.Attempt {
	return limit.Of("post", user.String())
}
