package report

import (
	"breachnotify/pkg/bounce"
	"breachnotify/pkg/campaign"
)

// reasonWords are the reasons of package bounce in words.
var reasonWords = map[string]string{
	bounce.ReasonNoMailbox:    "the mailbox does not exist",
	bounce.ReasonNoDomain:     "the domain does not exist or takes no mail",
	bounce.ReasonInactive:     "the mailbox is suspended, disabled or expired",
	bounce.ReasonMoved:        "the mailbox has another address now",
	bounce.ReasonMailboxFull:  "the mailbox is full",
	bounce.ReasonRefused:      "the recipient's side does not want this mail",
	bounce.ReasonSpam:         "it was taken for spam",
	bounce.ReasonVirus:        "it was taken for dangerous",
	bounce.ReasonReputation:   "the sending host or domain is blocked",
	bounce.ReasonAuth:         "the sender could not be verified (SPF, DKIM or DMARC)",
	bounce.ReasonPolicy:       "a policy of the recipient's mail system",
	bounce.ReasonTooLarge:     "it was too large",
	bounce.ReasonRate:         "too much mail, or too fast",
	bounce.ReasonRelay:        "the server does not take mail for this domain",
	bounce.ReasonNetwork:      "the recipient's mail system could not be reached",
	bounce.ReasonSystem:       "the recipient's mail system was out of order",
	bounce.ReasonExpired:      "it was tried for too long",
	bounce.ReasonLoop:         "it went round in a circle",
	bounce.ReasonContent:      "the form of the message was refused",
	bounce.ReasonComplaint:    "the recipient called it spam",
	bounce.ReasonUnsubscribed: "the mail provider has the address on a list of those not to be written to",
}

// findingWords are what came back, by its kind.
var findingWords = map[campaign.FindingKind]string{
	campaign.FoundBounce:    "reports of failure",
	campaign.FoundDelay:     "reports of delay; still being tried",
	campaign.FoundFeedback:  "complaints: the reader called it spam",
	campaign.FoundAutoReply: "automatic answers, such as vacation notices",
	campaign.FoundDelivered: "confirmations of delivery",
	campaign.FoundQueued:    "entries of the relay's log that confirm a hand-over",
	campaign.FoundOther:     "other messages",
}

// pauseWords say how a pause for a page ended.
var pauseWords = map[campaign.PauseEnd]string{
	campaign.PauseOpen:     "it goes on",
	campaign.PauseAnswered: "the page answered again",
	campaign.PauseStopped:  "the run ended before the page answered",
	campaign.PauseLost:     "nobody knows: the run ended without a word",
}

// stateNames and the names below are the headings of columns.
var stateNames = map[campaign.State]string{
	campaign.Pending: "Pending", campaign.Sending: "Sending", campaign.Accepted: "Accepted", campaign.Deferred: "Deferred",
	campaign.Rejected: "Rejected", campaign.Bounced: "Bounced", campaign.InDoubt: "In doubt",
}
