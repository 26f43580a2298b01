package main

import (
	"bufio"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
)

// order is what a human consents to: what is about to happen and cannot be taken
// back.
type order struct {
	folder *folder
	used   []variant
	status campaign.Status
	resend *campaign.Resent // what a resend would make; nil: this is no resend
	send   int64            // notices that this run may send
	eta    time.Duration
}

// canConsent refuses what nobody could agree to, before anything is tried.
func canConsent(p *process, yes bool, command string, send int64) error {
	if yes || p.asks {
		return nil
	}
	return hint.Wrap(say(errNoConsent, "notices to send: %d, and nobody is here to agree", send),
		"look at notify %s --dry-run, then add --yes", command)
}

// consent returns nil if the operator agreed: with --yes, or by typing the number
// of notices on a terminal. Everything else is errNoConsent.
func consent(p *process, o order, yes bool) error {
	if yes {
		return nil
	}
	o.print(p)
	fmt.Fprintf(p.stderr, "\nA mail cannot be taken back.\nType the number of notices (%d) to send them: ", o.send)
	typed := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(p.stdin).ReadString('\n') // an end of input is an empty answer
		typed <- strings.TrimSpace(line)
	}()
	select {
	case <-p.stop:
		fmt.Fprintln(p.stderr)
		return hint.Wrap(say(errInterrupted, "interrupted; nothing was sent in this run"), "run it again")
	case answer := <-typed:
		if answer == strconv.FormatInt(o.send, 10) {
			return nil
		}
		return hint.Wrap(say(errNoConsent, "the answer is not %d; nothing was sent in this run", o.send), "run it again")
	}
}

func (o order) print(p *process) {
	w := &stickyWriter{w: p.stderr, inks: p.inks}
	if p.draws {
		w.columns, _ = p.size()
	}
	left := func(c campaign.NoticeCounts) int64 { return c.Left() }
	foreseen := o.foreseen()
	fmt.Fprintf(w, "campaign  %s, plan %s\n", o.status.Campaign, short(o.status.Plan))
	if o.resend != nil {
		printResent(w, *o.resend, o.status.Resends.Left)
	}
	fmt.Fprintf(w, "left      %d notices: %s\n", foreseen.Notices.Left(), classCounts(foreseen, left))
	fmt.Fprintf(w, "to send   %d in this run\n", o.send)
	fmt.Fprintf(w, "from      %s\n", o.folder.sender())
	for _, v := range o.used {
		tell(w, "subject", plain, fmt.Sprintf("%-8s %s  %s", v.Class, v.Locale, v.Subject))
	}
	smtp := o.folder.config.SMTP
	fmt.Fprintf(w, "relay     %s port %d, tls %s, %d connections\n", smtp.Host, smtp.Port, smtp.TLS, smtp.Connections)
	throttle := o.folder.config.Throttle
	fmt.Fprintf(w, "rate      %s, batches of %d with %s between them\n", throttle.Rate, throttle.Batch, throttle.Pause)
	if throttle.Ramp != nil {
		fmt.Fprintf(w, "ramp      from %s, doubled every %s\n", throttle.Ramp.From, throttle.Ramp.DoubleEvery)
	}
	fmt.Fprintf(w, "takes     about %s\n", roughly(o.eta))
	if line, bad := deadlineLine(foreseen); line != "" {
		tell(w, "deadline", warningInk(bad), line)
	}
}

// foreseen is where the campaign stands, with what a resend would add.
func (o order) foreseen() campaign.Status {
	status := o.status
	if o.resend == nil {
		return status
	}
	status.Notices.Add(campaign.Pending, o.resend.Notices)
	status.ByClass = maps.Clone(status.ByClass)
	for class, n := range o.resend.ByClass {
		counts := status.ByClass[class]
		counts.Add(campaign.Pending, n)
		status.ByClass[class] = counts
	}
	if status.Deadline != nil {
		due := *status.Deadline
		due.Expect(status.At.Add(o.eta))
		status.Deadline = &due
	}
	return status
}
