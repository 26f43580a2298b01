package bounce

import (
	"slices"
	"strings"
)

// recognisers read addresses and diagnostics out of a text, the surest first.
var recognisers = []func(notice) []finding{findList, findReplies, findLabelled, findTranscript}

// finding is an address that a report names in its text, and what it says there.
type finding struct {
	address    string
	diagnostic string
}

// findings are what the recognisers found in a text.
type findings struct {
	addresses []string           // of the surest recogniser that found any, each once
	said      map[string]finding // the best about each address, by the address in lower case
}

// find runs the recognisers over the text of a report. Those who sent the original or the
// report, or to whom the report went, are left out, unless no recogniser finds anybody
// else: somebody may write to himself.
func (e evidence) find() findings {
	found := make([][]finding, len(recognisers))
	others := make([][]finding, len(recognisers))
	anybody := false
	for i, read := range recognisers {
		found[i] = read(e.notice)
		others[i] = e.withoutSenders(found[i])
		anybody = anybody || len(others[i]) > 0
	}
	if anybody {
		found = others
	}
	return gather(found)
}

// gather chooses among what the recognisers found, the surest first.
func gather(all [][]finding) findings {
	f := findings{said: map[string]finding{}}
	for _, found := range all {
		if len(f.addresses) == 0 {
			f.addresses = distinct(found)
		}
		for _, each := range found {
			key := strings.ToLower(each.address)
			if best, ok := f.said[key]; !ok || each.diagnostic != best.diagnostic && weight(each.diagnostic) > weight(best.diagnostic) {
				f.said[key] = each
			}
		}
	}
	return f
}

// distinct returns the addresses of findings, each once.
func distinct(found []finding) []string {
	var addresses []string
	seen := map[string]bool{}
	for _, f := range found {
		if key := strings.ToLower(f.address); !seen[key] && len(addresses) < enoughRecipients {
			seen[key] = true
			addresses = append(addresses, f.address)
		}
	}
	return addresses
}

// withoutSenders leaves those out who sent the original or the report, or to whom the
// report went.
func (e evidence) withoutSenders(found []finding) []finding {
	h, o := e.message.header, e.original.header
	senders := strings.ToLower(strings.Join(slices.Concat(h.all("to", "from"), o.all("from", "return-path")), ","))
	known := map[string]bool{}
	for _, sender := range findAddresses(senders, 20) {
		known[sender] = true
	}
	return slices.DeleteFunc(slices.Clone(found), func(f finding) bool { return known[strings.ToLower(f.address)] })
}

// diagnosticFor returns what the text says about an address. For the only recipient
// of a report, all of its text is about it.
func (e evidence) diagnosticFor(address string, f findings, only bool) string {
	said := f.said[strings.ToLower(address)].diagnostic
	if only {
		if line := e.troubleLine(); weight(line) > weight(said) {
			return line
		}
	}
	return said
}

// troubleLine returns the line of the text that tells most about the trouble, with
// what goes on below it.
func (e evidence) troubleLine() string {
	best, bestWeight := "", 0
	for i, line := range e.notice.lines {
		if w := weight(line); w > bestWeight {
			best, bestWeight = diagnosticOf(line, e.notice.lines[i+1:]), w
		}
	}
	return best
}

// findBare reads addresses that have a line for themselves and no announcement, as a
// report has them whose words are lost to a broken charset.
func findBare(n notice) []finding {
	if !tellsTrouble(n.plain) {
		return nil
	}
	var found []finding
	for _, e := range listEntries(n.lines) {
		if e.rest == "" {
			found = append(found, finding{address: e.address})
		}
	}
	return found
}
