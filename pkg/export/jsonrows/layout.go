package jsonrows

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"breachnotify/pkg/hint"
)

// layout is where in a file the records are.
type layout int

const (
	unknown    layout = iota
	sequence          // one behind the other
	array             // in one array or several
	collection        // in arrays that are members of an object, or of several
)

// recognise sets the layout by the first value and what follows it, and leaves the
// reader at the first byte.
func (r *Reader) recognise() error {
	kind, err := r.peek()
	switch {
	case errors.Is(err, io.EOF):
		return hint.Wrap(fmt.Errorf("%s: the file is empty: want JSON", r.name), "write the export again")
	case err != nil:
		return err
	case kind == '[':
		r.layout = array
	case kind == '{':
		if r.layout, err = r.recogniseObject(); err != nil {
			return err
		}
	default:
		return r.unexpected(kind, "an array of objects, or objects")
	}
	r.src.rewind()
	r.begin()
	return nil
}

// recogniseObject decides by the first object of the file.
func (r *Reader) recogniseObject() (layout, error) {
	raw, err := r.value()
	if errors.Is(err, errTooLong) {
		return collection, nil // nextOfCollection tells a record that is too large
	}
	if err != nil {
		return unknown, err
	}
	first := inspect(raw, maxEnvelopes)
	r.passed(raw)
	line := r.line
	_, err = r.peek() // an error comes again when the next value is read
	alone := errors.Is(err, io.EOF)
	switch {
	case first.account == "" && first.array != "" && (alone || !first.id),
		first.account == "" && first.empty && !first.id:
		return collection, nil
	case alone && first.account != "" && first.array != "":
		return unknown, r.ambiguous(first.account, first.array)
	case alone && first.deep != "" && first.account == "" && !first.id:
		err := r.errAt(1, 0, errors.New("the arrays of objects are not members of the object itself, but deeper in it: want an array of objects"))
		return unknown, hint.Wrap(err, "take it out, if it holds the accounts: jq '.%s' %s > accounts.json", first.deep, r.name)
	case alone && first.keyed:
		err := r.errAt(1, 0, errors.New("an object of objects: want an array of objects, or one object a line"))
		return unknown, hint.Wrap(err, "if the names are ids: jq -c '%sto_entries[] | .value + {id: .key}' %s > accounts.ndjson", first.around, r.name)
	}
	if alone || r.line > line {
		r.unit = "line"
	}
	return sequence, nil
}

// ambiguous is the error for an object that is either one account or a collection.
func (r *Reader) ambiguous(account, array string) error {
	err := fmt.Errorf("the object looks like a single record, with the member %q, and holds an array of objects, %q: "+
		"want an array of objects, or one object a line", account, array)
	err = hint.Wrap(r.errAt(1, 0, err), "if it is one account: jq -s . %s > accounts.json", r.name)
	return hint.Wrap(err, "if the accounts are in the array: jq '.[\"%s\"]' %s > accounts.json", array, r.name)
}

// traits are what tells an account from an object that holds tables.
type traits struct {
	account string // the name of a member that only an account has
	array   string // the name of a member that is an array of objects
	empty   bool   // whether a member is an empty array
	id      bool   // whether there is an id, which accounts have, and others too
	keyed   bool   // whether each member is an object
	around  string // how jq goes into the only member, where that is an object of objects too
	deep    string // where within objects there is an array of objects, as jq names it
}

// maxEnvelopes is how many objects around the one with the array are looked into.
const maxEnvelopes = 3

// inspect looks at an object, and at those in it down to some depth.
func inspect(raw []byte, depth int) traits {
	s := splitter{raw: raw, pos: 1}
	found, members := traits{keyed: s.skip() != '}'}, 0
	for s.skip() != '}' {
		name, err := s.memberName()
		if err != nil {
			break // as it is valid, this does not happen
		}
		name = bytes.Clone(name)
		s.skip()
		value := s.pass()
		found.keyed = found.keyed && value[0] == '{'
		found.around = ""
		if value[0] == '{' && found.deep == "" && depth > 0 && slices.Contains(envelopes, string(foldASCII(name))) {
			inner := inspect(value, depth-1)
			found.deep = inner.below(string(name))
			if members == 0 && inner.keyed {
				found.around = "." + string(name) + " | "
			}
		}
		members++
		switch {
		case value[0] != '[':
			if value[0] != '{' && marksAccount(name) {
				found.account = string(name)
			}
			found.id = found.id || string(name) == "id"
		case value[1] == '{':
			found.array = string(name)
		case value[1] == ']':
			found.empty = true
		}
	}
	return found
}

// envelopes are names of objects around records. Others may be keys, which are data.
var envelopes = []string{"_embedded", "accounts", "auth", "body", "content", "customers", "d", "data", "export", "members", "page",
	"payload", "people", "response", "result", "results", "root", "users"}

// plainName is one that jq takes without quotes.
var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,40}$`)

// below returns the place of an array of objects in the object of a name; empty: it has
// none, or is an account, so that the name may be data.
func (t traits) below(name string) string {
	switch {
	case t.account != "" || t.id:
		return ""
	case plainName.MatchString(t.array):
		return name + "." + t.array
	case t.deep != "":
		return name + "." + t.deep
	}
	return ""
}

// accountMarks are names that only the members of an account have, without the case of
// letters and what separates words.
var accountMarks = []string{"email", "mail", "emailaddress", "username", "userid", "localid", "login"}

func marksAccount(name []byte) bool {
	plain := strings.NewReplacer("_", "", "-", "", " ", "").Replace(string(foldASCII(name)))
	return slices.Contains(accountMarks, plain)
}
