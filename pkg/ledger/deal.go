package ledger

import (
	"context"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// Dealing puts every destination's notices at even distances: the r-th of s stands
// at (r - phase) / s of the way. A destination is one of 65,536 heaps onto which the
// domains are spread by a hash, so that memory does not grow with the number of
// domains; a small domain on the heap of a large one stands between its notices. The
// phase differs from heap to heap, or else all destinations with a single notice
// would meet in the middle.
const (
	heaps    = 1 << 16
	rankBits = 40
)

// turns counts the accounts of each heap.
type turns [heaps]int64

// next returns the turn of the next account at domain: its heap, then its rank there.
func (t *turns) next(domain string) int64 {
	sum := hash64(domain)
	heap := int64((sum ^ sum>>16 ^ sum>>32 ^ sum>>48) % heaps)
	t[heap]++
	return heap<<rankBits | t[heap]
}

// dealAll numbers the leads by their place: rows that come in order get the numbers
// from 1 on.
const dealAll = `INSERT INTO notices (lead, class, locale, address)
	SELECT n, class, locale, address
	FROM accounts CROSS JOIN heaps ON heap = turn >> 40 CROSS JOIN verdicts ON number = verdict
	WHERE lead IS NULL AND excluded IS NULL
	ORDER BY ((turn & ((1 << 40) - 1)) - phase) / size, n`

// deal makes the notices of the leads and numbers them in the order of sending.
func (d *Draft) deal(ctx context.Context, f campaign.Frozen) error {
	if err := d.weighHeaps(ctx); err != nil {
		return err
	}
	if _, err := d.conn.ExecContext(ctx, dealAll); err != nil {
		return err
	}
	return d.mixCanary(ctx, f.Canary)
}

// weighHeaps writes the size and the phase of each heap for dealAll to join.
func (d *Draft) weighHeaps(ctx context.Context) error {
	_, err := d.conn.ExecContext(ctx, "CREATE TEMP TABLE heaps (heap INTEGER PRIMARY KEY, size REAL, phase REAL)")
	if err != nil {
		return err
	}
	insert, err := d.conn.PrepareContext(ctx, "INSERT INTO heaps VALUES (?, ?, ?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	for heap, size := range d.register.turns {
		if size == 0 {
			continue
		}
		if _, err := insert.ExecContext(ctx, heap, size, float64(heap)/heaps); err != nil {
			return err
		}
	}
	return nil
}

// mix takes the first ?1 notices of one class and ?2 of the other into the canary.
// What they displace moves up behind them: only the notices before the last of them
// get another number.
var mix = []string{
	`CREATE TEMP TABLE canary AS SELECT seq FROM (SELECT seq FROM notices WHERE class = 'password' ORDER BY seq LIMIT ?1)
		UNION ALL SELECT seq FROM (SELECT seq FROM notices WHERE class = 'sso' ORDER BY seq LIMIT ?2)`,
	`CREATE TEMP TABLE displaced AS
		SELECT row_number() OVER (ORDER BY seq NOT IN (SELECT seq FROM canary), seq) AS place,
			lead, class, locale, address
		FROM notices WHERE seq <= (SELECT max(seq) FROM canary)`,
	`DELETE FROM notices WHERE seq <= (SELECT max(seq) FROM canary)`,
	`INSERT INTO notices (seq, lead, class, locale, address)
		SELECT place, lead, class, locale, address FROM displaced ORDER BY place`,
}

// mixCanary gives each class half of the first batch, and the rest to the other where
// one has too few.
func (d *Draft) mixCanary(ctx context.Context, size int) error {
	if size == 0 {
		return nil
	}
	// No more than size of each are wanted, so that no more are counted.
	const first = "SELECT count(*) FROM (SELECT 1 FROM notices WHERE class = ? LIMIT ?)"
	var passwords, ssos int
	for class, n := range map[account.Class]*int{account.Password: &passwords, account.SSO: &ssos} {
		if err := d.conn.GetContext(ctx, n, first, string(class), size); err != nil {
			return err
		}
	}
	password, sso := canaryShare(size, passwords, ssos)
	for _, statement := range mix {
		if _, err := d.conn.ExecContext(ctx, statement, password, sso); err != nil {
			return err
		}
	}
	return nil
}

// canaryShare splits size over the classes, of which there are so many notices, or size
// and more.
func canaryShare(size, passwords, ssos int) (password, sso int) {
	sso = min(ssos, size/2)
	password = min(passwords, size-sso)
	return password, min(ssos, size-password)
}
