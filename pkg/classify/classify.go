// Package classify decides whether an account signs in with a password or
// through SSO, and says why.
//
// It guarantees that the decision depends on nothing but the record and the
// Rules, and that a reason names columns or signs, never values. It leaves to export
// which columns hold the signs.
package classify

import (
	"errors"
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

// Signs say in words when an account has a password and when it has an SSO identity,
// for exports in which that is more than whether a column is set. They are clauses:
// "credentials[].type is password".
type Signs struct{ Password, SSO string }

// Rules are the choices of the operator and what the reasons call the signs: the names
// of the columns, or in their place Signs.
type Rules struct {
	Both           account.Class // the class of an account with both signs
	Neither        Neither
	PasswordColumn string // empty: the export has none
	SSOColumn      string // empty: the export has none
	Signs          Signs  // zero: the signs are that the columns are set
}

// Validate returns an error for a choice that does not exist, and where only one of the
// signs has words.
func (r Rules) Validate() error {
	if !r.Both.Valid() {
		return fmt.Errorf("classify.both is %q: want password or sso", r.Both)
	}
	if (r.Signs.Password == "") != (r.Signs.SSO == "") {
		return errors.New("one of the signs of a password and of SSO has no words")
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
		return Verdict{r.Both, fmt.Sprintf("%s; classify.both is %s", r.bothSigns(), r.Both)}
	case password:
		return Verdict{account.Password, r.passwordSign()}
	case sso:
		return Verdict{account.SSO, r.ssoSign()}
	case r.Neither == NeitherExclude:
		return Verdict{"", r.noSign()}
	}
	return Verdict{account.Class(r.Neither), fmt.Sprintf("%s; classify.neither is %s", r.noSign(), r.Neither)}
}

func (r Rules) passwordSign() string {
	if r.Signs.Password != "" {
		return r.Signs.Password
	}
	return r.PasswordColumn + " is set"
}

func (r Rules) ssoSign() string {
	if r.Signs.SSO != "" {
		return r.Signs.SSO
	}
	return r.SSOColumn + " is set"
}

func (r Rules) bothSigns() string {
	if r.Signs != (Signs{}) {
		return r.Signs.Password + ", and " + r.Signs.SSO
	}
	return r.PasswordColumn + " and " + r.SSOColumn + " are set"
}

func (r Rules) noSign() string {
	switch {
	case r.Signs != Signs{}:
		return fmt.Sprintf("no sign of a password (%s) or of SSO (%s)", r.Signs.Password, r.Signs.SSO)
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
