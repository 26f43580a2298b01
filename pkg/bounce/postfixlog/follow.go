package postfixlog

import (
	"bytes"
	"container/list"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"breachnotify/pkg/bounce"
	"breachnotify/pkg/bounce/internal/event"
)

// line takes in one line about a queue file.
func (w *walker) line(l line) {
	f := w.queue.get(l.where, l.id)
	switch {
	case bytes.HasPrefix(l.text, []byte("client=")) || bytes.HasPrefix(l.text, []byte("uid=")):
		if f.removed { // smtpd or pickup begins another message
			w.queue.renew(f)
		}
	case bytes.HasPrefix(l.text, []byte("message-id=")):
		w.name(f, string(l.text[len("message-id="):]))
	case bytes.HasPrefix(l.text, []byte("from=<")):
		w.sender(f, l)
	case bytes.HasPrefix(l.text, []byte("to=<")):
		if d, ok := parseDelivery(l.text); ok {
			w.delivery(f, l, d)
		}
	case bytes.Equal(l.text, []byte("removed")):
		w.removed(f, l)
	}
}

// name takes in the line of cleanup with the Message-ID.
func (w *walker) name(f *file, value string) {
	id := event.MessageID(value)
	if f.known && (f.removed || f.messageID != id) {
		f = w.queue.renew(f)
	}
	if f.known {
		return
	}
	w.queue.name(f, id)
	f.foreign = f.foreign || w.options.Keep != nil && !w.options.Keep(id)
	w.tell(f)
}

// tell reports what waited for the Message-ID.
func (w *walker) tell(f *file) {
	waiting := f.pending
	w.queue.hold(-len(waiting))
	f.pending = nil
	for _, report := range waiting {
		report(f)
	}
}

// lost reports what waited for a Message-ID that will not come any more.
func (w *walker) lost(f *file) {
	if !f.known {
		w.tell(f)
	}
}

// flush is for the end of the log.
func (w *walker) flush() {
	for _, l := range []*list.List{w.queue.done, w.queue.open} {
		for e := l.Back(); e != nil; e = e.Prev() {
			w.lost(e.Value.(*file))
		}
	}
}

// sender takes in the lines of the queue manager about a whole message:
//
//	from=<a>, size=1, nrcpt=1 (queue active)
//	from=<a>, status=expired, returned to sender
func (w *walker) sender(f *file, l line) {
	address, rest, ok := bytes.Cut(l.text[len("from=<"):], []byte(">, "))
	if !ok {
		return
	}
	if len(address) == 0 {
		f.foreign = true // Postfix's own bounces and warnings, and those of others
		w.tell(f)
		return
	}
	if f.tokens == nil {
		f.tokens = event.Tokens(string(address))
	}
	switch {
	case bytes.HasSuffix(rest, []byte("(queue active)")):
		w.taken(f, l)
	case bytes.HasPrefix(rest, []byte("status=expired")) || bytes.HasPrefix(rest, []byte("status=force-expired")):
		w.undone(f, l, bounce.ReasonExpired, "the relay tried for too long")
	}
}

// taken reports, once, that Postfix has the whole message: it said so, or it has tried to
// pass it on.
func (w *walker) taken(f *file, l line) {
	if f.taken {
		return
	}
	f.taken = true
	w.report(f, l, fact{kind: bounce.KindOther, status: "queued", recipient: bounce.Recipient{Action: ActionQueued, Permanence: bounce.Unknown}})
}

// removed takes in the end of a queue file. postsuper(1) is an operator who deletes it.
func (w *walker) removed(f *file, l line) {
	if l.daemon == "postsuper" && !f.settled {
		w.undone(f, l, "", "deleted from the queue of the relay")
	}
	w.queue.remove(f)
}

// undone reports that those recipients of a message whose delivery has not ended will
// not get it.
func (w *walker) undone(f *file, l line, reason, why string) {
	f.settled = true
	failed := func(d delivery) {
		said := why
		if d.text != "" {
			said += "; last: " + d.text
		}
		w.report(f, l, fact{kind: bounce.KindBounce, status: "expired", of: d, recipient: bounce.Recipient{
			Address: d.address(), Action: bounce.ActionFailed, Status: d.dsn, Permanence: bounce.Transient, Final: true,
			Reason: reason, Diagnostic: event.OneLine(said)}})
	}
	if len(f.deferred) == 0 {
		failed(delivery{})
	}
	for _, to := range slices.Sorted(maps.Keys(f.deferred)) {
		failed(f.deferred[to])
	}
	w.queue.end(f)
}

