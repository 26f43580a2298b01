package postfixlog

import "bytes"

// line is a line of a Postfix daemon about a queue file. Its slices are of the buffer.
type line struct {
	stamp  []byte // the date, as it stands
	where  []byte // host and instance: queue ids are unique within
	daemon string // smtp, cleanup …
	id     []byte // of the queue file
	text   []byte // behind the id
}

// daemons are those of Postfix whose lines tell something (master(5)), each as its own
// value, so that a line's need not be copied.
var daemons = func(names ...string) map[string]string {
	own := map[string]string{}
	for _, name := range names {
		own[name] = name
	}
	return own
}("smtpd", "pickup", "qmqpd", "cleanup", "qmgr", "nqmgr", "oqmgr", "postsuper", "bounce",
	"smtp", "lmtp", "local", "virtual", "pipe", "error", "retry", "discard", "spawn")

// parseLine splits a line. It reports false for what is no line about a queue file.
func parseLine(raw []byte) (line, bool) {
	begin, end := findTag(raw)
	if end < 0 {
		return line{}, false
	}
	tag, rest := raw[begin:end], raw[end:]
	slash := bytes.LastIndexByte(tag, '/')
	if slash < 0 {
		return line{}, false
	}
	daemon, known := daemons[string(tag[slash+1:])]
	if !known {
		return line{}, false
	}
	_, rest, _ = bytes.Cut(rest, []byte("]: "))
	id, text, ok := bytes.Cut(rest, []byte(": "))
	if !ok || !isQueueID(id) {
		return line{}, false
	}
	before := bytes.TrimRight(raw[:begin], " ")
	host := bytes.LastIndexByte(before, ' ') + 1
	instance := begin + bytes.IndexByte(tag, '/')
	return line{stamp: bytes.TrimRight(before[:host], " "), where: raw[host:instance], daemon: daemon, id: id, text: text}, true
}

// findTag finds the name of the program before [pid]: (RFC 3164, section 4.1.3); end is
// -1 where there is none.
func findTag(raw []byte) (begin, end int) {
	for from := 0; ; {
		i := bytes.Index(raw[from:], []byte("]: "))
		if i < 0 {
			return 0, -1
		}
		closing := from + i
		opening := closing
		for opening > 0 && raw[opening-1] >= '0' && raw[opening-1] <= '9' {
			opening--
		}
		if opening > 1 && opening < closing && raw[opening-1] == '[' {
			end = opening - 1
			return bytes.LastIndexByte(raw[:end], ' ') + 1, end
		}
		from = closing + 1
	}
}

// isQueueID reports whether a word has the form of a queue id: short ones are upper-case
// hexadecimal, long ones have digits and consonants only (enable_long_queue_ids in
// postconf(5)). NOQUEUE and "warning" are none.
func isQueueID(id []byte) bool {
	if len(id) < 5 || len(id) > 30 {
		return false
	}
	short, long := true, len(id) >= 10
	for _, c := range id {
		digit := c >= '0' && c <= '9'
		letter := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		short = short && (digit || c >= 'A' && c <= 'F')
		long = long && (digit || letter && bytes.IndexByte([]byte("aeiouAEIOU"), c) < 0)
	}
	return short || long
}

// delivery is what a delivery agent says about a recipient.
type delivery struct {
	to, origTo string
	relay      string
	dsn        string
	status     string // sent, bounced, deferred …
	text       string // in the brackets at the end
}

// parseDelivery reads: to=<a>, orig_to=<b>, relay=r, delay=d, dsn=x, status=s (text)
func parseDelivery(text []byte) (delivery, bool) {
	rest, ok := bytes.CutPrefix(text, []byte("to=<"))
	if !ok {
		return delivery{}, false
	}
	to, rest, ok := bytes.Cut(rest, []byte(">, "))
	if !ok {
		return delivery{}, false
	}
	d := delivery{to: string(to)}
	if after, ok := bytes.CutPrefix(rest, []byte("orig_to=<")); ok {
		var orig []byte
		if orig, rest, ok = bytes.Cut(after, []byte(">, ")); !ok {
			return delivery{}, false
		}
		d.origTo = string(orig)
	}
	for {
		if status, ok := bytes.CutPrefix(rest, []byte("status=")); ok {
			word, said, _ := bytes.Cut(status, []byte{' '})
			d.status = string(word)
			d.text = string(bytes.TrimSuffix(bytes.TrimPrefix(said, []byte{'('}), []byte{')'}))
			return d, true
		}
		var field []byte
		if field, rest, ok = bytes.Cut(rest, []byte(", ")); !ok {
			return delivery{}, false
		}
		if relay, ok := bytes.CutPrefix(field, []byte("relay=")); ok {
			d.relay = string(relay)
		}
		if dsn, ok := bytes.CutPrefix(field, []byte("dsn=")); ok {
			d.dsn = string(dsn)
		}
	}
}

// address is the recipient as the sender of the message knows it.
func (d delivery) address() string {
	if d.origTo != "" {
		return d.origTo
	}
	return d.to
}
