package bounce

// The reasons: why mail does not reach an address, in classes coarse enough that
// each asks for one thing to be done. A feed maps its own words to them.
const (
	ReasonNoMailbox    = "no_mailbox"   // the address does not exist
	ReasonNoDomain     = "no_domain"    // the domain does not exist or takes no mail
	ReasonInactive     = "inactive"     // the mailbox is suspended, disabled or expired
	ReasonMoved        = "moved"        // the mailbox has another address now
	ReasonMailboxFull  = "mailbox_full" // over quota
	ReasonRefused      = "refused"      // the recipient or the recipient's filter wants no mail from us
	ReasonSpam         = "spam"         // the content looked like spam
	ReasonVirus        = "virus"        // the content looked dangerous
	ReasonReputation   = "reputation"   // the sending host or domain is blocked
	ReasonAuth         = "auth"         // SPF, DKIM or DMARC failed
	ReasonPolicy       = "policy"       // a policy of the receiving system
	ReasonTooLarge     = "too_large"    // the message exceeds a limit
	ReasonRate         = "rate"         // too much, too fast, or greylisted
	ReasonRelay        = "relay"        // the server takes no mail for that domain
	ReasonNetwork      = "network"      // no connection, no DNS answer, no TLS
	ReasonSystem       = "system"       // the receiving system is out of order
	ReasonExpired      = "expired"      // tried for too long
	ReasonLoop         = "loop"         // the mail went round in a circle
	ReasonContent      = "content"      // the message's form was refused
	ReasonComplaint    = "complaint"    // feedback: the recipient called it spam
	ReasonVacation     = "vacation"     // automatic answer: the recipient is away
	ReasonChallenge    = "challenge"    // automatic answer: asks the sender to prove something
	ReasonUnsubscribed = "unsubscribed" // the provider holds the address on a list of those not to mail
)
