package online

import (
	"cmp"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"net"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/relay"
)

// Options are what is asked about.
type Options struct {
	Config *campaign.Config // valid
	Relay  *relay.Relay     // of Config
	// DKIM is the public part of the key that notices are signed with; nil: Config has no
	// smtp.dkim.
	DKIM crypto.PublicKey
	// Messages are notices as they would go out, signed where Config has smtp.dkim. They
	// are measured and their signatures verified; none is sent.
	Messages []notice.Message
	Resolver *net.Resolver    // see NewResolver
	Timeouts Timeouts         // zero ones are the defaults
	Now      func() time.Time // nil: time.Now

	// RootCAs are the authorities that vouch for the pages; nil: the system's.
	RootCAs *x509.CertPool
	// Dial opens the connections to the pages; nil: those to the addresses that Resolver
	// gives.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Timeouts bound what is waited for. A zero one is the default.
type Timeouts struct {
	DNS   time.Duration // 10 s: everything that one question needs of DNS
	Relay time.Duration // 20 s: the whole session, but for a QUIT without an answer
	Page  time.Duration // 10 s: one page with its redirects
}

// Validate returns what keeps o from being asked.
func (o Options) Validate() error {
	switch {
	case o.Config == nil || o.Relay == nil || o.Resolver == nil:
		return errors.New("the configuration, the relay and a resolver are needed")
	case len(o.Messages) == 0:
		return errors.New("there is no notice to measure")
	case (o.DKIM == nil) != (o.Config.SMTP.DKIM == nil):
		return errors.New("the configuration and the DKIM key do not belong together")
	case o.Timeouts.DNS < 0 || o.Timeouts.Relay < 0 || o.Timeouts.Page < 0:
		return errors.New("a time-out is negative")
	}
	return nil
}

func (o Options) withDefaults() Options {
	o.Timeouts = Timeouts{
		DNS:   cmp.Or(o.Timeouts.DNS, 10*time.Second),
		Relay: cmp.Or(o.Timeouts.Relay, 20*time.Second),
		Page:  cmp.Or(o.Timeouts.Page, 10*time.Second),
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// sender returns the envelope sender of a notice, with a token where VERP is on. The
// token is of no notice: campaigns make theirs with keys of their own.
func (o Options) sender() (address, token string) {
	token = campaign.Key{}.NoticeID(1)
	return o.Config.EnvelopeSender(token), token
}

// envelopeDomain returns the domain that SPF is about and to which bounces come.
func (o Options) envelopeDomain() string {
	if from := o.Config.SMTP.EnvelopeFrom.Address; !from.IsZero() {
		return from.Domain()
	}
	return o.fromDomain()
}

// fromDomain returns the domain that readers see.
func (o Options) fromDomain() string { return o.Config.Notice.From.Address.Domain() }

// envelopeKey is the key of the configuration that the envelope sender comes from.
func (o Options) envelopeKey() string {
	if o.Config.SMTP.EnvelopeFrom.Address.IsZero() {
		return "notice.from"
	}
	return "smtp.envelope_from"
}

// largest returns the octets of the largest message.
func (o Options) largest() int {
	size := 0
	for _, m := range o.Messages {
		size = max(size, len(m.Bytes))
	}
	return size
}
