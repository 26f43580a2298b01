package online

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/check"
	"breachnotify/pkg/relay"
)

// RelayFacts are what the relay said.
type RelayFacts struct {
	Host          string        `json:"host"`
	Port          int           `json:"port"`
	Address       string        `json:"address"`       // IP address and port; empty: no session was opened
	TLS           *TLSFacts     `json:"tls"`           // nil: none, or not known
	Authenticated bool          `json:"authenticated"` // false also where no user is configured
	Offers        *Capabilities `json:"offers"`        // nil: not known
	SenderDomain  string        `json:"sender_domain"` // of MAIL FROM
	VERP          bool          `json:"verp"`          // MAIL FROM was tried with a token
	SenderTaken   bool          `json:"sender_taken"`
	Reply         string        `json:"reply"`          // to MAIL FROM, or what ended the session; addresses are masked
	LargestNotice int           `json:"largest_notice"` // octets
}

// Capabilities are the extensions that a relay offers.
type Capabilities struct {
	Pipelining bool `json:"pipelining"`
	Size       bool `json:"size"`
	Largest    int  `json:"largest"` // octets; 0: no limit is named
	DSN        bool `json:"dsn"`
	SMTPUTF8   bool `json:"smtputf8"`
}

// TLSFacts are how a session is encrypted.
type TLSFacts struct {
	Version  string    `json:"version"` // such as TLS 1.3
	Cipher   string    `json:"cipher"`
	Issuer   string    `json:"issuer"` // its organisation, or else its common name
	Names    []string  `json:"names"`  // that the certificate is for
	NotAfter time.Time `json:"not_after"`
}

// keyHost is the key under which findings about the relay stand.
const keyHost = "smtp.host"

// askRelay opens a session, tries the sender and ends the session. peer is the address
// that it was with; the zero one where there was none.
func (o Options) askRelay(ctx context.Context) (facts RelayFacts, found findings, peer netip.Addr) {
	s := o.Config.SMTP
	facts = RelayFacts{
		Host: s.Host, Port: s.Port, SenderDomain: o.envelopeDomain(), LargestNotice: o.largest(),
		VERP: s.VERP && !s.EnvelopeFrom.Address.IsZero(),
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeouts.Relay)
	defer cancel()
	session, out := o.Relay.Open(ctx)
	if session == nil {
		facts.Reply = said(out)
		r, key := openingRule(out.Stage)
		found.addFailure(r, key, fmt.Sprintf("%s: %s", stageWords[out.Stage], facts.Reply), out.Err)
		return facts, found, peer
	}
	// The goodbye comes after all that matters: its failure is of no consequence.
	defer func() { _ = session.Close() }()
	if address, err := netip.ParseAddrPort(session.Peer()); err == nil {
		peer = address.Addr().Unmap()
	}
	facts.Address, facts.Authenticated = session.Peer(), s.Username != ""
	facts.TLS = tlsFacts(session)
	offered := Capabilities(session.Capabilities())
	facts.Offers = &offered
	o.judgeTLS(facts, &found)
	o.judgeOffers(facts, &found)
	o.trySender(ctx, session, &facts, &found)
	return facts, found, peer
}

// openingRule is the rule that a session breaks which is not opened, and the key that it
// is about.
func openingRule(stage relay.Stage) (r check.Rule, key string) {
	switch stage {
	case relay.StageSTARTTLS:
		return relayTLS, "smtp.tls"
	case relay.StageAuth:
		return relayAuth, "smtp.username"
	}
	return relayUnreachable, keyHost
}

var stageWords = map[relay.Stage]string{
	relay.StageConnect:  "the relay cannot be reached",
	relay.StageBanner:   "the relay does not greet",
	relay.StageEHLO:     "the relay does not take EHLO",
	relay.StageSTARTTLS: "the session cannot be encrypted",
	relay.StageAuth:     "AUTH fails",
}

// said is what ended a stage, on one line and without addresses.
func said(out relay.Outcome) string {
	switch {
	case errors.Is(out.Err, context.DeadlineExceeded), errors.Is(out.Err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case out.Reply.Code != 0 || out.Err == nil:
		return account.MaskText(out.Reply.String())
	}
	return shown(account.MaskText(out.Err.Error()))
}

func tlsFacts(session *relay.Session) *TLSFacts {
	state, encrypted := session.TLS()
	if !encrypted || len(state.PeerCertificates) == 0 {
		return nil
	}
	certificate := state.PeerCertificates[0]
	return &TLSFacts{
		Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite),
		Issuer: issuer(certificate), Names: names(certificate), NotAfter: certificate.NotAfter.UTC(),
	}
}

func issuer(c *x509.Certificate) string {
	if len(c.Issuer.Organization) > 0 {
		return shown(c.Issuer.Organization[0])
	}
	return shown(c.Issuer.CommonName)
}

func names(c *x509.Certificate) []string {
	all := []string{}
	for _, name := range c.DNSNames {
		all = append(all, shown(name))
	}
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	return all
}

func (o Options) judgeTLS(facts RelayFacts, found *findings) {
	switch {
	case facts.TLS == nil:
		found.add(relayClear, "smtp.tls", "the session with the relay is in clear")
	case endsSoon(facts.TLS.NotAfter, o.Now()):
		found.add(relayCertificate, keyHost, "the certificate of the relay ends on %s", facts.TLS.NotAfter.Format(time.DateOnly))
	}
}

func (o Options) judgeOffers(facts RelayFacts, found *findings) {
	offers := facts.Offers
	if offers.Largest > 0 && facts.LargestNotice > offers.Largest {
		found.add(relaySize, keyHost, "a notice has %d octets, and the relay takes %d", facts.LargestNotice, offers.Largest)
	}
	for _, e := range []struct {
		needed, offered bool
		rule            check.Rule
		key             string
	}{
		{o.Config.SMTP.SMTPUTF8, offers.SMTPUTF8, relaySMTPUTF8, "smtp.smtputf8"},
		{true, offers.Pipelining, relayPipelining, keyHost},
		{true, offers.Size, relaySizeUnsaid, keyHost},
		{true, offers.DSN, relayDSN, keyHost},
	} {
		if e.needed && !e.offered {
			found.add(e.rule, e.key, "%s", e.rule.Summary)
		}
	}
}

// trySender asks whether the relay takes the sender. A message too large for it is not
// spoken of: that is judged by itself.
func (o Options) trySender(ctx context.Context, session *relay.Session, facts *RelayFacts, found *findings) {
	address, token := o.sender()
	e := relay.Envelope{ID: token, From: address}
	if limit := facts.Offers.Largest; limit == 0 || facts.LargestNotice <= limit {
		e.Size = facts.LargestNotice
	}
	out := session.TryMail(ctx, e)
	facts.SenderTaken = out.Effect == relay.Continue && out.Reply.Code/100 == 2
	facts.Reply = said(out)
	switch {
	case facts.SenderTaken:
	case out.Reply.Code/100 == 4:
		found.add(relayPutOff, o.envelopeKey(), "the relay puts MAIL FROM off: %s", facts.Reply)
	case out.Reply.Code/100 == 5:
		found.add(relaySender, o.envelopeKey(), "the relay refuses MAIL FROM: %s", facts.Reply)
	default:
		found.add(relayUnreachable, keyHost, "the relay does not answer MAIL FROM: %s", facts.Reply)
	}
}
