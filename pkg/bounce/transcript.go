package bounce

import (
	"regexp"
	"strings"
)

var (
	commandPattern = regexp.MustCompile(`(?i)\b(RCPT TO|MAIL FROM)\s*:(.*)$`)
	// <<< 550 …   Out: 550 …   Received <<< 550 …   550 <address>... User unknown
	answerPattern = regexp.MustCompile(`^(?:\s*(?:<<<|Out:|Received:?\s*<<<|S:|<-+|=>)\s*|\s*)([45][0-5][0-9][ \-].*)$`)
)

// repliedPattern is a reply with the address that it is about right behind its code.
var repliedPattern = regexp.MustCompile(`^\s*([45][0-5][0-9][ \-](?:#?[45]\.[0-7]\.[0-9]{1,3}:? +)?)<?[^\s<>@]+@`)

// findReplies reads lists of replies: 550 5.1.1 <address> reason.
func findReplies(n notice) []finding {
	var found []finding
	for i, line := range n.lines {
		if !repliedPattern.MatchString(line) {
			continue
		}
		if address := firstAddress(line); address != "" {
			found = append(found, finding{address: address, diagnostic: diagnosticOf(line, answerBelow(n.lines[i+1:]))})
		}
	}
	return found
}

// findTranscript reads the dialogue of an SMTP session, as old and new Sendmail,
// Postfix, KDDI, InterScan and Bigfoot print it: the recipient of the last RCPT that
// was answered with trouble, or the one that the answer itself repeats.
func findTranscript(n notice) []finding {
	var found []finding
	sender, recipient, asked := "", "", ""
	for i, line := range n.lines {
		if m := answerPattern.FindStringSubmatch(line); m != nil {
			address := answeredAddress(m[1], sender)
			if address == "" {
				address = recipient
			}
			if address != "" {
				found = append(found, finding{address: address, diagnostic: diagnosticOf(m[1], answerBelow(n.lines[i+1:]))})
			}
			continue
		}
		if m := commandPattern.FindStringSubmatch(line); m != nil {
			if strings.EqualFold(m[1], "MAIL FROM") {
				sender, recipient = firstAddress(m[2]), ""
			} else {
				recipient = firstAddress(m[2])
				asked = recipient
			}
		}
	}
	if len(found) == 0 && asked != "" { // the answer stands above, as James and Verizon have it
		found = append(found, finding{address: asked})
	}
	return found
}

// answeredAddress returns the address that an answer repeats, unless it is the
// sender's.
func answeredAddress(answer, sender string) string {
	for _, address := range findAddresses(answer, 4) {
		if !sameAddress(address, sender) {
			return address
		}
	}
	return ""
}

// answerBelow returns the lines that go on with an answer: indented, or of the same
// multi-line reply.
func answerBelow(lines []string) []string {
	for i, line := range lines {
		if !isFolded(line) {
			return lines[:i]
		}
	}
	return lines
}
