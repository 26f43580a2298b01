package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/smtptest"
)

// demoRow is one row of the export of a demo, with what must become of it.
type demoRow struct {
	id, email, name, password, sso, lang string

	class      account.Class      // of its notice
	excluded   campaign.Exclusion // empty: it gets a notice
	refused    bool               // its mailbox does not exist
	greylisted bool               // its mailbox is put off once
	bounce     string             // the status with which its notice comes back later; empty: it does not
	moved      string             // its right address, which the team finds out
}

// demoWorld is a made-up export and the mail server's opinion of its mailboxes. What
// must come of it is computed from here, and not from the packages under test.
type demoWorld struct {
	rows []demoRow
}

var (
	demoDomains = []string{"example.org", "example.net", "mail.example", "post.example"}
	demoNames   = []string{"Jane Doe", "Jonas Weber", "Zoë Çelik", "", "Li Wei", "<b>Bobby</b> {{.Organisation}}",
		"Olga\r\nBcc: eve@evil.test", "http://evil.test/prize"}
)

const demoHash = "$2b$12$C6UzMDM.H6dfI/f/IKcEeO7CsqK5bEPyJw3xd0bZ7r0x7t2l0a1bC"

func newDemoWorld(n int) *demoWorld {
	w := &demoWorld{}
	for i := range n {
		w.rows = append(w.rows, w.row(i))
	}
	return w
}

// row makes the next row: an everyday one, and in each fifty one of every kind.
func (w *demoWorld) row(i int) demoRow {
	r := demoRow{
		id:    strconv.Itoa(1000 + i),
		email: fmt.Sprintf("person%d@%s", i, demoDomains[i%len(demoDomains)]),
		name:  demoNames[i%len(demoNames)],
		lang:  []string{"en", "en", "de", "fr"}[i%4],
		class: account.Password,
	}
	if i%3 == 0 {
		r.class = account.SSO
	}
	switch i % 50 {
	case 6, 16: // a second account of the neighbour's mailbox, of the same class
		r.email, r.class = strings.ToUpper(w.rows[i-1].email[:1])+w.rows[i-1].email[1:], w.rows[i-1].class
	case 9: // the same mailbox, of the other class
		r.email, r.class = w.rows[i-1].email, other(w.rows[i-1].class)
	case 13:
		r.email, r.excluded = "not an address", campaign.InvalidAddress
	case 14:
		r.email, r.excluded = "", campaign.NoAddress
	case 23:
		r.class, r.excluded = "", campaign.Unclassified
	case 33: // the row before, again
		r = w.rows[i-1]
		r.excluded = campaign.Duplicate
	case 43:
		r.email, r.excluded = fmt.Sprintf("josé%d@example.org", i), campaign.Unsendable
	case 19:
		r.refused = true
	case 29, 39:
		r.greylisted = true
	case 3:
		r.bounce, r.moved = "5.1.1", fmt.Sprintf("moved%d@example.net", i)
	case 26:
		r.bounce = "5.1.1"
	case 46:
		r.bounce = "4.2.2" // full for days; there is room again when the resend comes
	}
	return r.signs()
}

// signs fills the columns in that the class is read from.
func (r demoRow) signs() demoRow {
	r.password, r.sso = "!", ""
	switch r.class {
	case account.Password:
		r.password = demoHash
	case account.SSO:
		r.password, r.sso = "NULL", "google"
	}
	return r
}

func other(class account.Class) account.Class {
	if class == account.SSO {
		return account.Password
	}
	return account.SSO
}

// demoNotice is what a mailbox gets: one for each class of its accounts.
type demoNotice struct {
	mailbox string
	class   account.Class
}

// expected returns every notice of the plan with one of its rows, which are of one kind.
func (w *demoWorld) expected() map[demoNotice]demoRow {
	all := map[demoNotice]demoRow{}
	for _, r := range w.rows {
		if r.excluded == "" {
			all[demoNotice{strings.ToLower(r.email), r.class}] = r
		}
	}
	return all
}

