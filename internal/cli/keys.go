package cli

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"postern/internal/auth"
	"postern/internal/config"
)

type keys struct {
	Create keysCreate `cmd:"" help:"Make a key, and publish it. It signs once rotate says so; the first, without JWT_SECRET, at once."`
	List   keysList   `cmd:"" help:"List all keys."`
	Rotate keysRotate `cmd:"" help:"Have the next key sign, which is made if there is none; the one before verifies until its tokens have expired."`
	Retire keysRetire `cmd:"" help:"Take a key out."`
}

type keysCreate struct {
	Algorithm string `enum:"EdDSA,ES256,RS256" default:"EdDSA" placeholder:"ALG" help:"EdDSA, ES256 or RS256."`
}

// Run makes a key.
func (c keysCreate) Run(in *invocation) error {
	var made auth.Key
	err := in.changeKeys(func(set auth.KeySet) (_ auth.KeySet, err error) {
		set, made, err = set.Create(c.Algorithm, in.Now(), in.keysAlone())
		return set, err
	})
	if err != nil {
		return err
	}
	in.print("Made %s, %s: %s.", made.ID, made.Algorithm, signsFrom(made, "it is published; postern keys rotate has it sign"))
	return nil
}

type keysList struct{}

// Run lists the keys.
func (keysList) Run(in *invocation) error {
	file, err := in.keyFile()
	if err != nil {
		return err
	}
	set, err := file.Read()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(in.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "KID\tALGORITHM\tSTATE\tMADE\tSIGNS FROM\tVERIFIES UNTIL")
	for _, k := range set.Keys() {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n",
			k.ID, k.Algorithm, set.State(k, in.Now(), in.keysAlone()), moment(k.MadeAt), moment(k.SignsFrom), moment(k.VerifiesUntil))
	}
	return table.Flush()
}

type keysRotate struct {
	Lead time.Duration `default:"5m" placeholder:"DURATION" help:"How long a key is published before it signs, so that all servers know it."`
}

// Validate implements kong.Validatable.
func (c keysRotate) Validate() error {
	if c.Lead < 0 {
		return errors.New("--lead: it must not be negative")
	}
	return nil
}

// Run has the next key sign.
func (c keysRotate) Run(in *invocation) error {
	var next auth.Key
	err := in.changeKeys(func(set auth.KeySet) (_ auth.KeySet, err error) {
		set, next, err = set.Rotate(in.Now(), c.Lead, in.keysAlone())
		return set, err
	})
	if err != nil {
		return err
	}
	in.print("%s, %s: %s.", next.ID, next.Algorithm, signsFrom(next, ""))
	return nil
}

type keysRetire struct {
	KID string `arg:"" name:"kid" help:"Which."`
	Now bool   `help:"Even if tokens that it signed are still good: they are refused from now on."`
}

// Run takes a key out.
func (c keysRetire) Run(in *invocation) error {
	err := in.changeKeys(func(set auth.KeySet) (auth.KeySet, error) {
		return set.Retire(c.KID, in.Now(), in.keysAlone(), c.Now)
	})
	if err != nil {
		return err
	}
	in.print("%s is gone.", c.KID)
	return nil
}

func (in *invocation) changeKeys(change func(auth.KeySet) (auth.KeySet, error)) error {
	file, err := in.keyFile()
	if err != nil {
		return err
	}
	return file.Change(change)
}

// keyFile is where the keys are kept.
func (in *invocation) keyFile() (*auth.KeyFile, error) {
	if in.config.JWTKeys == "" {
		return nil, &config.Error{Setting: "JWT_KEYS", Problem: "it must name the file that keys are kept in, as data/keys.json"}
	}
	return auth.NewKeyFile(in.config.JWTKeys), nil
}

// keysAlone tells whether no secret signs while no key is due to.
func (in *invocation) keysAlone() bool { return in.config.JWTSecret == "" }

// signsFrom says when a key signs.
func signsFrom(k auth.Key, otherwise string) string {
	if k.SignsFrom.IsZero() {
		return otherwise
	}
	return "it signs from " + moment(k.SignsFrom) + " on"
}

// moment writes a time, and none as a hyphen.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.RFC3339)
}
