package postern

import "errors"

// Check answers what kept a mutation from doing anything, as one error; nil if nothing did.
func Check[P Problem](problems []P) error {
	errs := make([]error, len(problems))
	for i, problem := range problems {
		errs[i] = errors.New(problem.GetMessage())
	}
	return errors.Join(errs...)
}
