package classify

import (
	"strings"
	"testing"

	"breachnotify/pkg/account"
)

const hash = "$2b$12$C6UzMDM.H6dfI/f/IKcEe."

func rules(both account.Class, neither Neither) Rules {
	return Rules{Both: both, Neither: neither, PasswordColumn: "password_hash", SSOColumn: "provider"}
}

// words are the rules of an export whose signs are no columns.
func words(both account.Class, neither Neither) Rules {
	return Rules{Both: both, Neither: neither, PasswordColumn: "credentials", SSOColumn: "identities",
		Signs: Signs{Password: "credentials[].type is password", SSO: "identities[].provider is another than local"}}
}

func TestClassify(t *testing.T) {
	for name, c := range map[string]struct {
		rules Rules
		rec   account.Record
		want  Verdict
	}{
		"a password": {rules(account.Password, NeitherExclude), account.Record{Password: hash},
			Verdict{account.Password, "password_hash is set"}},
		"an identity": {rules(account.Password, NeitherExclude), account.Record{SSO: "google"},
			Verdict{account.SSO, "provider is set"}},
		"both, by default": {rules(account.Password, NeitherExclude), account.Record{Password: hash, SSO: "google"},
			Verdict{account.Password, "password_hash and provider are set; classify.both is password"}},
		"both, as SSO": {rules(account.SSO, NeitherExclude), account.Record{Password: hash, SSO: "google"},
			Verdict{account.SSO, "password_hash and provider are set; classify.both is sso"}},
		"neither, by default": {rules(account.Password, NeitherExclude), account.Record{},
			Verdict{"", "neither password_hash nor provider is set"}},
		"neither, as password": {rules(account.Password, NeitherPassword), account.Record{},
			Verdict{account.Password, "neither password_hash nor provider is set; classify.neither is password"}},
		"neither, as SSO": {rules(account.Password, NeitherSSO), account.Record{},
			Verdict{account.SSO, "neither password_hash nor provider is set; classify.neither is sso"}},
		"an unusable password beside an identity": {rules(account.Password, NeitherExclude), account.Record{Password: "!x", SSO: "saml"},
			Verdict{account.SSO, "provider is set"}},
		"no column for SSO": {Rules{Both: account.Password, Neither: NeitherExclude, PasswordColumn: "hash"}, account.Record{},
			Verdict{"", "hash is not set"}},
		"no column for passwords": {Rules{Both: account.Password, Neither: NeitherExclude, SSOColumn: "idp"}, account.Record{},
			Verdict{"", "idp is not set"}},
		"no column at all": {Rules{Both: account.Password, Neither: NeitherExclude}, account.Record{},
			Verdict{"", "the export has no column for a password or SSO"}},
		"a password, in words": {words(account.Password, NeitherExclude), account.Record{Password: "password"},
			Verdict{account.Password, "credentials[].type is password"}},
		"an identity, in words": {words(account.Password, NeitherExclude), account.Record{SSO: "google"},
			Verdict{account.SSO, "identities[].provider is another than local"}},
		"both, in words": {words(account.SSO, NeitherExclude), account.Record{Password: "password", SSO: "google"},
			Verdict{account.SSO, "credentials[].type is password, and identities[].provider is another than local; classify.both is sso"}},
		"neither, in words": {words(account.SSO, NeitherExclude), account.Record{},
			Verdict{"", "no sign of a password (credentials[].type is password) or of SSO (identities[].provider is another than local)"}},
		"neither, in words, as SSO": {words(account.SSO, NeitherSSO), account.Record{},
			Verdict{account.SSO, "no sign of a password (credentials[].type is password) or of SSO (identities[].provider is another than local); classify.neither is sso"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.rules.Classify(c.rec); got != c.want {
				t.Errorf("Classify = %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestWhatIsNoPassword(t *testing.T) {
	for _, s := range []string{"", " ", "\t\n", "NULL", "null", " NULL ", `\N`, "*", "x", "!", "!!", "!abc", "!" + hash, " !x"} {
		if UsableHash(s) {
			t.Errorf("UsableHash(%q) = true", s)
		}
	}
	for _, s := range []string{hash, "xx", "**", "X", "pbkdf2_sha256$1$a$b", "0", "nullified"} {
		if !UsableHash(s) {
			t.Errorf("UsableHash(%q) = false", s)
		}
	}
}

func TestWhatIsNoIdentity(t *testing.T) {
	r := rules(account.Password, NeitherExclude)
	for _, s := range []string{"", "  ", "NULL", `\N`} {
		if got := r.Classify(account.Record{SSO: s}); got.Class != "" {
			t.Errorf("sso %q makes the class %s", s, got.Class)
		}
	}
	for _, s := range []string{"google", "0", "x", "*", "!"} {
		if got := r.Classify(account.Record{SSO: s}); got.Class != account.SSO {
			t.Errorf("sso %q makes the class %q, want sso", s, got.Class)
		}
	}
}

func TestAReasonNeverHoldsAValue(t *testing.T) {
	for _, both := range account.Classes() {
		for _, neither := range []Neither{NeitherExclude, NeitherPassword, NeitherSSO} {
			for _, rec := range []account.Record{{Password: "secrethash"}, {SSO: "secretsubject"}, {Password: "secrethash", SSO: "secretsubject"}} {
				if got := rules(both, neither).Classify(rec); strings.Contains(got.Reason, "secret") {
					t.Errorf("the reason holds a value: %s", got.Reason)
				}
				if got := words(both, neither).Classify(rec); strings.Contains(got.Reason, "secret") {
					t.Errorf("the reason holds a value: %s", got.Reason)
				}
			}
		}
	}
}

func TestValidate(t *testing.T) {
	if err := rules(account.Password, NeitherExclude).Validate(); err != nil {
		t.Errorf("valid rules: %v", err)
	}
	if err := rules("", NeitherExclude).Validate(); err == nil {
		t.Error("an empty both passes")
	}
	if err := rules(account.SSO, "maybe").Validate(); err == nil {
		t.Error("neither: maybe passes")
	}
	if err := words(account.SSO, NeitherExclude).Validate(); err != nil {
		t.Errorf("signs in words: %v", err)
	}
	for _, half := range []Signs{{Password: "a is set"}, {SSO: "b is set"}} {
		if err := (Rules{Both: account.SSO, Neither: NeitherExclude, Signs: half}).Validate(); err == nil {
			t.Errorf("half of the signs passes: %+v", half)
		}
	}
}
