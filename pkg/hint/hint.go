// Package hint attaches to an error what a human can do about it.
//
// It guarantees that a hint never changes what errors.Is and errors.As find, and
// that hints come out in the order from the outermost error to the innermost, those
// of Append behind what they are wrapped around.
// It leaves the wording to the room that knows the remedy, and the printing to
// the command line.
package hint

import (
	"errors"
	"fmt"
)

// Error is an error with one line of advice. Its message is that of the error
// inside; the advice is read with Of.
type Error struct {
	err    error
	advice string
	last   bool // behind the advice of the error inside
}

// Wrap returns err with advice, built as fmt.Sprintf builds it. The advice is a
// lower-case sentence without a full stop and never holds an address, a name or
// a secret. Wrap of a nil error is nil.
func Wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{err: err, advice: fmt.Sprintf(format, args...)}
}

// Append returns err with advice that comes behind what it has.
func Append(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{err: err, advice: fmt.Sprintf(format, args...), last: true}
}

// Otherwise returns err with advice where it has none, and else as it is.
func Otherwise(err error, format string, args ...any) error {
	if len(Of(err)) > 0 {
		return err
	}
	return Wrap(err, format, args...)
}

// Error returns the message of the error inside, without the advice.
func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns the error inside.
func (e *Error) Unwrap() error { return e.err }

// Of returns every piece of advice in err's chain, the outermost first but for that of
// Append, which comes last. Joined errors are walked in order. It returns nil where there
// is none.
func Of(err error) []string {
	if err == nil {
		return nil
	}
	var advice []string
	if e, ok := err.(*Error); ok { // each link of the chain is looked at by itself
		if e.last {
			return append(Of(e.err), e.advice)
		}
		advice = append(advice, e.advice)
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, each := range many.Unwrap() {
			advice = append(advice, Of(each)...)
		}
		return advice
	}
	return append(advice, Of(errors.Unwrap(err))...)
}
