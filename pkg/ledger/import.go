package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"breachnotify/pkg/campaign"
)

// importRows is how many findings one commit takes. A crash loses no more than these,
// and to import again brings them back.
const importRows = 500

// Import keeps findings and does to the notices what they say (campaign.Finding.Effect).
// Each is kept once: one with the Digest, Recipient and Kind of another changes nothing, so
// that a mailbox can be imported again and again, and in any order. Findings are written
// in small commits, from the first on; after an error, that of findings included, those
// before are in the ledger, as Imported says.
//
// A finding belongs to the notice that a token, the Message-ID or X-Notice-ID names, in
// this order, where the campaign's key has signed it. Whatever generation that is, its
// history alone changes. A token that is not ours is ignored and counted, and ends the
// search unless a Message-ID is ours: the mail answers another campaign, or is forged.
//
// Without any such sign the Recipient decides; the only one of Addresses to which
// anything was sent does so only where the finding names nobody and bears no token. Only
// notices count that may have been handed over, and before the finding was made. Where
// exactly one is left, or one that has not bounced yet, it is the one. Where several are
// left the finding belongs to none of them, unless it says that the mailbox is gone
// (campaign.Finding.Gone): that is true of them all. A finding about another message, by
// its Message-ID, its notice id or its Sender, belongs to none, even if the mailbox is
// gone. A delivery never matches by an address: it may be that of any mail.
//
// A notice that is accepted when all of this is in takes back the accounts that a resend
// has put into others which have not been tried: these are withdrawn from them, and a
// notice that loses all of its accounts so is history. What was tried stays. If the import
// breaks off, the next Import, Begin, Recover or End does so.
//
// What belongs to no notice is kept for Findings, with the reason, except for deliveries
// of other mail, of which a log is full. A finding about a notice whose reply is not
// known waits until it is.
//
// Outside a run, what a dead process left as sending becomes in doubt first, as in Recover.
// Import returns an error for a finding without a Digest or of an unknown Kind.
func (l *Ledger) Import(ctx context.Context, at time.Time, findings iter.Seq2[campaign.Finding, error]) (campaign.Imported, error) {
	if l.run.Load() == 0 {
		if _, err := l.Recover(ctx, at); err != nil {
			return newImported(), err
		}
	}
	total, err := l.importAll(ctx, at, findings)
	if errors.Is(err, ErrStopped) {
		return total, err
	}
	withdrawn := l.writer.do(context.WithoutCancel(ctx), func(w *writer) (err error) {
		total.Withdrawn, err = w.withdraw(at)
		return err
	})
	if withdrawn != nil {
		err = errors.Join(err, fmt.Errorf("withdraw what need not be sent: %w", withdrawn))
	}
	return total, err
}

// importAll keeps the findings, and returns those that were.
func (l *Ledger) importAll(ctx context.Context, at time.Time, findings iter.Seq2[campaign.Finding, error]) (campaign.Imported, error) {
	total := newImported()
	flush := func(page []campaign.Finding) error {
		part, err := l.importPage(ctx, at, page)
		if err != nil {
			return fmt.Errorf("import findings: %w", err)
		}
		add(&total, part)
		return nil
	}
	var page []campaign.Finding
	for f, err := range findings {
		if err == nil {
			err = checkFinding(f)
		}
		if err != nil {
			err = errors.Join(flush(page), err) // what came before it counts
			return total, err
		}
		if page = append(page, f); len(page) == importRows {
			if err := flush(page); err != nil {
				return total, err
			}
			page = page[:0]
		}
	}
	err := flush(page)
	return total, err
}

func checkFinding(f campaign.Finding) error {
	switch {
	case f.Digest == "":
		return fmt.Errorf("import finding %d of %s: it has no digest", f.Place.Number, f.Place.File)
	case !slices.Contains(campaign.FindingKinds(), f.Kind):
		return fmt.Errorf("import finding %d of %s: want a kind of %v", f.Place.Number, f.Place.File, campaign.FindingKinds())
	}
	return nil
}

func (l *Ledger) importPage(ctx context.Context, at time.Time, page []campaign.Finding) (part campaign.Imported, err error) {
	if len(page) == 0 {
		return newImported(), ctx.Err()
	}
	err = l.writer.do(ctx, func(w *writer) error {
		part = newImported() // a group of writes may be tried again
		i, err := newImporter(w, l.plan.key(), at)
		if err != nil {
			return err
		}
		defer i.close()
		for _, f := range page {
			if err := i.take(f, &part); err != nil {
				return err
			}
		}
		s, err := w.settle(at)
		part.Bounced += s.moved[campaign.Bounced]
		part.Confirmed += s.moved[campaign.Accepted]
		part.Earlier += s.history
		return err
	})
	return part, err
}

