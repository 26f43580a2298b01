package bounce

import (
	"mime"
	"strings"

	"github.com/emersion/go-message/charset"
)

// field is one line of a header or of a delivery status, unfolded.
type field struct{ name, value string } // name in lower case

// fields are the lines of a header, or of one group of a delivery status. They are
// read here and not with go-message because real reports hold lines that no strict
// reader takes: a space before the colon, no value, no colon at all.
type fields []field

// parseFields reads lines up to the end. What is neither a field nor the
// continuation of one is skipped.
func parseFields(lines []string) fields {
	var fs fields
	for i, line := range lines {
		if line == "" || isFolded(line) && len(fs) > 0 {
			continue
		}
		if name, value, ok := cutField(line); ok {
			fs = append(fs, field{name, unfold(value, lines[i+1:])})
		}
	}
	return fs
}

// unfold joins a value with the lines that continue it.
func unfold(value string, below []string) string {
	pieces := []string{value}
	for _, line := range below {
		if !isFolded(line) {
			break
		}
		pieces = append(pieces, strings.TrimSpace(line))
	}
	return strings.TrimSpace(strings.Join(pieces, " "))
}

// isFolded reports whether a line continues the one above (RFC 5322, section 2.2.3).
func isFolded(line string) bool {
	return line != "" && (line[0] == ' ' || line[0] == '\t')
}

// cutField splits one line of a header at its colon.
func cutField(line string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(line, ":")
	name = strings.ToLower(strings.TrimSpace(name))
	if !ok || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", "", false
	}
	return name, strings.TrimSpace(value), true
}

// get returns the value of the first field of a name that has one.
func (fs fields) get(name string) string {
	for _, f := range fs {
		if f.name == name && f.value != "" {
			return f.value
		}
	}
	return ""
}

// all returns every value of the fields of these names, in the order of the names.
func (fs fields) all(names ...string) []string {
	var values []string
	for _, name := range names {
		for _, f := range fs {
			if f.name == name && f.value != "" {
				values = append(values, f.value)
			}
		}
	}
	return values
}

// has reports whether there is a field of the name, even an empty one.
func (fs fields) has(name string) bool {
	for _, f := range fs {
		if f.name == name {
			return true
		}
	}
	return false
}

var words = mime.WordDecoder{CharsetReader: charset.Reader}

// text returns the value of a field with its encoded words (RFC 2047) decoded; what
// cannot be decoded stays as it is.
func (fs fields) text(name string) string {
	value := fs.get(name)
	if decoded, err := words.DecodeHeader(value); err == nil {
		return decoded
	}
	return value
}

// parseMediaType reads a Content-Type as far as it goes: the type in lower case and
// its parameters. Unlike mime.ParseMediaType it takes unquoted values with any
// character, parameters without a value and the same one twice (the first holds).
func parseMediaType(value string) (mediaType string, params map[string]string) {
	pieces := splitOutsideQuotes(value, ';')
	mediaType = strings.ToLower(strings.TrimSpace(pieces[0]))
	params = make(map[string]string, len(pieces)-1)
	for _, piece := range pieces[1:] {
		name, v, ok := strings.Cut(piece, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := params[name]; !ok || twice {
			continue
		}
		params[name] = unquote(strings.TrimSpace(v))
	}
	return mediaType, params
}

func splitOutsideQuotes(s string, separator byte) []string {
	var pieces []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			pieces = append(pieces, s[start:i])
			start = i + 1
		}
	}
	return append(pieces, s[start:])
}

// unquote takes the double quotes and the backslashes of RFC 5322 away, and an
// opening quote that is never closed.
func unquote(s string) string {
	if !strings.HasPrefix(s, `"`) {
		return s
	}
	s = strings.TrimSuffix(s[1:], `"`)
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
