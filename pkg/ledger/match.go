package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// How much of a finding is looked at.
const (
	maxTokens    = 100
	maxAddresses = 50

	// clockSkew is how much earlier than the notice a finding may say that it was made:
	// clocks differ, and the Date of a notice is when it was planned, if that was fresh.
	clockSkew = time.Hour
)

// told is a notice that a finding may be about.
type told struct {
	Seq     int64
	State   campaign.State
	Address string
	Dated   sql.NullInt64
	Current bool
}

// matched is what a finding belongs to: by and notices, or mismatch, or unrelated.
type matched struct {
	notices   []told
	by        campaign.Match
	mismatch  campaign.Mismatch
	foreign   bool // it bears a token that is not ours
	unrelated bool // a delivery of other mail
}

// matcher finds the notices that findings are about.
type matcher struct {
	key              campaign.Key
	bySeq, byMailbox *sqlx.Stmt
}

// Every notice about an account of a mailbox: those of the plan, later ones, and later ones
// by a correction. One may come several times, and one that went to another mailbox of
// the account as well.
const (
	isTold = `o.seq, o.state, o.address, o.dated, o.current FROM `

	noticesOfMailbox = `SELECT ` + isTold + `accounts a CROSS JOIN notices o ON o.lead = coalesce(a.lead, a.n) AND o.generation = 1
			WHERE a.box = ?1 AND coalesce(a.mailbox, a.address) = ?2
		UNION ALL SELECT ` + isTold + `accounts a CROSS JOIN members m ON m.account = a.n CROSS JOIN notices o ON o.seq = m.notice
			WHERE a.box = ?1 AND coalesce(a.mailbox, a.address) = ?2
		UNION ALL SELECT ` + isTold + `corrections c CROSS JOIN members m ON m.account = c.account CROSS JOIN notices o ON o.seq = m.notice
			WHERE c.box = ?1 AND c.mailbox = ?2`
)

func newMatcher(ctx context.Context, conn *sqlx.Conn, key campaign.Key) (*matcher, error) {
	bySeq, err := conn.PreparexContext(ctx, "SELECT seq, state, address, dated, current FROM notices WHERE seq = ?")
	if err != nil {
		return nil, err
	}
	byMailbox, err := conn.PreparexContext(ctx, noticesOfMailbox)
	if err != nil {
		return nil, errors.Join(err, bySeq.Close())
	}
	return &matcher{key: key, bySeq: bySeq, byMailbox: byMailbox}, nil
}

func (m *matcher) close() {
	_ = m.bySeq.Close()
	_ = m.byMailbox.Close()
}

// find returns what a finding belongs to, by the rules of Ledger.Import.
func (m *matcher) find(f campaign.Finding) (matched, error) {
	seq, by, foreign := m.signed(f)
	found := matched{by: by, foreign: foreign}
	switch {
	case by != "":
		var notice told
		err := m.bySeq.Get(&notice, seq)
		if errors.Is(err, sql.ErrNoRows) {
			return matched{mismatch: campaign.MissingNotice}, nil
		}
		found.notices = []told{notice}
		return found, err
	case f.Kind == campaign.FoundDelivered || f.Kind == campaign.FoundQueued:
		found.unrelated = true
		return found, nil
	case foreign:
		found.mismatch = campaign.ForeignToken
		return found, nil
	}
	return m.byAddress(f)
}

// signed returns the notice that the key vouches for, or none; foreign says that there
// were tokens, and none of them ours.
func (m *matcher) signed(f campaign.Finding) (seq int64, by campaign.Match, foreign bool) {
	for _, token := range f.Tokens[:min(len(f.Tokens), maxTokens)] {
		if seq, err := m.key.Seq(token); err == nil {
			return seq, campaign.MatchToken, false
		}
		foreign = foreign || campaign.LooksLikeToken(token)
	}
	id, _, _ := strings.Cut(strings.Trim(f.MessageID, "<> "), "@")
	if seq, err := m.key.Seq(id); err == nil {
		return seq, campaign.MatchMessageID, foreign
	}
	if seq, err := m.key.Seq(strings.TrimSpace(f.NoticeID)); err == nil {
		return seq, campaign.MatchNoticeID, foreign
	}
	return 0, "", foreign
}

// byAddress looks for notices to the recipient. The addresses of the text count only where
// the finding names nobody and bears no token: who is quoted, copied or recommended in a
// report about somebody else did not bounce. So a report that names the mailbox behind an
// alias matches by what the key has signed, or not at all.
func (m *matcher) byAddress(f campaign.Finding) (matched, error) {
	var addresses []string
	switch {
	case f.Recipient != "":
		addresses = []string{f.Recipient}
	case len(f.Tokens) > 0: // it answers a message that is not ours
	case len(f.Addresses) > maxAddresses: // whether only one is ours, nobody looks
		return matched{mismatch: campaign.AmbiguousNotice}, nil
	default:
		addresses = f.Addresses
	}
	notices, err := m.sentTo(addresses, f.At)
	switch {
	case err != nil:
		return matched{}, err
	case len(notices) == 0:
		return matched{mismatch: campaign.NoMatch}, nil
	case len(notices) > 1: // several mailboxes
		return matched{mismatch: campaign.AmbiguousNotice}, nil
	}
	return choose(f, notices[0]), nil
}

// sentTo returns the notices to each mailbox of addresses that has any.
func (m *matcher) sentTo(addresses []string, at time.Time) (found [][]told, err error) {
	seen := map[string]bool{}
	for _, text := range addresses {
		address, err := account.ParseAddress(text)
		mailbox := address.Mailbox()
		if err != nil || seen[mailbox] {
			continue
		}
		seen[mailbox] = true
		var all, fit []told
		if err := m.byMailbox.Select(&all, boxOf(mailbox), mailbox); err != nil {
			return nil, err
		}
		slices.SortFunc(all, func(a, b told) int { return cmp.Compare(a.Seq, b.Seq) })
		for _, n := range slices.Compact(all) {
			to, err := account.ParseAddress(n.Address)
			if err == nil && to.Mailbox() == mailbox && n.mayMean(at) {
				fit = append(fit, n)
			}
		}
		if len(fit) > 0 {
			found = append(found, fit)
		}
	}
	return found, nil
}

// mayMean reports whether what somebody said at a moment (zero: nobody knows when) can be
// about the notice: whether it may have been handed over, and before that.
func (n told) mayMean(at time.Time) bool {
	switch n.State {
	case campaign.Sending, campaign.Accepted, campaign.InDoubt, campaign.Bounced:
		return at.IsZero() || !at.Add(clockSkew).Before(optionalMoment(n.Dated))
	}
	return false
}

// choose decides between the notices to one mailbox, of which there is at least one. A
// sender, a Message-ID or a notice's id that is not ours is that of another message, even
// if the mailbox is gone: whoever wrote to it then was not us.
func choose(f campaign.Finding, notices []told) matched {
	if f.MessageID != "" || f.NoticeID != "" || f.Sender != "" {
		return matched{mismatch: campaign.OtherMessage}
	}
	var current []told
	for _, n := range notices {
		if n.Current {
			current = append(current, n)
		}
	}
	// All of them were sent before. Where it is known when this was said, what is replaced
	// has had its say.
	if len(current) > 0 && !f.At.IsZero() {
		notices = current
	}
	if len(notices) > 1 && !f.Gone() {
		return matched{mismatch: campaign.AmbiguousNotice}
	}
	return matched{notices: notices, by: campaign.MatchAddress}
}
