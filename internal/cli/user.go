package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/store"
)

type user struct {
	Create   userCreate   `cmd:"" help:"Open an account, in whatever role, whether sign-up is open or not."`
	List     userList     `cmd:"" help:"List all accounts."`
	Role     userRole     `cmd:"" help:"Change what an account may do."`
	Disable  userDisable  `cmd:"" help:"End all sessions of an account, and let it open none."`
	Enable   userEnable   `cmd:"" help:"Undo disable."`
	Password userPassword `cmd:"" help:"Change an account's password, and end all its sessions."`
	Export   userExport   `cmd:"" help:"Print all that is kept of an account, as JSON."`
	Delete   userDelete   `cmd:"" help:"Delete an account with all that is its own. Nothing brings it back."`
}

type userCreate struct {
	Email  string    `arg:"" help:"The address to log in with."`
	Name   string    `required:"" placeholder:"NAME" help:"The name to show."`
	Handle *string   `placeholder:"HANDLE" help:"The name in addresses; made from the name if left out."`
	Role   auth.Role `default:"AUTHOR" placeholder:"ROLE" help:"READER, AUTHOR, EDITOR or ADMIN."`
	Hashed bool      `help:"Read the password's hash instead, as another program stored it: argon2id as a PHC string, or bcrypt."`
}

// Run opens an account.
func (c userCreate) Run(ctx context.Context, in *invocation) error {
	return in.withAccounts(ctx, func(accounts *account.Service) error {
		password, err := in.readPassword(ctx)
		if err != nil {
			return err
		}
		created, err := c.create(ctx, accounts, password)
		if err != nil {
			return err
		}
		in.print("Created %s: %s, %s, %s.", created.Email, created.Name, created.Handle, created.Role)
		return nil
	})
}

func (c userCreate) create(ctx context.Context, accounts *account.Service, password string) (*account.Account, error) {
	if c.Hashed {
		return accounts.Import(ctx, account.ImportInput{
			Email: c.Email, Name: c.Name, Handle: c.Handle, Role: c.Role, PasswordHash: password,
		})
	}
	return accounts.Create(ctx, account.SignupInput{Email: c.Email, Password: password, Name: c.Name, Handle: c.Handle}, c.Role)
}

type userList struct{}

// Run lists the accounts.
func (userList) Run(ctx context.Context, in *invocation) error {
	return in.withAccounts(ctx, func(accounts *account.Service) error {
		all, err := accounts.Accounts(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(in.Stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "EMAIL\tHANDLE\tNAME\tROLE\tSTATE\tSINCE\tID")
		for _, a := range all {
			state := "enabled"
			if a.DisabledAt != nil {
				state = "disabled"
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
				strings.Map(shown, a.Email), a.Handle, strings.Map(shown, a.Name), a.Role, state, a.CreatedAt.Format("2006-01-02"), a.ID)
		}
		return table.Flush()
	})
}

type userRole struct {
	Email string    `arg:"" help:"Whose."`
	Role  auth.Role `arg:"" help:"READER, AUTHOR, EDITOR or ADMIN."`
}

// Run changes a role.
func (c userRole) Run(ctx context.Context, in *invocation) error {
	return in.withAccounts(ctx, func(accounts *account.Service) error {
		if err := accounts.SetRole(ctx, c.Email, c.Role); err != nil {
			return err
		}
		in.print("%s is %s now.", c.Email, c.Role)
		return nil
	})
}

type userDisable struct {
	Email string `arg:"" help:"Whose."`
}

// Run disables an account.
func (c userDisable) Run(ctx context.Context, in *invocation) error {
	return in.withAccounts(ctx, func(accounts *account.Service) error {
		if err := accounts.Disable(ctx, c.Email); err != nil {
			return err
		}
		in.print("%s is disabled; all its sessions have ended.", c.Email)
		return nil
	})
}

type userEnable struct {
	Email string `arg:"" help:"Whose."`
}

// Run enables an account.
func (c userEnable) Run(ctx context.Context, in *invocation) error {
	return in.withAccounts(ctx, func(accounts *account.Service) error {
		if err := accounts.Enable(ctx, c.Email); err != nil {
			return err
		}
		in.print("%s is enabled.", c.Email)
		return nil
	})
}

type userPassword struct {
	Email string `arg:"" help:"Whose."`
}

// Run changes a password.
func (c userPassword) Run(ctx context.Context, in *invocation) error {
	return in.withAccounts(ctx, func(accounts *account.Service) error {
		password, err := in.readPassword(ctx)
		if err != nil {
			return err
		}
		if err := accounts.SetPassword(ctx, c.Email, password); err != nil {
			return err
		}
		in.print("%s has a new password; all its sessions have ended.", c.Email)
		return nil
	})
}

type userExport struct {
	Email string `arg:"" help:"Whose."`
}

// Run prints an export.
func (c userExport) Run(ctx context.Context, in *invocation) error {
	return in.withAccounts(ctx, func(accounts *account.Service) error { return accounts.Export(ctx, c.Email, in.Stdout) })
}

type userDelete struct {
	Email string `arg:"" help:"Whose."`
	Yes   bool   `help:"Ask for no confirmation, as in a script."`
}

// Run deletes an account.
func (c userDelete) Run(ctx context.Context, in *invocation) error {
	if !c.Yes {
		if err := in.confirm(ctx, c.Email); err != nil {
			return err
		}
	}
	return in.withAccounts(ctx, func(accounts *account.Service) error {
		if err := accounts.Delete(ctx, c.Email); err != nil {
			return err
		}
		in.print("%s is deleted, with all that was its own.", c.Email)
		return nil
	})
}

// withAccounts runs fn with the accounts of a database whose schema is up to date. A fault is told by its sentences.
func (in *invocation) withAccounts(ctx context.Context, fn func(*account.Service) error) error {
	err := in.withStore(ctx, func(s *store.Store) error {
		if err := in.ready(ctx, s); err != nil {
			return err
		}
		return fn(in.Accounts(in.config, s))
	})
	faults := fault.All(err)
	if faults == nil {
		return err
	}
	sentences := make([]string, len(faults))
	for i, f := range faults {
		sentences[i] = f.Message
	}
	return errors.New(strings.Join(sentences, " "))
}

// ready migrates the database if that may be done, as a server would.
func (in *invocation) ready(ctx context.Context, s *store.Store) error {
	if in.config.Migrate {
		_, err := s.Migrate(ctx)
		return err
	}
	return s.CheckVersion(ctx)
}
