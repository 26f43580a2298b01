package campaign

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"breachnotify/pkg/account"
)

var (
	_ encoding.TextUnmarshaler = (*Duration)(nil)
	_ encoding.TextUnmarshaler = (*Rate)(nil)
	_ encoding.TextUnmarshaler = (*Percent)(nil)
	_ encoding.TextUnmarshaler = (*Sender)(nil)
	_ encoding.TextUnmarshaler = (*Size)(nil)
)

// Duration is a span of time, written as in 30s, 5m or 1h30m.
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads, but nothing negative.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil || parsed < 0 {
		return errors.New("want a duration such as 30s, 5m or 4h")
	}
	*d = Duration(parsed)
	return nil
}

// String returns the form of time.Duration.
func (d Duration) String() string { return time.Duration(d).String() }

// Rate is a number of notices in a span of time, written as in 50/s, 10/m or
// 3000/h. It keeps both numbers, so that nothing is rounded. The zero Rate is none.
type Rate struct {
	Count int           // more than 0
	Per   time.Duration // a second, a minute or an hour
}

var rateForm = regexp.MustCompile(`^([0-9]{1,9})\s*/\s*([smh])$`)

// UnmarshalText reads a whole number above zero, a slash, and s, m or h.
func (r *Rate) UnmarshalText(text []byte) error {
	parts := rateForm.FindSubmatch(text)
	if parts == nil {
		return errors.New("want a rate such as 50/s, 10/m or 3000/h")
	}
	count, err := strconv.Atoi(string(parts[1]))
	if err != nil || count == 0 {
		return errors.New("want a rate above zero, such as 50/s")
	}
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}
	*r = Rate{Count: count, Per: units[string(parts[2])]}
	return nil
}

// PerSecond returns the rate as notices a second.
func (r Rate) PerSecond() float64 {
	if r.Per == 0 {
		return 0
	}
	return float64(r.Count) / r.Per.Seconds()
}

// String returns the form that UnmarshalText reads.
func (r Rate) String() string {
	unit := map[time.Duration]string{time.Second: "s", time.Minute: "m", time.Hour: "h"}[r.Per]
	return fmt.Sprintf("%d/%s", r.Count, unit)
}

// Percent is a share of a hundred, written as in 5% or 0.5%.
type Percent float64

var percentForm = regexp.MustCompile(`^([0-9]{1,3}(?:\.[0-9]{1,6})?)\s*%$`)

// UnmarshalText reads a number from 0 to 100 and the sign.
func (p *Percent) UnmarshalText(text []byte) error {
	wrong := errors.New("want a share from 0% to 100%, such as 5%")
	parts := percentForm.FindSubmatch(text)
	if parts == nil {
		return wrong
	}
	number, err := strconv.ParseFloat(string(parts[1]), 64)
	if err != nil || number > 100 {
		return wrong
	}
	*p = Percent(number)
	return nil
}

// Share returns p as a number from 0 to 1.
func (p Percent) Share() float64 { return float64(p) / 100 }

// String returns the form that UnmarshalText reads.
func (p Percent) String() string { return strconv.FormatFloat(float64(p), 'f', -1, 64) + "%" }

// Size is a number of bytes, written as in 64MB or 200GB.
type Size int64

var sizeForm = regexp.MustCompile(`^([0-9]{1,9})\s*(B|[KMGT]i?B)$`)

// UnmarshalText reads a whole number above zero and B, or KB to TB, each a thousand
// times the one before, or KiB to TiB, each 1,024 times.
func (s *Size) UnmarshalText(text []byte) error {
	wrong := errors.New("want a size above zero, such as 64MB or 200GB")
	parts := sizeForm.FindStringSubmatch(string(text))
	if parts == nil {
		return wrong
	}
	number, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || number == 0 {
		return wrong
	}
	step := int64(1000)
	if strings.Contains(parts[2], "i") {
		step = 1024
	}
	for range strings.IndexByte("BKMGT", parts[2][0]) {
		if number > math.MaxInt64/step {
			return wrong
		}
		number *= step
	}
	*s = Size(number)
	return nil
}

// String returns the size in bytes, in a form that UnmarshalText reads as far as it has
// digits for it.
func (s Size) String() string { return strconv.FormatInt(int64(s), 10) + "B" }

// Sender is one of the organisation's own mailboxes, with a name to show or
// without one. The zero Sender is none.
type Sender struct {
	Name    string
	Address account.Address
}

// UnmarshalText reads one mailbox of RFC 5322 section 3.4, such as
// `Example Security <security@example.com>`. Its local part must be ASCII, since a
// sender that needs SMTPUTF8 could not write to everybody.
func (s *Sender) UnmarshalText(text []byte) error {
	parsed, err := mail.ParseAddress(string(text))
	if err != nil {
		return errors.New("want one address, such as Example Security <security@example.com>")
	}
	if strings.ContainsFunc(parsed.Name, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return errors.New("the name holds a control character")
	}
	address, err := account.ParseAddress(parsed.Address)
	if err != nil {
		return err
	}
	if address.NeedsSMTPUTF8() {
		return errors.New("the local part is not ASCII")
	}
	*s = Sender{Name: parsed.Name, Address: address}
	return nil
}
