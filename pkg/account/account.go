// Package account holds what the other rooms know about an affected person: the
// record as the export gave it, the address that a notice can go to, and the way
// the account signs in.
//
// It guarantees that an Address can be written into an SMTP command and a mail
// header as it stands, and that printing an Address by accident shows no more
// than its first character and its domain. It leaves the reading of exports to
// export and the choice of a class to classify.
package account

// Record is one selected row of an export, as text, before anything was decided
// about it. Columns that the export lacks are empty. A Record may hold a
// password hash: it is passed on to be classified and is stored nowhere.
type Record struct {
	Line     int64 // where the row begins: a line of a text file, a row of a table; from 1
	ID       string
	Email    string
	Name     string
	Password string
	SSO      string
	Locale   string
}

// Class is the way an account signs in, which decides the notice that it gets.
type Class string

// The two classes. The empty Class is an account that is in neither.
const (
	Password Class = "password" // signs in with a password: the notice carries a reset link
	SSO      Class = "sso"      // signs in through an identity provider: a sign-out link
)

// Classes lists the classes in the order in which they are shown.
func Classes() []Class { return []Class{Password, SSO} }

// Valid reports whether c is one of Classes.
func (c Class) Valid() bool { return c == Password || c == SSO }

// Account is what a notice says about one account: enough for its owner to know
// which is meant, and nothing else.
type Account struct {
	ID   string
	Name string // as in the export; may be empty and is hostile input
}
