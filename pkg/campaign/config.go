package campaign

import (
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/classify"
)

// Config is a campaign as notify.yaml describes it, with the default of every key
// that is not given. Paths in it are resolved: what was relative to the file's
// folder is ready to be opened. An empty key counts as not given.
type Config struct {
	Campaign        string            `yaml:"campaign"`         // also the ledger's file name: letters, digits and . _ -
	Organisation    string            `yaml:"organisation"`     // as the notices name it
	OfficialDomains []string          `yaml:"official_domains"` // every link of a notice is on one of them or below it
	Export          Export            `yaml:"export"`
	Classify        Classify          `yaml:"classify"`
	Notice          NoticeConfig      `yaml:"notice"`
	Incident        map[string]string `yaml:"incident"` // facts in Markdown, as written; the keys are snake_case
	Links           Links             `yaml:"links"`
	SMTP            SMTP              `yaml:"smtp"`
	Throttle        Throttle          `yaml:"throttle"`
	Retry           Retry             `yaml:"retry"`
	Halt            Halt              `yaml:"halt"`
	Check           Check             `yaml:"check"`
	Bounces         Bounces           `yaml:"bounces"`
	Suppress        string            `yaml:"suppress"` // a file of addresses that get no notice; ReadSuppressed tells its form

	// FurnishedMailDomains are those under which the organisation gives its users
	// mailboxes, which may have been broken into with the accounts: nothing is sent there.
	FurnishedMailDomains []string `yaml:"furnished_mail_domains"`
	// Jurisdictions are those whose rules a check holds the notices against. Which there
	// are is known to package check.
	Jurisdictions []string `yaml:"jurisdictions"`
	// Attest has who vouches for an element of their rules, under its id (PLAIN) or, for
	// one jurisdiction alone, behind its name (us-ca.PLAIN).
	Attest map[string]string `yaml:"attest"`

	dir    string  // what relative paths are relative to
	source *source // where each key stands; nil for a Config that was not loaded
}

// Export says which rows of which source are the affected accounts. What its keys
// mean to a source is the business of package export.
type Export struct {
	Source  string            `yaml:"source"` // a path, - for standard input, or the URL of a database
	Preset  string            `yaml:"preset"`
	Table   string            `yaml:"table"`
	Tables  map[string]string `yaml:"tables"` // name of a table to path of a file
	Where   string            `yaml:"where"`
	Query   string            `yaml:"query"`
	Columns Columns           `yaml:"columns"`

	MaxRecord   Size `yaml:"max_record"`   // of one record; 0: 16 MiB
	MaxUnpacked Size `yaml:"max_unpacked"` // of what comes out of a packed file; 0: 100GB, and 250 times the file
}

// Columns names the columns of the source. An empty one is left to export.
type Columns struct {
	ID       string `yaml:"id"`
	Email    string `yaml:"email"`
	Name     string `yaml:"name"`
	Password string `yaml:"password"`
	SSO      string `yaml:"sso"`
	Locale   string `yaml:"locale"`
}

// Classify holds the operator's choices for accounts whose class is not plain.
type Classify struct {
	Both    account.Class    `yaml:"both"`    // password (default) or sso
	Neither classify.Neither `yaml:"neither"` // exclude (default), password or sso
}

// Rules returns the rules of classification for an export whose columns for the
// password and for SSO have these names; empty: the export has none.
func (c Classify) Rules(passwordColumn, ssoColumn string) classify.Rules {
	return classify.Rules{
		Both:           c.Both,
		Neither:        c.Neither,
		PasswordColumn: passwordColumn,
		SSOColumn:      ssoColumn,
	}
}

// NoticeConfig is the section `notice`: who the notices come from and what they are
// made of.
type NoticeConfig struct {
	From      Sender `yaml:"from"`
	ReplyTo   Sender `yaml:"reply_to"`
	Templates string `yaml:"templates"` // a folder; empty: the built-in notices
	Locale    string `yaml:"locale"`    // for accounts whose own language has no notice; default en
}

// Links are the links that a notice may carry. Announcement and TwoFactor may be
// empty.
type Links struct {
	Reset        string `yaml:"reset"`
	SignOut      string `yaml:"sign_out"`
	Help         string `yaml:"help"`
	Announcement string `yaml:"announcement"`
	TwoFactor    string `yaml:"two_factor"`
}

// Throttle says how fast notices go out.
type Throttle struct {
	Rate      Rate            `yaml:"rate"`       // over all connections; default 50/s
	PerDomain map[string]Rate `yaml:"per_domain"` // by destination; `default` is for all others, 20/s
	Ramp      *Ramp           `yaml:"ramp"`       // the way up to rate; nil: at once
	Batch     int             `yaml:"batch"`      // notices in a batch; default 1000
	Pause     Duration        `yaml:"pause"`      // between batches; default 30s
	Canary    int             `yaml:"canary"`     // notices in the first batch; default 100, or batch where that is less; 0: as the others
}

// Ramp says how the rate grows from the beginning of a campaign.
type Ramp struct {
	From        Rate     `yaml:"from"`         // no more than throttle.rate
	DoubleEvery Duration `yaml:"double_every"` // of the time in which notices go out
}

// Retry says when a deferred notice is tried again.
type Retry struct {
	Attempts int      `yaml:"attempts"` // after which it is rejected; default 6
	First    Duration `yaml:"first"`    // the wait after the first attempt; default 5m
	Max      Duration `yaml:"max"`      // the longest wait; default 4h
}

// Halt says when a run stops itself, for good or for a while.
type Halt struct {
	Rejected          Percent `yaml:"rejected"`           // of the notices of the run; default 5%
	After             int     `yaml:"after"`              // outcomes before the share counts; default 100
	ConsecutiveErrors int     `yaml:"consecutive_errors"` // default 20
	Probe             *Probe  `yaml:"probe"`              // pauses the run; nil: no page is asked
}

// defaults returns a Config in which every key that has a default holds it.
func defaults() *Config {
	return &Config{
		Classify: Classify{Both: account.Password, Neither: classify.NeitherExclude},
		Notice:   NoticeConfig{Locale: "en"},
		SMTP:     SMTP{TLS: StartTLS, Connections: 10, VERP: true},
		Throttle: Throttle{
			Rate:      Rate{Count: 50, Per: time.Second},
			PerDomain: map[string]Rate{defaultDomain: {Count: 20, Per: time.Second}},
			Batch:     1000,
			Pause:     Duration(30 * time.Second),
			Canary:    100,
		},
		Retry: Retry{Attempts: 6, First: Duration(5 * time.Minute), Max: Duration(4 * time.Hour)},
		Halt:  Halt{Rejected: 5, After: 100, ConsecutiveErrors: 20},
	}
}

// Line returns the line of a key, such as links.help, in the file that c was loaded
// from, and that of its section where the key is not given; 0: not known.
func (c *Config) Line(key string) int { return c.source.at(key).line }
