package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/check"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/notice"
	"breachnotify/templates"
)

// subject is what the offline rules look at, without a plan. Where the folder has problems,
// these may be why notices cannot be rendered.
func (f *folder) subject(at time.Time) (*check.Subject, error) {
	c := f.config
	s := &check.Subject{
		Facts: c.Facts(), OfficialDomains: c.OfficialDomains, Discovered: c.Discovered(), At: at,
		DefaultLocale: c.Notice.Locale, FurnishedMailDomains: c.FurnishedMailDomains, Jurisdictions: c.Jurisdictions, Attested: c.Attest,
		Problems: f.problems,
	}
	if f.notices == nil {
		s.Wordings = f.sources()
		return s, nil
	}
	var err error
	s.Wordings = f.notices.Wordings()
	if s.Notices, err = check.Samples(f.notices, at); err != nil && len(f.problems) == 0 { // or a problem says which cannot be rendered
		return nil, err
	}
	return s, nil
}

// openUnchecked reads a folder as far as it can be read. What openFolder refuses about the
// notices and their links becomes problems of the folder; anything else is an error.
func openUnchecked(p *process, g *globals) (*folder, error) {
	config, err := campaign.ReadFile(g.config, p.getenv)
	problems, err := contentProblems(config, err)
	if err != nil {
		return nil, err
	}
	options, err := noticeOptions(config)
	if err != nil {
		return nil, err
	}
	f := newFolder(config, g)
	options.Unchecked = true
	f.notices, err = notice.Load(options)
	if isFileError(err) {
		return nil, err
	}
	if err == nil {
		err = f.notices.Check()
		problems = append(problems, linkProblems(config, f.notices.Links())...)
	}
	for _, each := range unjoined(err) {
		problems = append(problems, problemOf(each))
	}
	f.problems = problems
	return f, nil
}

// contentSections are the parts of a configuration that are about what notices say.
var contentSections = []string{"links.", "official_domains", "notice.from", "notice.reply_to", "incident.", "organisation"}

// contentProblems makes problems of what is wrong with a configuration where all of that
// is about what the notices say.
func contentProblems(config *campaign.Config, err error) ([]check.Problem, error) {
	if err == nil {
		return nil, nil
	}
	if config == nil {
		return nil, err
	}
	var problems []check.Problem
	for _, each := range unjoined(err) {
		var wrong *campaign.ConfigError
		if !errors.As(each, &wrong) || !isContent(wrong.Key) {
			return nil, err
		}
		problems = append(problems, problemOf(each))
	}
	return problems, nil
}

func isContent(key string) bool {
	return slices.ContainsFunc(contentSections, func(section string) bool { return strings.HasPrefix(key, section) })
}

// isFileError tells a folder that cannot be read from notices that cannot be used.
func isFileError(err error) bool {
	var file *fs.PathError
	return errors.As(err, &file)
}

// unjoined returns the errors that were joined, or the only one. One with a place is one.
func unjoined(err error) []error {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		if _, placed := inner.(*notice.PlaceError); placed {
			break
		}
		if many, ok := inner.(interface{ Unwrap() []error }); ok {
			var all []error
			for _, each := range many.Unwrap() {
				all = append(all, unjoined(each)...)
			}
			return all
		}
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// linkProblems says which links of the notices must not stand there.
func linkProblems(config *campaign.Config, links []notice.Link) []check.Problem {
	var problems []check.Problem
	for _, link := range links {
		if err := config.CheckLink(link.URL); err != nil {
			p := check.Problem{File: link.Where, What: fmt.Sprintf("the link %s: %v", account.MaskText(link.URL), err)}
			if file, line, ok := strings.Cut(link.Where, ":"); ok {
				if number, err := strconv.Atoi(line); err == nil {
					p.File, p.Line = file, number
				}
			}
			problems = append(problems, p)
		}
	}
	return problems
}

// problemOf says where an error lies, as far as it knows.
func problemOf(err error) check.Problem {
	p := check.Problem{File: "templates", What: err.Error()}
	if advice := hint.Of(err); len(advice) > 0 {
		p.Mend = advice[0]
	}
	var config *campaign.ConfigError
	var placed *notice.PlaceError
	switch {
	case errors.As(err, &config):
		p.File, p.What = config.Key, config.Problem
	case errors.As(err, &placed):
		p.File, p.Line, p.What = placed.File, placed.Line, placed.Err.Error()
	}
	return p
}

// checked is a report with what it is about.
type checked struct {
	subject   *check.Subject
	report    *check.Report
	kinds     []variant
	plan      string // digest; empty: the check is not about a plan
	note      string // why it is not
	overrides []campaign.Override
}

// checkAll holds everything against the offline rules that can be looked at without a
// network: the notices, and the plan if there is one and the folder is still that of it.
func (f *folder) checkAll(ctx context.Context, p *process) (*checked, error) {
	s, err := f.subject(p.now())
	if err != nil {
		return nil, err
	}
	c := &checked{subject: s}
	if f.notices != nil {
		c.kinds = f.variants()
	}
	if err := c.addPlan(ctx, p, f, s); err != nil {
		return nil, err
	}
	if c.report, err = check.Run(s); err != nil {
		return nil, err
	}
	for _, o := range c.overrides {
		c.report.Override(o.Rule)
	}
	return c, nil
}

// addPlan counts the plan of the folder into s.
func (c *checked) addPlan(ctx context.Context, p *process, f *folder, s *check.Subject) (err error) {
	planned, err := f.hasLedger()
	if err != nil {
		return err
	}
	if !planned || f.notices == nil {
		c.note = "nothing is planned yet"
		if planned {
			c.note = "the notices cannot be rendered, so that nobody knows whether they are those of the plan"
		}
		return nil
	}
	book, err := f.openPlan(ctx)
	if errors.Is(err, errRefused) {
		c.note = err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	if s.Plan, err = countPlan(ctx, p, book); err != nil {
		return err
	}
	c.plan = s.Plan.Status.Plan
	c.overrides, err = book.Overrides(ctx)
	return err
}

// countPlan goes once through the recipients of a plan. It keeps 16 octets of each.
func countPlan(ctx context.Context, p *process, book *ledger.Reader) (*check.Plan, error) {
	ctx, cancel := p.untilStop(ctx)
	defer cancel()
	status, err := book.Status(ctx, p.now())
	if err != nil {
		return nil, err
	}
	tally := check.NewTally()
	for to, err := range book.Recipients(ctx) {
		if err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return nil, err
		}
		tally.Add(to)
	}
	return &check.Plan{Status: status, Mailboxes: tally.Mailboxes()}, nil
}

// sources returns the templates as they are written, for when they cannot be rendered.
func (f *folder) sources() map[string][]byte {
	found := map[string][]byte{}
	folder := templates.Over(f.config.TemplateFS(templates.FS))
	names, _ := fs.Glob(folder, "*/*.md") // the pattern is well formed
	for _, name := range names {
		if content, err := fs.ReadFile(folder, name); err == nil { // a problem says what cannot be read
			found[path.Join("templates", name)] = content
		}
	}
	return found
}
