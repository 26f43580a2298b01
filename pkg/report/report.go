package report

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// ErrDisagree says that numbers of the ledger that must agree do not. From Report.Err.
var ErrDisagree = errors.New("the sums of the report disagree")

// Ledger is what a report is read from.
type Ledger interface {
	// Evidence returns everything that is known of the campaign as a whole, as of one
	// moment.
	Evidence(ctx context.Context, now time.Time) (campaign.Evidence, error)
}

// Options are what a report says beside its evidence.
type Options struct {
	Now     time.Time
	Program string // which program made it, with its version
	// Next says what to do next, in the words of every other screen.
	Next func(campaign.Status) []string
	// Compose returns a notice as it reads for a made-up recipient on a day. Nil where the notices
	// of the plan are not at hand; the report then says so and has the templates alone.
	Compose func(class account.Class, locale string, day time.Time) (Letter, error)
}

// Letter is a notice as people read it, with placeholders for what differs between them.
type Letter struct {
	Class   account.Class `json:"class"`
	Locale  string        `json:"locale"`
	Subject string        `json:"subject"`
	Text    string        `json:"text"`
	Notices int64         `json:"notices"` // current ones of this kind
}

// Report is the evidence of a campaign. Its JSON says what its page says.
type Report struct {
	Program string          `json:"program"`
	Made    time.Time       `json:"made"`
	Planned time.Time       `json:"planned"`
	Status  campaign.Status `json:"status"`
	Next    []string        `json:"next"`
	// Disagreements are sums that do not agree; none: all do.
	Disagreements []string `json:"disagreements"`

	// First and Last are when the first and the last of the accepted notices became so,
	// to the second as all moments here; null: none did.
	First        *time.Time    `json:"first_accepted"`
	Last         *time.Time    `json:"last_accepted"`
	Deadline     *Deadline     `json:"deadline"`
	Timeline     []Span        `json:"timeline"`
	Kinds        []Kind        `json:"kinds"`
	Destinations []Destination `json:"destinations"`
	Others       Destination   `json:"other_destinations"`
	Attempts     []Attempts    `json:"attempts"`
	Bounces      []Bounces     `json:"bounces"`
	Rejections   []Rejections  `json:"rejections"`
	Runs         []Run         `json:"runs"`
	Pauses       []Pause       `json:"pauses"`
	Relays       []Relay       `json:"relays"`
	Resends      []Resend      `json:"resends"`
	// Overrides are the rules of notify check that somebody decided to break.
	Overrides []campaign.Override `json:"overrides"`
	Letters   []Letter            `json:"letters"` // null: not at hand
	Templates []Wording           `json:"templates"`
	Facts     []Wording           `json:"facts"`
	// Parts maps the name of each part of the configuration that the plan binds to its
	// SHA-256.
	Parts map[string]string `json:"parts"`
}

// Deadline is until when everybody is to have been told, and how the campaign stands to it.
type Deadline struct {
	At         time.Time `json:"at"`
	Discovered time.Time `json:"discovered"`
	Term       string    `json:"term"`
	Zone       string    `json:"zone"`
	// DoneBy and TriedBy are those of campaign.Due: when everybody was told or is to be, and
	// when the last notice was tried, whatever came of it.
	DoneBy  *time.Time `json:"done_by"`
	TriedBy *time.Time `json:"tried_by"`
	// TriedMarginS is how many seconds TriedBy lies before At; negative: after it.
	TriedMarginS *int64 `json:"tried_margin_s"`
	Missed       bool   `json:"missed"`
}

// Span counts the notices that became accepted from From to before To.
type Span struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Accepted int64     `json:"accepted"`
}

// Kind counts the notices of a class in one language.
type Kind struct {
	Class  account.Class `json:"class"`
	Locale string        `json:"locale"`
	campaign.NoticeCounts
}

// Destination counts the notices to a domain.
type Destination struct {
	Domain string `json:"domain"`
	campaign.NoticeCounts
}

// Attempts counts the notices that were tried so many times.
type Attempts struct {
	Attempts int   `json:"attempts"`
	Notices  int64 `json:"notices"`
}

