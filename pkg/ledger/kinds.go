package ledger

import (
	"context"
	"fmt"

	"breachnotify/pkg/account"
)

// Kind is a class of notices in one language.
type Kind struct {
	Class  account.Class
	Locale string
}

// Kinds returns the classes and languages in which the plan has accounts to tell,
// password before SSO.
func (r *Reader) Kinds(ctx context.Context) ([]Kind, error) {
	var kinds []Kind
	err := r.db.SelectContext(ctx, &kinds,
		"SELECT DISTINCT class, locale FROM verdicts WHERE excluded IS NULL ORDER BY class, locale")
	if err != nil {
		return nil, fmt.Errorf("read the kinds of notices: %w", explain(err))
	}
	return kinds, nil
}
