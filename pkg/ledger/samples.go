package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/campaign"
)

// How many rows Telling looks at. A table of accounts that is larger is looked at in
// pieces from all over it, so that what only a later part of an export has is seen too.
const (
	tellingAccounts = 100_000 // rows of accounts
	tellingPieces   = 50
	tellingIndex    = 200_000 // entries of an index
)

// First is a class of notices in one language with a notice to look at.
type First struct {
	Kind
	Accounts int64 // that the export has of this kind
	// Notice is one of the first of its kind in the order of the export. Its Seq is 0
	// where each of the accounts shares a notice in another language.
	Notice campaign.Notice
}

// Firsts returns the classes and languages of the plan, password before SSO. The sum of
// their accounts is that of all accounts with a notice.
func (r *Reader) Firsts(ctx context.Context) ([]First, error) {
	var firsts []First
	err := r.view(ctx, func(tx *sqlx.Tx) error {
		var rows []struct {
			Kind
			Accounts int64
			Seq      sql.NullInt64
		}
		// The examples of the verdicts are few. Where all of them are in notices of
		// another kind, the notices themselves are searched.
		err := tx.SelectContext(ctx, &rows, `SELECT class, locale, accounts, coalesce(
				(SELECT min(o.seq) FROM verdicts w CROSS JOIN examples e ON e.verdict = w.number
					CROSS JOIN accounts a ON a.n = e.account CROSS JOIN notices o ON o.seq = `+lastNotice+`
					WHERE w.excluded IS NULL AND w.class = v.class AND w.locale = v.locale
					AND o.class = v.class AND o.locale = v.locale),
				(SELECT seq FROM notices o WHERE o.class = v.class AND o.locale = v.locale ORDER BY seq LIMIT 1)) AS seq
			FROM (SELECT class, locale, sum(accounts) AS accounts FROM verdicts
				WHERE excluded IS NULL GROUP BY class, locale) v
			WHERE accounts > 0 ORDER BY class, locale`)
		if err != nil {
			return err
		}
		for _, row := range rows {
			first := First{Kind: row.Kind, Accounts: row.Accounts}
			if row.Seq.Valid {
				if first.Notice, err = r.one(ctx, tx, "WHERE seq = ?", row.Seq); err != nil {
					return err
				}
			}
			firsts = append(firsts, first)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the first notices: %w", err)
	}
	return firsts, nil
}

// Trait is what makes a notice worth a look before all are sent.
type Trait string

// The traits, in the order in which they are shown.
const (
	LongestName Trait = "longest_name"
	NoName      Trait = "no_name"
	OddName     Trait = "odd_name"      // a name with a link, markup or a line break in it
	RightToLeft Trait = "right_to_left" // a name that is written from right to left
	IDN         Trait = "idn"           // an address at a domain with letters beyond ASCII
	Several     Trait = "several"       // the most accounts in one notice
	BothClasses Trait = "both_classes"  // a mailbox that gets a notice of each class
)

// Traits lists the traits.
func Traits() []Trait {
	return []Trait{LongestName, NoName, OddName, RightToLeft, IDN, Several, BothClasses}
}

// Telling is what was found in a plan.
type Telling struct {
	// Notices holds one notice for each trait that was found; for BothClasses two,
	// password before SSO.
	Notices map[Trait][]campaign.Notice
	// Whole says that every name and address was looked at: a trait of these that was not
	// found is not there.
	Whole bool
}

// Telling looks for notices with traits. What it reads is bounded, so that it takes no
// longer in a plan of ten million notices: names and addresses are those of 100,000
// accounts from all over the export, and accounts that share a mailbox are found among
// 200,000 entries of the index of mailboxes. The same plan gives the same notices.
func (r *Reader) Telling(ctx context.Context) (Telling, error) {
	t := Telling{Notices: map[Trait][]campaign.Notice{}}
	err := r.view(ctx, func(tx *sqlx.Tx) error {
		found := sightings{}
		for _, trait := range Traits() {
			found[trait] = &sighting{}
		}
		var err error
		if t.Whole, err = found.scan(ctx, tx); err != nil {
			return err
		}
		for trait, query := range map[Trait]string{Several: mostAccounts, BothClasses: bothClasses} {
			if err := tx.SelectContext(ctx, &found[trait].accounts, query, tellingIndex); err != nil {
				return err
			}
		}
		for trait, s := range found {
			for _, n := range s.accounts {
				notice, err := r.one(ctx, tx, `WHERE seq = (SELECT `+lastNotice+` FROM accounts a WHERE n = ?)`, n)
				if err != nil {
					return err
				}
				t.Notices[trait] = append(t.Notices[trait], notice)
			}
		}
		return nil
	})
	if err != nil {
		return Telling{}, fmt.Errorf("look for telling notices: %w", err)
	}
	return t, nil
}

// The accounts whose notices have a trait that an index tells. A mailbox is hashed, so
// that the first entries of the index are a random choice, with all accounts of each.
const (
	mostAccounts = `SELECT lead FROM (SELECT lead FROM accounts WHERE lead IS NOT NULL ORDER BY lead LIMIT ?)
		GROUP BY lead ORDER BY count(*) DESC, lead LIMIT 1`
	bothClasses = `WITH shared AS (
			SELECT box FROM (SELECT box FROM accounts WHERE box IS NOT NULL ORDER BY box LIMIT ?)
			GROUP BY box HAVING count(*) > 1 LIMIT 1000),
		told AS (SELECT a.n, v.class, coalesce(a.mailbox, a.address) AS mailbox
			FROM shared CROSS JOIN accounts a USING (box) CROSS JOIN verdicts v ON v.number = a.verdict
			WHERE v.excluded IS NULL)
		SELECT min(n) FROM told WHERE mailbox =
			(SELECT mailbox FROM told GROUP BY mailbox HAVING count(DISTINCT class) > 1 ORDER BY min(n) LIMIT 1)
		GROUP BY class ORDER BY class`
)

// sightings are, for each trait, the best account so far.
type sightings map[Trait]*sighting

type sighting struct {
	accounts []int64
	weight   int
}

// see takes the account n if it has more of the trait than those before.
func (s sightings) see(trait Trait, n int64, weight int) {
	if weight > s[trait].weight {
		*s[trait] = sighting{[]int64{n}, weight}
	}
}

// account sees the traits that an account has by itself.
func (s sightings) account(n int64, name, address string) {
	s.see(LongestName, n, utf8.RuneCountInString(name))
	s.see(NoName, n, whether(strings.TrimSpace(name) == ""))
	s.see(OddName, n, whether(strings.ContainsAny(name, "<>{}\r\n") || strings.Contains(name, "://")))
	s.see(RightToLeft, n, whether(strings.ContainsFunc(name, rightToLeft)))
	s.see(IDN, n, whether(strings.Contains(address[strings.LastIndexByte(address, '@')+1:], "xn--")))
}

func whether(has bool) int {
	if has {
		return 1
	}
	return 0
}

// scan looks at the names and addresses of a bounded number of accounts. whole says that
// these were all.
func (s sightings) scan(ctx context.Context, tx *sqlx.Tx) (whole bool, err error) {
	var last int64
	if err := tx.GetContext(ctx, &last, "SELECT coalesce(max(n), 0) FROM accounts"); err != nil {
		return false, err
	}
	if last <= tellingAccounts {
		return true, s.scanPiece(ctx, tx, 0, last)
	}
	for piece := range int64(tellingPieces) {
		if err := s.scanPiece(ctx, tx, piece*last/tellingPieces, tellingAccounts/tellingPieces); err != nil {
			return false, err
		}
	}
	return false, nil
}

// scanPiece looks at size accounts after the one with the number after.
func (s sightings) scanPiece(ctx context.Context, tx *sqlx.Tx, after, size int64) (err error) {
	rows, err := tx.QueryContext(ctx, `SELECT a.n, a.name, a.address FROM accounts a
		CROSS JOIN verdicts v ON v.number = a.verdict
		WHERE a.n > ? AND a.n <= ? AND v.excluded IS NULL ORDER BY a.n`, after, after+size)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var n int64
		var name, address string
		if err := rows.Scan(&n, &name, &address); err != nil {
			return err
		}
		s.account(n, name, address)
	}
	return rows.Err()
}

// rightToLeft reports whether r is a letter of a script that is written from right to
// left.
func rightToLeft(r rune) bool {
	return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Adlam,
		unicode.Samaritan, unicode.Mandaic, unicode.Hanifi_Rohingya)
}