// Bounces counts bounced notices by their reason.
type Bounces struct {
	Reason     string              `json:"reason"`
	Permanence campaign.Permanence `json:"permanence"`
	Notices    int64               `json:"notices"`
}

// Rejections counts rejected notices by the last reply.
type Rejections struct {
	Code     int    `json:"code"` // 0: there was no reply
	Enhanced string `json:"enhanced"`
	Notices  int64  `json:"notices"`
}

// Run is a run of send.
type Run struct {
	Number  int64      `json:"number"`
	Host    string     `json:"host"`
	Started time.Time  `json:"started"`
	Last    *time.Time `json:"last"`  // attempt that it recorded; null: none
	Ended   *time.Time `json:"ended"` // null: it has not, or died
	Running bool       `json:"running"`
	Halted  string     `json:"halted"` // why it stopped itself; empty: it did not
	// Interrupted is whether somebody stopped it before its end.
	Interrupted bool `json:"interrupted"`
}

// Pause is a time in which a page that notices lead to did not answer, and a run waited.
type Pause struct {
	Run    int64             `json:"run"`
	Link   string            `json:"link"`
	Reason string            `json:"reason"` // as it was seen last
	From   time.Time         `json:"from"`
	Until  *time.Time        `json:"until"` // null: it goes on, or nobody knows
	Ending campaign.PauseEnd `json:"ending"`
}

// Relay is over what notices were sent.
type Relay struct {
	Host       string    `json:"host"`
	Peer       string    `json:"peer"`
	Encryption string    `json:"encryption"` // empty: in clear
	First      time.Time `json:"first"`
}

// Resend is a resend that was made.
type Resend struct {
	Number    int64            `json:"number"`
	At        time.Time        `json:"at"`
	By        string           `json:"by"`
	States    []campaign.State `json:"states"`
	Forced    bool             `json:"forced"`
	Notices   int64            `json:"notices"`
	Corrected int64            `json:"corrected"`
	Withdrawn int64            `json:"withdrawn"`
}

// Wording is a template or a fact as the plan binds it.
type Wording struct {
	Name    string `json:"name"`
	SHA256  string `json:"sha256"`
	Text    string `json:"text"`
	Notices int64  `json:"notices"` // of a template: how many current notices are made of it
}

// Read reads a report. Sums that disagree are no error of Read; see Report.Err.
func Read(ctx context.Context, book Ledger, o Options) (*Report, error) {
	e, err := book.Evidence(ctx, o.Now)
	if err != nil {
		return nil, err
	}
	r := &Report{
		Program: o.Program, Made: o.Now.UTC().Truncate(time.Second), Planned: seconds(e.Frozen.At), Status: e.Status,
		Next: o.Next(e.Status), Disagreements: disagreements(e), Parts: e.Frozen.Parts,
		Others: Destination{NoticeCounts: e.Others},
		// An empty list is not null.
		Timeline: []Span{}, Kinds: []Kind{}, Destinations: []Destination{}, Attempts: []Attempts{}, Bounces: []Bounces{},
		Rejections: []Rejections{}, Runs: []Run{}, Pauses: []Pause{}, Relays: []Relay{}, Resends: []Resend{}, Overrides: []campaign.Override{},
		Templates: []Wording{}, Facts: []Wording{},
	}
	r.when(e)
	r.outcomes(e)
	r.how(e)
	return r, r.said(e, o.Compose)
}

// said has a notice of each kind composed.
func (r *Report) said(e campaign.Evidence, compose func(account.Class, string, time.Time) (Letter, error)) error {
	if compose == nil {
		return nil
	}
	for _, k := range e.Kinds {
		letter, err := compose(k.Class, k.Locale, r.Planned)
		if err != nil {
			return fmt.Errorf("compose a notice for the report: %w", err)
		}
		letter.Class, letter.Locale, letter.Notices = k.Class, k.Locale, k.Total
		r.Letters = append(r.Letters, letter)
	}
	return nil
}

// Err returns an error that is ErrDisagree where the sums disagree.
func (r *Report) Err() error {
	if len(r.Disagreements) == 0 {
		return nil
	}
	errs := []error{ErrDisagree}
	for _, d := range r.Disagreements {
		errs = append(errs, errors.New(d))
	}
	return errors.Join(errs...)
}