// deliveries returns how often each mailbox must get a notice of each class in the end.
func (w *demoWorld) deliveries() map[demoNotice]int {
	all := map[demoNotice]int{}
	for n, r := range w.expected() {
		switch {
		case r.refused:
		case r.moved != "":
			all[n] = 1
			all[demoNotice{r.moved, n.class}] = 1
		case strings.HasPrefix(r.bounce, "4."):
			all[n] = 2
		default:
			all[n] = 1
		}
	}
	return all
}

func (w *demoWorld) notices() int { return len(w.expected()) }

// script is the mail server's opinion.
func (w *demoWorld) script() smtptest.Script {
	var refused, greylisted []string
	for _, r := range w.rows {
		switch {
		case r.refused:
			refused = append(refused, r.email)
		case r.greylisted:
			greylisted = append(greylisted, r.email)
		}
	}
	return smtptest.Chain(
		smtptest.Refuse("550 5.1.1 no such user here", refused...),
		smtptest.Greylist(1, "450 4.7.1 greylisted, try again in 1 second", greylisted...),
	)
}

const demoConfig = `campaign: demo
organisation: Example Media
official_domains: [example.com]
export:
  source: accounts.csv
  columns: {id: user_id, email: email, name: display_name, password: password_hash, sso: provider, locale: lang}
notice:
  from: Example Security <security@example.com>
  reply_to: help@example.com
incident:
  discovered: 2026-09-08
  what_happened: On 8 September 2026 we found that a third party had reached a limited part of our customer database.
  what_information: E-mail addresses, user names, **hashed** passwords and authentication data. Payment data was not involved.
  what_we_are_doing: The hole is closed, and further reviews are under way.
  consequences: Somebody may try the password at other services, and may write to you and pretend to be us.
  contact: Our data protection officer answers questions at <dpo@example.com>.
  what_happened_de: Am 8. September 2026 haben wir festgestellt, dass sich ein Dritter Zugang zu einem begrenzten Teil unserer Kundendatenbank verschafft hat.
  what_information_de: E-Mail-Adressen, Benutzernamen, Passwörter in **gehashter** Form und Anmeldedaten. Zahlungsdaten waren nicht betroffen.
  what_we_are_doing_de: Die Lücke ist geschlossen, weitere Prüfungen laufen.
  consequences_de: Jemand könnte das Passwort bei anderen Diensten ausprobieren und sich Ihnen gegenüber als wir ausgeben.
  contact_de: Unsere Datenschutzbeauftragte beantwortet Fragen unter <dpo@example.com>.
jurisdictions: [eu]
attest: {WHAT: Jane Doe, CONSEQ: Jane Doe, MEAS: Jane Doe, PLAIN: Jane Doe}
links:
  reset: https://example.com/reset
  sign_out: https://example.com/security
  help: https://example.com/help
smtp: {host: 127.0.0.1, port: PORT, tls: none, connections: 4, envelope_from: bounces@example.com}
throttle: {rate: 400/s, per_domain: {default: 400/s}, batch: 100, pause: 200ms, canary: 20}
retry: {attempts: 4, first: 1s, max: 2s}
`

// write makes the campaign folder.
func (w *demoWorld) write(dir string, smtpPort int) error {
	var export bytes.Buffer
	lines := csv.NewWriter(&export)
	rows := [][]string{{"user_id", "email", "display_name", "password_hash", "provider", "lang"}}
	for _, r := range w.rows {
		rows = append(rows, []string{r.id, r.email, r.name, r.password, r.sso, r.lang})
	}
	if err := lines.WriteAll(rows); err != nil {
		return fmt.Errorf("write the export of the demo: %w", err)
	}
	if err := writeNew(filepath.Join(dir, "accounts.csv"), export.Bytes()); err != nil {
		return err
	}
	config := strings.Replace(demoConfig, "PORT", strconv.Itoa(smtpPort), 1)
	return writeNew(filepath.Join(dir, "notify.yaml"), []byte(config))
}
