package campaign

import "strings"

// TLSMode says how a session with the relay is protected.
type TLSMode string

// The modes. There is none that skips the verification of a certificate.
const (
	StartTLS    TLSMode = "starttls" // RFC 3207; the default; never falls back to clear
	ImplicitTLS TLSMode = "implicit" // RFC 8314 section 3.3
	NoTLS       TLSMode = "none"     // loopback only
)

// The ports that a mode means where none is given.
const (
	portRelay       = 25
	portSubmissions = 465
	portSubmission  = 587
)

// SMTP says which relay takes the notices, and how it is spoken to.
type SMTP struct {
	Host          string   `yaml:"host"`
	Port          int      `yaml:"port"` // default: 587, 465 with tls implicit, 25 with tls none
	TLS           TLSMode  `yaml:"tls"`
	CAFile        string   `yaml:"ca_file"` // PEM certificates, added to the system's roots
	Username      string   `yaml:"username"`
	Secret                 // the password that goes with it
	Connections   int      `yaml:"connections"`             // default 10
	PerConnection int      `yaml:"messages_per_connection"` // after which another is opened; default 0: any number
	PerDomain     int      `yaml:"connections_per_domain"`  // at the same time to one destination; default 0: any number
	EnvelopeFrom  Sender   `yaml:"envelope_from"`           // where bounces go; default: the address of notice.from
	VERP          bool     `yaml:"verp"`                    // puts the notice's token into envelope_from; default true
	DKIM          *DKIM    `yaml:"dkim"`                    // nil: notices are not signed here
	SMTPUTF8      bool     `yaml:"smtputf8"`                // the relay takes non-ASCII local parts (RFC 6531); default false
	LocalName     string   `yaml:"local_name"`              // for EHLO; default: the name of the host
	Timeouts      Timeouts `yaml:"timeouts"`
}

// Bounces says how the mailbox to which bounces come is opened by IMAP. The user stands
// in the URL that is given to the command.
type Bounces struct {
	CAFile string `yaml:"ca_file"` // PEM certificates, added to the system's roots
	Secret
}

// DKIM says how notices are signed (RFC 6376).
type DKIM struct {
	Domain   string `yaml:"domain"`
	Selector string `yaml:"selector"`
	KeyFile  string `yaml:"key_file"`
}

// Timeouts bounds the stages of a session (RFC 5321 section 4.5.3.2). Zero is the
// default of package relay.
type Timeouts struct {
	Connect  Duration `yaml:"connect"`
	Banner   Duration `yaml:"banner"`
	EHLO     Duration `yaml:"ehlo"`
	STARTTLS Duration `yaml:"starttls"`
	Auth     Duration `yaml:"auth"`
	Mail     Duration `yaml:"mail"`
	Rcpt     Duration `yaml:"rcpt"`
	Data     Duration `yaml:"data"`
	Block    Duration `yaml:"block"` // one write of the body
	Dot      Duration `yaml:"dot"`
	Quit     Duration `yaml:"quit"`
}

// EnvelopeSender returns the address for MAIL FROM of the notice with this id (the
// token of Key.NoticeID): envelope_from, with the token after a plus where verp is
// on; without envelope_from the plain address of notice.from.
func (c *Config) EnvelopeSender(noticeID string) string {
	from := c.SMTP.EnvelopeFrom.Address
	switch {
	case from.IsZero():
		return c.Notice.From.Address.Wire()
	case !c.SMTP.VERP:
		return from.Wire()
	}
	local := strings.TrimSuffix(from.Wire(), "@"+from.Domain())
	return local + "+" + noticeID + "@" + from.Domain()
}

// defaultPort gives the port that belongs to the mode where none was given.
func (s *SMTP) defaultPort() {
	if s.Port != 0 {
		return
	}
	switch s.TLS {
	case ImplicitTLS:
		s.Port = portSubmissions
	case NoTLS:
		s.Port = portRelay
	default:
		s.Port = portSubmission
	}
}