func newImported() campaign.Imported {
	counts := campaign.Imported{ByKind: map[campaign.FindingKind]int64{}}
	for _, kind := range campaign.FindingKinds() {
		counts.ByKind[kind] = 0
	}
	return counts
}

func add(total *campaign.Imported, part campaign.Imported) {
	total.Read += part.Read
	total.New += part.New
	total.Known += part.Known
	total.Unrelated += part.Unrelated
	total.Bounced += part.Bounced
	total.Confirmed += part.Confirmed
	total.Earlier += part.Earlier
	total.Waiting += part.Waiting
	total.Foreign += part.Foreign
	total.Unmatched += part.Unmatched
	for kind, n := range part.ByKind {
		total.ByKind[kind] += n
	}
}

const insertFinding = `INSERT INTO findings (digest, recipient, source, kind, message_id, action, status, permanence,
		final, reason, diagnostic, at, imported, file, place, matched, mismatch)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest, recipient, kind) DO NOTHING`

// importer writes the findings of one commit.
type importer struct {
	w               *writer
	at              time.Time
	match           *matcher
	finding, effect *sql.Stmt
}

func newImporter(w *writer, key campaign.Key, at time.Time) (i *importer, err error) {
	i = &importer{w: w, at: at}
	defer func() {
		if err != nil {
			i.close()
		}
	}()
	ctx := context.Background()
	if i.match, err = newMatcher(ctx, w.conn, key); err != nil {
		return nil, err
	}
	if i.finding, err = w.conn.PrepareContext(ctx, insertFinding); err != nil {
		return nil, err
	}
	i.effect, err = w.conn.PrepareContext(ctx, "INSERT INTO effects (notice, finding, effect) VALUES (?, ?, ?)")
	return i, err
}

// close frees the statements. That they cannot be freed would be no news about the
// findings.
func (i *importer) close() {
	if i.match != nil {
		i.match.close()
	}
	for _, statement := range []*sql.Stmt{i.finding, i.effect} {
		if statement != nil {
			_ = statement.Close()
		}
	}
}

// take writes one finding and what it does.
func (i *importer) take(f campaign.Finding, counts *campaign.Imported) error {
	counts.Read++
	f = bounded(f)
	m, err := i.match.find(f)
	if err != nil {
		return err
	}
	if m.unrelated {
		counts.Unrelated++
		return nil
	}
	number, isNew, err := i.keep(f, m)
	if err != nil {
		return err
	}
	if !isNew {
		counts.Known++
		return nil
	}
	counts.New++
	counts.ByKind[f.Kind]++
	counts.Foreign += one(m.foreign)
	counts.Unmatched += one(m.mismatch != "")
	for _, to := range m.notices {
		if err := i.applyTo(to, number, f, counts); err != nil {
			return err
		}
	}
	return nil
}

// keep stores a finding, unless it is known.
func (i *importer) keep(f campaign.Finding, m matched) (number int64, isNew bool, err error) {
	result, err := i.finding.Exec(f.Digest, f.Recipient, f.Source, string(f.Kind), f.MessageID, f.Action, f.Status,
		string(f.Permanence), one(f.Final), f.Reason, f.Diagnostic, optional(f.At), micros(i.at), f.Place.File,
		max(f.Place.Number, 0), nullable(string(m.by)), nullable(string(m.mismatch)))
	if err != nil {
		return 0, false, err
	}
	changed, err := result.RowsAffected()
	if err != nil || changed == 0 {
		return 0, false, err
	}
	number, err = result.LastInsertId()
	return number, true, err
}

func (i *importer) applyTo(n told, number int64, f campaign.Finding, counts *campaign.Imported) error {
	o, err := i.w.effect(n, f, i.at)
	if err != nil {
		return err
	}
	counts.Bounced += one(o.to == campaign.Bounced)
	counts.Confirmed += one(o.to == campaign.Accepted)
	counts.Earlier += one(o.history && o.to == campaign.Bounced)
	counts.Waiting += one(o.effect == effectWaiting)
	_, err = i.effect.Exec(n.Seq, number, o.effect)
	return err
}
