package jsonrows

import (
	"errors"
	"fmt"
	"io"

	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// The bounds of what is kept of an object that is not read whole.
const (
	maxMembers = 10_000 // whose names the decoder keeps
	maxTables  = 200
)

func (r *Reader) nextOfCollection() (rows.Row, error) {
	for {
		kind, err := r.peek()
		switch {
		case errors.Is(err, io.EOF) && !r.arrays:
			return rows.Row{}, r.errNoArray()
		case err != nil:
			return rows.Row{}, err
		case r.table != nil && kind == '{':
			return r.record(r.table, r.table.count+1)
		case r.table != nil && kind != ']':
			return rows.Row{}, r.unexpected(kind, fmt.Sprintf("an object, for a record of %q", r.table.Name))
		case r.dec.StackDepth() == 0 && kind != '{':
			return rows.Row{}, r.unexpected(kind, "the end of the file behind the object")
		case r.dec.StackDepth() == 1 && kind == '"':
			err = r.member()
		default:
			r.table = nil
			_, err = r.token() // an object begins or ends, or an array ends
		}
		if err != nil {
			return rows.Row{}, err
		}
	}
}

// member reads a name, and its value if that is no array of objects. Of such an array it
// reads the beginning, and sets table.
func (r *Reader) member() error {
	if _, members := r.dec.StackIndex(1); members >= 2*maxMembers {
		return r.errNext(fmt.Errorf("more than %d members beside another: want arrays of objects", maxMembers))
	}
	token, err := r.token()
	if err != nil {
		return err
	}
	name := token.String()
	kind, err := r.peek()
	if err != nil {
		return err
	}
	if kind != '[' {
		if kind != '{' && marksAccount([]byte(name)) {
			return r.errRecord(name)
		}
		return r.pass()
	}
	return r.array(name)
}

// array reads the beginning of an array, and all of it unless it is one of objects.
func (r *Reader) array(name string) error {
	if _, err := r.token(); err != nil {
		return err
	}
	kind, err := r.peek()
	if err != nil {
		return err
	}
	r.arrays = r.arrays || kind == '{' || kind == ']'
	if kind != '{' {
		return r.passElements()
	}
	if err := checkName([]byte(name)); err != nil {
		return r.errNext(fmt.Errorf("the name of an array: %w", err))
	}
	r.table = r.named(name)
	if len(r.tables) > maxTables {
		return r.errNext(fmt.Errorf("more than %d arrays of objects: want fewer tables", maxTables))
	}
	return nil
}

// errRecord is about an object that is too large to be looked into whole, or a further one.
func (r *Reader) errRecord(name string) error {
	err := fmt.Errorf("the object has the member %q, as a single record has: want arrays of objects, or a record of at most %d bytes", name, r.max)
	return hint.Wrap(r.errNext(err), "if it is one record, raise export.max_record")
}

func (r *Reader) errNoArray() error {
	err := fmt.Errorf("%s: no member of the object is an array of objects: want records", r.name)
	return hint.Wrap(err, "put the records into an array, or write one a line; if it is one record, raise export.max_record")
}
