package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/campaign"
)

// digestRows is how many notices are read as one text, which bounds memory for any
// size of batch.
const digestRows = 1000

// A queryer is a connection or a pool.
type queryer interface {
	sqlx.QueryerContext
	GetContext(ctx context.Context, dest any, query string, args ...any) error
}

// span is a batch with its digest, as the table holds it.
type span struct {
	Number, First, Last int64
	SHA256              []byte
}

// recipients returns the SHA-256 over who gets which notice in a run of neighbours:
// class, language and address of each, in the order of sending. It also counts those of
// the class password.
func recipients(ctx context.Context, q queryer, first, last int64) (digest []byte, passwords int64, err error) {
	sum := sha256.New()
	for from := first; from <= last; from += digestRows {
		var part struct {
			Text      []byte
			Passwords int64
		}
		err := q.GetContext(ctx, &part, `SELECT
			json_group_array(class) || json_group_array(locale) || json_group_array(address) AS text,
			count(*) FILTER (WHERE class = 'password') AS passwords
			FROM (SELECT class, locale, address FROM notices WHERE seq BETWEEN ? AND ? ORDER BY seq)`,
			from, min(from+digestRows-1, last))
		if err != nil {
			return nil, 0, err
		}
		sum.Write(part.Text)
		passwords += part.Passwords
	}
	return sum.Sum(nil), passwords, nil
}

// verify holds the notices of one batch against its digest and its tally: who gets
// which, and how many are in which state.
func (s span) verify(ctx context.Context, q queryer) error {
	sum, _, err := recipients(ctx, q, s.First, s.Last)
	if err != nil {
		return err
	}
	if !bytes.Equal(sum, s.SHA256) {
		return damaged("the recipients of batch %d are not those of the plan", s.Number)
	}
	var wrong bool
	err = q.GetContext(ctx, &wrong, `SELECT EXISTS (
		SELECT class, state, count(*) FROM notices WHERE seq BETWEEN ? AND ? AND current = 1 GROUP BY class, state
		EXCEPT SELECT class, state, n FROM tally WHERE batch = ?)`, s.First, s.Last, s.Number)
	if err == nil && wrong {
		err = damaged("the notices of batch %d are not as they were counted", s.Number)
	}
	return err
}

// planDigest grows over the batches of a plan; its sum is the plan's digest.
type planDigest struct{ hash.Hash }

func newPlanDigest(f campaign.Frozen) planDigest {
	sum := planDigest{sha256.New()}
	fmt.Fprintf(sum, "plan 1\ncampaign %q\nbatch %d\ncanary %d\n", f.Campaign, f.BatchSize, f.Canary)
	for _, name := range slices.Sorted(maps.Keys(f.Parts)) {
		fmt.Fprintf(sum, "part %q %q\n", name, f.Parts[name])
	}
	return sum
}

func (p planDigest) add(s span) {
	fmt.Fprintf(p, "notices %d %d %d %x\n", s.Number, s.First, s.Last, s.SHA256)
}

func (p planDigest) String() string { return "sha256:" + hex.EncodeToString(p.Sum(nil)) }

// bind makes the batches, their digests and their tally, and the digest of it all.
func (d *Draft) bind(ctx context.Context, f campaign.Frozen) error {
	digest, err := d.bindBatches(ctx, f)
	if err != nil {
		return err
	}
	_, err = d.conn.ExecContext(ctx, `INSERT INTO plan (one, campaign, made, key, read, batch_size, canary, unmatched, digest)
		VALUES (1, ?, ?, ?, ?, ?, ?, (SELECT count(*) FROM unmatched), ?)`,
		f.Campaign, micros(f.At), f.Key[:], f.Read, f.BatchSize, f.Canary, digest.String())
	if err != nil {
		return err
	}
	for name, sum := range f.Parts {
		if _, err := d.conn.ExecContext(ctx, "INSERT INTO parts VALUES (?, ?)", name, sum); err != nil {
			return err
		}
	}
	for name, text := range f.Wordings {
		blob := append([]byte{}, text...) // an empty text is not null
		if _, err := d.conn.ExecContext(ctx, "INSERT INTO wordings VALUES (?, ?)", name, blob); err != nil {
			return err
		}
	}
	return nil
}

func (d *Draft) bindBatches(ctx context.Context, f campaign.Frozen) (planDigest, error) {
	digest := newPlanDigest(f)
	var notices int64
	if err := d.conn.GetContext(ctx, &notices, "SELECT max(seq) FROM notices"); err != nil {
		return digest, err
	}
	for s := (span{}); s.Last < notices; {
		size := f.BatchSize
		if s.Number == 0 && f.Canary > 0 {
			size = f.Canary
		}
		s = span{Number: s.Number + 1, First: s.Last + 1, Last: min(s.Last+int64(size), notices)}
		b := batch{span: s, canary: s.Number == 1 && f.Canary > 0, made: micros(f.At)}
		if err := b.bind(ctx, d.conn); err != nil {
			return digest, err
		}
		digest.add(b.span)
	}
	return digest, nil
}

// batch is a batch in the making.
type batch struct {
	span
	canary bool
	made   int64
	resend sql.NullInt64
}

// bind writes a batch of notices that are all pending, with its digest and its tally.
func (b *batch) bind(ctx context.Context, conn *sqlx.Conn) error {
	states, err := json.Marshal(campaign.States())
	if err != nil {
		return err
	}
	var passwords int64
	if b.SHA256, passwords, err = recipients(ctx, conn, b.First, b.Last); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, `INSERT INTO batches (number, first, last, canary, made, resend, sha256)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, b.Number, b.First, b.Last, b.canary, b.made, b.resend, b.SHA256)
	if err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, `INSERT INTO tally (batch, class, state, n)
		SELECT ?1, class, state.value, iif(state.value = ?2, n, 0)
		FROM (SELECT 'password' AS class, ?3 AS n UNION ALL SELECT 'sso', ?4)
		CROSS JOIN json_each(?5) AS state WHERE n > 0`,
		b.Number, string(campaign.Pending), passwords, b.Last-b.First+1-passwords, string(states))
	return err
}
