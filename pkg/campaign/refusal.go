package campaign

import (
	"errors"
	"fmt"

	"breachnotify/pkg/account"
)

// Refusals of Draft.Seal: there is nothing that could be sent.
var (
	// ErrNothingSelected says that the selection holds no account at all.
	ErrNothingSelected = errors.New("no account is selected")
	// ErrAllExcluded says that every selected account is excluded.
	ErrAllExcluded = errors.New("every selected account is excluded")
)

// DuplicateError says that one account id stands on two lines of the export which
// disagree about the account. It is returned by Draft.Seal.
type DuplicateError struct {
	ID            string
	First, Second int64 // lines of the export
}

// Error names the id and both lines.
func (e *DuplicateError) Error() string {
	id := account.MaskText(e.ID) // some exports have addresses for ids
	return fmt.Sprintf("account %q comes twice with different data: lines %d and %d", id, e.First, e.Second)
}