// delivery takes in the line of a delivery agent.
func (w *walker) delivery(f *file, l line, d delivery) {
	r := bounce.Recipient{Address: d.address(), Status: d.dsn, Permanence: bounce.Unknown, Diagnostic: event.OneLine(d.text)}
	said := fact{status: d.status, of: d}
	switch d.status {
	case "sent":
		said.kind, r.Action, r.Final = bounce.KindDelivered, bounce.ActionDelivered, true
	case "bounced", "expired":
		said.kind, r.Action = bounce.KindBounce, bounce.ActionFailed
		r = bounce.Judge(r)
	case "deferred", "SOFTBOUNCE": // soft_bounce in postconf(5)
		said.kind, r.Action = bounce.KindDelay, bounce.ActionDelayed
		r = bounce.Judge(r)
		w.taken(f, l) // the line of the queue manager may be in an older log
	default: // the answers to probes of an address
		return
	}
	if d.status == "expired" {
		r.Permanence, r.Reason = bounce.Transient, bounce.ReasonExpired
	}
	said.recipient = r
	w.remember(f, d, r.Final)
	w.report(f, l, said)
}

// remember notes which recipients are put off.
func (w *walker) remember(f *file, d delivery, ended bool) {
	_, before := f.deferred[d.to]
	switch {
	case ended:
		f.settled = true
		if before {
			delete(f.deferred, d.to)
			w.queue.hold(-1)
		}
	case !f.foreign && !f.removed && (before || w.queue.hold(1)):
		if f.deferred == nil {
			f.deferred = map[string]delivery{}
		}
		d.text = event.OneLine(d.text)
		f.deferred[d.to] = d
	}
}

// fact is what a line says, before it is known which message it is about.
type fact struct {
	kind      bounce.Kind
	status    string
	of        delivery
	recipient bounce.Recipient
}

// report yields a fact, or keeps it until its Message-ID is known.
func (w *walker) report(f *file, l line, said fact) {
	if f.foreign {
		return
	}
	place, number, at, stamp := w.file, w.number, w.parseStamp(l.stamp), string(l.stamp)
	tell := func(f *file) {
		if f.foreign || w.ended || w.handedOver(f, said) {
			return
		}
		w.ended = !w.yield(Event{Report: w.compose(f, said, at, stamp), File: place, Number: number}, nil)
	}
	if f.known || !w.queue.hold(1) {
		tell(f)
		return
	}
	f.pending = append(f.pending, tell)
}

// compose makes the report. Its identity is what the line says; only a put-off, which
// comes again and again, has its date in it, without the year, which is a guess.
func (w *walker) compose(f *file, said fact, at time.Time, stamp string) bounce.Report {
	r := bounce.Report{Kind: said.kind, Recipients: []bounce.Recipient{said.recipient}, MessageID: f.messageID,
		Tokens: f.tokens, At: at, Source: bounce.SourcePostfix}
	for _, address := range []string{said.of.origTo, said.of.to} {
		if address != "" && !slices.Contains(r.Addresses, address) {
			r.Addresses = append(r.Addresses, address)
		}
	}
	when := ""
	if said.kind == bounce.KindDelay {
		when = stamp
		if !at.IsZero() {
			when = at.Format("01-02T15:04:05")
		}
	}
	r.Digest = event.Digest(bounce.SourcePostfix, f.id, f.messageID, said.status, said.of.to, said.of.dsn, said.of.text, when)
	return r
}

// newID finds the queue id under which the next server, or local(8), has the message.
var newID = regexp.MustCompile(`(?:queued as|forwarded as) ([0-9A-Za-z]{5,30})\b`)

// handedOver reports whether a delivery only took the message to another queue file of
// this log: that one tells what becomes of it.
func (w *walker) handedOver(f *file, said fact) bool {
	if said.status != "sent" || f.messageID == "" {
		return false
	}
	for _, m := range newID.FindAllStringSubmatch(said.of.text, 4) {
		if w.queue.find(m[1], f) != nil {
			return true
		}
	}
	younger := w.queue.latest[f.messageID]
	return younger != nil && younger.age > f.age && isLocal(said.of.relay)
}

// isLocal reports whether a delivery stays on this machine: to a transport without a
// host (a pipe), to a socket, or to the loopback interface.
func isLocal(relay string) bool {
	host, address, ok := strings.Cut(relay, "[")
	return !ok || strings.HasPrefix(address, "127.") || strings.HasPrefix(address, "::1]") || strings.HasPrefix(address, "private/") ||
		host == "localhost"
}
