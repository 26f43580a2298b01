package campaign

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Override is a rule of a check that somebody has decided to break in this campaign. It
// holds for the plan with which it is recorded.
type Override struct {
	Rule    string    `json:"rule"`    // its id
	Reason  string    `json:"reason"`  // why, in the words of whoever decided
	By      string    `json:"by"`      // who did
	Command string    `json:"command"` // for which command: plan, send or resend
	At      time.Time `json:"at"`
}

var overridingCommands = []string{"plan", "send", "resend"}

// Validate returns what keeps o from being a record that says anything.
func (o Override) Validate() error {
	var errs []error
	if o.Rule == "" || o.By == "" || o.At.IsZero() {
		errs = append(errs, errors.New("want a rule, who overrides it, and when"))
	}
	if strings.TrimSpace(o.Reason) == "" {
		errs = append(errs, errors.New("want a reason"))
	}
	if !slices.Contains(overridingCommands, o.Command) {
		errs = append(errs, fmt.Errorf("the command is %q", o.Command))
	}
	return errors.Join(errs...)
}
