package campaign

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"breachnotify/pkg/notice"
)

// LimitProbe is the Limit of an Activity, followed by a space and the names of links,
// while the pages of these do not answer.
const LimitProbe = "halt.probe"

// The defaults of Probe, and the least of Probe.Every.
const (
	probeEvery      = Duration(30 * time.Second)
	probeMaxLatency = Duration(5 * time.Second)
	probeLeastEvery = Duration(time.Second)
)

// Probe says which of the pages that notices lead to are asked while notices go out. As
// long as one of them does not answer, no notice goes.
type Probe struct {
	URLs       []string `yaml:"urls"`        // names of links; default reset and sign_out
	Every      Duration `yaml:"every"`       // default 30s
	MaxLatency Duration `yaml:"max_latency"` // of a whole answer, redirects included; default 5s
	CAFile     string   `yaml:"ca_file"`     // PEM certificates, added to the system's roots
}

// Page is a page that notices lead to.
type Page struct {
	Link string // its name under links, such as reset
	URL  string
}

// Pages returns the pages that are asked, in the order in which they are given; none
// without halt.probe.
func (c *Config) Pages() []Page {
	if c.Halt.Probe == nil {
		return nil
	}
	links := c.Links.Map()
	var pages []Page
	for _, name := range c.Halt.Probe.URLs {
		pages = append(pages, Page{Link: name, URL: links[name]})
	}
	return pages
}

// OfficialHost reports whether a host is one of the official domains or below one.
func (c *Config) OfficialHost(host string) bool {
	canonical, err := canonicalDomain(host)
	return err == nil && c.official(canonical)
}

// resolve settles the defaults of what was not given.
func (p *Probe) resolve(c *Config) {
	if p == nil {
		return
	}
	if len(p.URLs) == 0 {
		p.URLs = []string{notice.LinkReset, notice.LinkSignOut}
	}
	if _, given := c.source.places["halt.probe.every"]; !given {
		p.Every = probeEvery
	}
	if _, given := c.source.places["halt.probe.max_latency"]; !given {
		p.MaxLatency = probeMaxLatency
	}
	p.CAFile = c.path(p.CAFile)
}

func (c *checks) probe() {
	p := c.Halt.Probe
	if p == nil {
		return
	}
	known, set := notice.LinkKeys(), c.Links.Map()
	for i, name := range p.URLs {
		key := fmt.Sprintf("halt.probe.urls[%d]", i)
		switch {
		case !slices.Contains(known, name):
			c.unknownLink(key, name, known)
		case set[name] == "":
			c.failHint("set links."+name+", or leave it out here", key, "links.%s is not set", name)
		case slices.Index(p.URLs, name) < i:
			c.fail(key, "%s is given twice", name)
		}
	}
	if p.Every < probeLeastEvery {
		c.fail("halt.probe.every", "is %v: want %v or more", p.Every, probeLeastEvery)
	}
	if p.MaxLatency <= 0 {
		c.fail("halt.probe.max_latency", "want a time above zero, such as 5s")
	}
}

func (c *checks) unknownLink(key, name string, known []string) {
	advice := "the links are " + strings.Join(known, ", ")
	if nearest := closest(name, known); nearest != "" {
		advice = "did you mean " + nearest
	}
	c.failHint(advice, key, "not the name of a link")
}

// PageFailure is a page that was asked and does not answer.
type PageFailure struct {
	Link   string `json:"link"`   // its name under links
	Reason string `json:"reason"` // why that is no answer, such as 503; holds nothing that a server wrote
}

// String names the page and says why it does not answer.
func (f PageFailure) String() string {
	return fmt.Sprintf("the %s page does not answer (%s)", linkWords(f.Link), f.Reason)
}

// Silence is what a run waits for while pages do not answer.
type Silence struct {
	Pages []PageFailure `json:"pages"` // by name
	Since time.Time     `json:"since"` // when the first of these was seen not to answer
}

// String says what does not answer, and what notices do meanwhile.
func (s Silence) String() string {
	parts := make([]string, len(s.Pages))
	for i, p := range s.Pages {
		parts[i] = p.String()
	}
	until := "it does"
	if len(parts) > 1 {
		until = "they do"
	}
	return strings.Join(parts, ", ") + "; notices wait until " + until
}

// Next says what to do about it.
func (s Silence) Next() string {
	return "mend what does not answer, and the run goes on by itself; or stop it, change halt.probe, and run notify send again"
}

// PauseEnd is how a pause for a page ended.
type PauseEnd string

// The ends.
const (
	PauseOpen     PauseEnd = "open"     // it has not: the page does not answer yet
	PauseAnswered PauseEnd = "answered" // the page answered again
	PauseStopped  PauseEnd = "stopped"  // the run ended before the page answered
	PauseLost     PauseEnd = "lost"     // the process died before, and nobody knows until when it waited
)

// Pause is the time in which a page did not answer and a run waited for it.
type Pause struct {
	Run    int64
	Page   PageFailure // as it was seen last
	From   time.Time
	Until  time.Time // zero with PauseOpen and PauseLost
	Ending PauseEnd
}

// linkWords is the name of a link as humans write it.
func linkWords(name string) string {
	switch name {
	case notice.LinkSignOut:
		return "sign-out"
	case notice.LinkTwoFactor:
		return "two-factor"
	}
	return name
}
