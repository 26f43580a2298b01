package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/postfixtest"
	"breachnotify/pkg/smtptest"
)

// The next hops of a world whose mail comes back.
const (
	hopDomain  = "hop.example"  // a mail server with full mailboxes
	deadDomain = "dead.example" // one that is down
)

// fate is an account and what has to become of it: after the run, when all that came
// back is taken in, and after the resend.
type fate struct {
	postfixAccount
	cut        cut            // of the connection over which its first notice goes
	sent       campaign.State // after the first run
	back       campaign.State // once the bounces and the log are in
	status     string         // why it came back
	reason     string
	inLog      string // the reason by the log, where it gives another
	permanence campaign.Permanence
	said       string // stands in what a server said
	correction string
	end        campaign.State // after the resend
	generation int
	readers    []string // the mailboxes that hold a notice about it in the end
}

// fates makes an account of each kind.
func fates() []fate {
	const sent, bounced, rejected, doubt = campaign.Accepted, campaign.Bounced, campaign.Rejected, campaign.InDoubt
	permanent, transient := campaign.Permanent, campaign.Transient
	missing := fate{sent: sent, back: bounced, status: "5.1.1", reason: "no_mailbox", permanence: permanent, said: "unknown user",
		end: bounced, generation: 1}
	full := fate{sent: sent, back: bounced, status: "5.2.2", reason: "mailbox_full", permanence: permanent, end: bounced, generation: 1}

	all := []fate{
		missing.of("missing", "missing@north.example").correctedTo("missing.new@south.example"),
		missing.of("unknown", "unknown@south.example"),
		// Two accounts of one mailbox, of which one has another address now.
		missing.of("pair-moved", "pair@north.example").correctedTo("pair.new@south.example"),
		missing.of("pair-stays", "pair@north.example"),
		// One reader of two notices.
		missing.of("both-password", "both@north.example").correctedTo("both.new@south.example"),
		missing.of("both-sso", "both@north.example").ofClass(account.SSO).correctedTo("both.new@south.example"),
		// Corrected to a mailbox that has got a notice about another account.
		missing.of("joins", "joins@north.example").correctedTo("told-0@north.example"),
		// Corrected to what does not exist either.
		missing.of("wrong", "wrong@north.example").endingAs(bounced, 2).to("wrong.new@north.example"),

		fate{sent: sent, back: bounced, status: "5.1.6", reason: "moved", permanence: permanent, said: "moved to moved.new@south.example"}.
			of("moved", "moved@north.example").correctedTo("moved.new@south.example"),
		fate{sent: rejected, back: rejected, status: "5.1.1", reason: "rejected", permanence: permanent, said: "is not here any more"}.
			of("refused", "refused@north.example").correctedTo("refused.new@south.example"),

		full.of("full-box", "full@south.example"),
		full.of("full-hop", "full@"+hopDomain),
		fate{sent: sent, back: bounced, status: "4.2.2", reason: "mailbox_full", inLog: "expired", permanence: transient, said: "no room left"}.
			of("full-for-now", "soon@"+hopDomain).endingAs(sent, 2).readBy("soon@" + hopDomain),
		fate{sent: sent, back: bounced, status: "4.4.1", reason: "network", inLog: "expired", permanence: transient, said: "Connection refused"}.
			of("down-for-now", "joe@"+deadDomain).endingAs(sent, 2).readBy("joe@" + deadDomain),

		fate{sent: doubt, cut: cutReply, back: sent}.of("doubt-taken", "doubt-taken@south.example").endingAs(sent, 1).readBy("doubt-taken@south.example"),
		fate{sent: doubt, cut: cutDot, back: doubt}.of("doubt-lost", "doubt-lost@south.example").endingAs(sent, 2).readBy("doubt-lost@south.example"),
		fate{sent: doubt, cut: cutReply, back: bounced, status: "5.1.1", reason: "no_mailbox", permanence: permanent, said: "unknown user"}.
			of("doubt-missing", "doubt-missing@south.example").endingAs(bounced, 1),
	}
	for i := range 6 {
		told := fate{sent: sent, back: sent}
		mailbox := fmt.Sprintf("told-%d@%s", i, []string{"north.example", "south.example"}[i%2])
		all = append(all, told.of(fmt.Sprintf("told-%d", i), mailbox).ofClass(account.Classes()[i%2]).endingAs(sent, 1).readBy(mailbox))
	}
	return all
}

// failsAs reports whether a line of `notify bounces list` gives the reason.
func (f fate) failsAs(line map[string]string) bool {
	if f.status == "" { // it is in doubt
		return line["permanence"] == string(campaign.PermanenceUnknown)
	}
	return line["status"] == f.status && line["permanence"] == string(f.permanence) && strings.Contains(line["diagnostic"], f.said) &&
		(line["reason"] == f.reason || f.inLog != "" && line["reason"] == f.inLog)
}

func (f fate) of(id, email string) fate {
	f.postfixAccount = postfixAccount{id: id, email: email, name: "Zoë Müller", class: account.Password, locale: "en"}
	return f
}

func (f fate) ofClass(c account.Class) fate {
	f.class = c
	return f
}

func (f fate) to(address string) fate {
	f.correction = address
	return f
}

func (f fate) endingAs(s campaign.State, generation int) fate {
	f.end, f.generation = s, generation
	return f
}

func (f fate) readBy(mailboxes ...string) fate {
	f.readers = mailboxes
	return f
}

// correctedTo is for a correction that reaches its reader.
func (f fate) correctedTo(address string) fate {
	return f.to(address).endingAs(campaign.Accepted, 2).readBy(address)
}

// returnWorld is a Postfix that takes mail for anybody at its domains, finds out later
// what it cannot deliver, tries once, and writes its bounces to the return path.
type returnWorld struct {
	*postfixtest.Server
	hop   *smtptest.Server
	dead  *postfixtest.ClosedPort
	fates []fate
}

func newReturnWorld(t *testing.T) *returnWorld {
	t.Helper()
	w := &returnWorld{fates: fates(), dead: postfixtest.ClosePort(t)}
	var err error
	w.hop, err = smtptest.Start(smtptest.Options{Script: smtptest.Chain(
		smtptest.Greylist(1, "452 4.2.2 there is no room left", "soon@"+hopDomain), // until the next attempt
		smtptest.Refuse("552 5.2.2 there is no room left", "full@"+hopDomain))})
	noError(t, err)
	t.Cleanup(func() { noError(t, w.hop.Close()) })
	w.Server = postfixtest.Start(t, postfixtest.Options{
		Mailboxes: w.mailboxes(),
		Full:      []string{"full@south.example"},
		NextHops:  map[string]int{hopDomain: w.hop.Port(), deadDomain: w.dead.Port()},
		Settings: map[string]string{
			"smtpd_reject_unlisted_recipient": "no",
			"smtpd_recipient_restrictions":    "check_recipient_access inline:{ {refused@north.example = 550 5.1.1 she is not here any more} }",
			"relocated_maps":                  "inline:{ {moved@north.example = moved.new@south.example} }",
			"maximal_queue_lifetime":          "0", // one attempt
			"bounce_queue_lifetime":           "0",
			// A server that was down is asked again for the next message.
			"default_destination_concurrency_failed_cohort_limit": "0",
		},
	})
	return w
}

// mailboxes are those of the readers whose mail Postfix keeps itself.
func (w *returnWorld) mailboxes() []string {
	all := []string{postfixBounces}
	for _, f := range w.fates {
		for _, mailbox := range f.readers {
			if _, domain, _ := strings.Cut(mailbox, "@"); domain != hopDomain && domain != deadDomain {
				all = append(all, mailbox)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
