// Package classify decides whether an account signs in with a password or
// through SSO, and says why.
//
// It guarantees that the decision depends on nothing but the record and the
// Rules, and that a reason names columns, never values. It leaves to export
// which columns hold the signs.
package classify

import (
	"fmt"
	"strings"

	"breachnotify/pkg/account"
)

// Neither says what becomes of an account that shows neither sign.
type Neither string

// The ways to treat an account without any sign.
const (
	NeitherExclude  Neither = "exclude"
	NeitherPassword Neither = "password"
	NeitherSSO      Neither = "sso"
)

// Rules are the choices of the operator and the names of the columns, which the
// reasons repeat.
type Rules struct {
	Both           account.Class // the class of an account with both signs
	Neither        Neither
	PasswordColumn string // empty: the export has none
	SSOColumn      string // empty: the export has none
}

// Validate returns an error for a choice that does not exist.
func (r Rules) Validate() error {
	if !r.Both.Valid() {
		return fmt.Errorf("classify.both is %q: want password or sso", r.Both)
	}
	switch r.Neither {
	case NeitherExclude, NeitherPassword, NeitherSSO:
		return nil
	}
	return fmt.Errorf("classify.neither is %q: want exclude, password or sso", r.Neither)
}

// Verdict is the class of an account and the reason for it. An account that is to
// be excluded as unclassified has an empty class.
type Verdict struct {
	Class  account.Class
	Reason string
}

// Classify returns the verdict on one record under valid Rules.
func (r Rules) Classify(rec account.Record) Verdict {
	password, sso := UsableHash(rec.Password), hasIdentity(rec.SSO)
	switch {
	case password && sso:
		return Verdict{r.Both, fmt.Sprintf("%s and %s are set; classify.both is %s", r.PasswordColumn, r.SSOColumn, r.Both)}
	case password:
		return Verdict{account.Password, r.PasswordColumn + " is set"}
	case sso:
		return Verdict{account.SSO, r.SSOColumn + " is set"}
	case r.Neither == NeitherExclude:
		return Verdict{"", r.noSign()}
	}
	return Verdict{account.Class(r.Neither), fmt.Sprintf("%s; classify.neither is %s", r.noSign(), r.Neither)}
}

func (r Rules) noSign() string {
	switch {
	case r.PasswordColumn == "" && r.SSOColumn == "":
		return "the export has no column for a password or SSO"
	case r.PasswordColumn == "":
		return r.SSOColumn + " is not set"
	case r.SSOColumn == "":
		return r.PasswordColumn + " is not set"
	}
	return "neither " + r.PasswordColumn + " nor " + r.SSOColumn + " is set"
}

// UsableHash reports whether a stored password lets anybody sign in. Null, blank,
// `*` and `x` (shadow(5)) and whatever begins with `!` (shadow(5); Django's
// unusable passwords) do not.
func UsableHash(stored string) bool {
	stored = strings.TrimSpace(stored)
	return !account.IsNull(stored) && stored != "*" && stored != "x" && !strings.HasPrefix(stored, "!")
}

func hasIdentity(identity string) bool { return !account.IsNull(identity) }