func (r *Report) when(e campaign.Evidence) {
	r.Timeline = append(r.Timeline, spans(e.Accepted)...)
	r.First, r.Last = optional(e.First), optional(e.Last)
	r.Deadline = deadlineOf(e)
	for _, run := range e.Runs {
		r.Runs = append(r.Runs, Run{
			Number: run.Number, Host: clean(run.Host), Started: seconds(run.Started), Running: run.Running,
			Last: optional(run.Last), Ended: optional(run.Ended), Halted: clean(account.MaskText(run.Halted)),
			Interrupted: run.Interrupted,
		})
	}
	for _, p := range e.Pauses {
		r.Pauses = append(r.Pauses, Pause{
			Run: p.Run, Link: clean(p.Page.Link), Reason: clean(p.Page.Reason), From: seconds(p.From), Until: optional(p.Until), Ending: p.Ending,
		})
	}
}

// deadlineOf returns nil where the plan has no deadline.
func deadlineOf(e campaign.Evidence) *Deadline {
	bound, stands := e.Frozen.Deadline, e.Status.Deadline
	if bound == (campaign.Deadline{}) {
		return nil
	}
	d := &Deadline{At: bound.At.UTC(), Discovered: bound.Discovered.UTC(), Term: bound.Term, Zone: bound.Zone}
	if stands == nil {
		return d
	}
	d.DoneBy, d.TriedBy = stands.DoneBy, stands.TriedBy
	d.Missed = stands.Missed() || e.Status.Notices.Left() > 0 && stands.Passed(e.Status.At)
	if d.TriedBy != nil {
		margin := int64(d.At.Sub(*d.TriedBy) / time.Second)
		d.TriedMarginS = &margin
	}
	return d
}

func (r *Report) outcomes(e campaign.Evidence) {
	for _, k := range e.Kinds {
		r.Kinds = append(r.Kinds, Kind{Class: k.Class, Locale: k.Locale, NoticeCounts: k.NoticeCounts})
	}
	for _, d := range e.Domains {
		r.Destinations = append(r.Destinations, Destination{Domain: clean(d.Domain), NoticeCounts: d.NoticeCounts})
	}
	for _, a := range e.Attempts {
		r.Attempts = append(r.Attempts, Attempts(a))
	}
	for _, b := range e.Bounces {
		b.Reason = clean(account.MaskText(b.Reason))
		r.Bounces = append(r.Bounces, Bounces(b))
	}
	for _, j := range e.Rejections {
		j.Enhanced = clean(j.Enhanced)
		r.Rejections = append(r.Rejections, Rejections(j))
	}
}

func (r *Report) how(e campaign.Evidence) {
	for _, s := range e.Sessions {
		r.Relays = append(r.Relays, Relay{Host: clean(s.Host), Peer: clean(s.Peer), Encryption: clean(s.Encryption), First: seconds(s.At)})
	}
	for _, s := range e.Resends {
		s.At, s.By = seconds(s.At), clean(account.MaskText(s.By))
		r.Resends = append(r.Resends, Resend(s))
	}
	for _, o := range e.Overrides {
		o.At, o.By, o.Rule = seconds(o.At), clean(account.MaskText(o.By)), clean(o.Rule)
		o.Reason, o.Command = clean(account.MaskText(o.Reason)), clean(o.Command)
		r.Overrides = append(r.Overrides, o)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Frozen.Wordings)) {
		w := Wording{Name: name, SHA256: digest(e.Frozen.Wordings[name]), Text: string(e.Frozen.Wordings[name])}
		if campaign.IsFact(name) {
			r.Facts = append(r.Facts, w)
			continue
		}
		for _, k := range e.Kinds {
			if strings.HasSuffix(name, k.Locale+"/"+string(k.Class)+".md") {
				w.Notices += k.Total
			}
		}
		r.Templates = append(r.Templates, w)
	}
	// What people read comes before the layout around it.
	slices.SortStableFunc(r.Templates, func(a, b Wording) int { return cmp.Compare(depth(b.Name), depth(a.Name)) })
}

func depth(name string) int { return strings.Count(name, "/") }

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = seconds(t)
	return &t
}
