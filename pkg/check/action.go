package check

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/notice"
)

// actionRules are about what a reader can do.
func actionRules() []rule {
	return []rule{
		{Rule{"password-reset", SeverityError, "a password notice without the reset link",
			"its reader is told to reset a password and not where",
			"write [Reset your password]({{.Links.reset}})"}, each(lacksLink(account.Password, notice.LinkReset))},
		{Rule{"sso-sign-out", SeverityError, "an SSO notice without the sign-out link",
			"its reader is told to sign out of all devices and not where",
			"write [Open the security page]({{.Links.sign_out}})"}, each(lacksLink(account.SSO, notice.LinkSignOut))},
		{Rule{"sso-reset", SeverityError, "an SSO notice with the reset link",
			"its reader has no password here, and may set one that nobody needs",
			"leave the link to password.md; facts stand in both notices"}, each(checkNoReset)},
		{Rule{"act-without-click", SeverityError, "no way to act without clicking on a link of the notice",
			"the careful do not click in such mails, and are right",
			"say how to come to the page from a bookmark or by typing the address of your website"}, each(lacksWords("how to act without clicking", func(v *vocabulary) *regexp.Regexp { return v.byOneself }))},
		{Rule{"never-ask", SeverityError, "no word that nobody asks the reader for a password",
			"forged notices follow real ones, and they ask",
			"write that you never ask by e-mail for a password or a card number"}, each(lacksWords("that nobody asks for a password", func(v *vocabulary) *regexp.Regexp { return v.neverAsk }))},
		{Rule{"asks-secret", SeverityError, "the reader is asked to send a password, a code or a card number",
			"no real notice does, and readers who do it once do it for the next forger too",
			"take the sentence out; secrets are entered on your own pages only"}, each(checkHandOver)},
		{Rule{"contact", SeverityError, "no way to reach the organisation: no help page, no address, no telephone, no word that the mail can be answered",
			"people with questions must be able to ask, and laws say so",
			"set links.help or incident.contact, and show it in the notice"}, each(checkContact)},
	}
}

// lacksLink finds notices of a class that lack a configured link.
func lacksLink(class account.Class, key string) func(*view, reporter) {
	return func(v *view, report reporter) {
		target := v.in.Facts.Links[key]
		if v.class == class && (target == "" || !slices.Contains(v.links, target)) {
			report(v.whole(), "the %s notice lacks the link links.%s", class, key)
		}
	}
}

func checkNoReset(v *view, report reporter) {
	reset := v.in.Facts.Links[notice.LinkReset]
	if v.class != account.SSO || reset == "" {
		return
	}
	for _, target := range v.links {
		if samePage(target, reset) {
			report(v.find(reset), "the SSO notice leads to the password reset %s", target)
		}
	}
}

// samePage reports whether two links lead to one page. Query, fragment, slashes at the
// end and the case of letters do not count.
func samePage(a, b string) bool {
	one, ok := parseLink(a)
	other, also := parseLink(b)
	return ok && also && one.Host != "" && bareHost(one) == bareHost(other) &&
		strings.EqualFold(path.Clean("/"+one.Path), path.Clean("/"+other.Path))
}

// lacksWords finds notices without a sentence, in the languages that are known.
func lacksWords(what string, of func(*vocabulary) *regexp.Regexp) func(*view, reporter) {
	return func(v *view, report reporter) {
		if v.words != nil && !of(v.words).MatchString(v.page.text) {
			report(v.whole(), "the notice does not say %s", what)
		}
	}
}

func checkHandOver(v *view, report reporter) {
	if v.words == nil {
		return
	}
	for _, sentence := range clauses(v.page.text) {
		sentence = condition.ReplaceAllString(sentence, "")
		if found := v.words.asksFor(sentence); found != "" {
			report(v.find(found), "the reader is asked for a secret: %q", found)
		}
	}
}

// asksFor returns the part of a sentence that asks its reader for a secret, or nothing. A
// negation of something else, such as "do not hesitate to", is none of the asking.
func (w *vocabulary) asksFor(sentence string) string {
	whole := sentence
	sentence = w.idle.ReplaceAllString(sentence, " ")
	if w.toOthers != nil {
		sentence = w.toOthers.ReplaceAllString(sentence, " ")
	}
	sentence = strings.TrimSpace(sentence)
	found := w.handOver.FindString(sentence)
	switch {
	case found == "", w.negation.MatchString(sentence), !w.asking.MatchString(sentence) && !w.asking.MatchString(whole):
		return ""
	case w.ownPage.MatchString(sentence):
		return ""
	}
	return trimmed(found)
}

// clauses returns the sentences of text, parted at semicolons too.
func clauses(text string) []string {
	var all []string
	for _, sentence := range sentences(text) {
		all = append(all, strings.FieldsFunc(sentence, func(r rune) bool { return r == ';' })...)
	}
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// condition is the clause that a sentence may begin with: a negation in it is none of
// what the reader is asked for.
var condition = regexp.MustCompile(`(?i)^(?:if|when|unless|wenn|falls|sobald)\b[^,]{0,120},\s*`)

// someNumber finds what may be a telephone number: with a plus, an area code in
// parentheses, or the digit by which one leaves the own network.
var someNumber = regexp.MustCompile(`(?:\+|\(|\b0|\b1[ .-])[0-9 ()/.-]{7,}[0-9]`)

// leastDigits is more than a date has.
const leastDigits = 9

func hasTelephone(text string) bool {
	return slices.ContainsFunc(someNumber.FindAllString(text, -1), func(number string) bool {
		digits := strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, number)
		return len(digits) >= leastDigits
	})
}

func checkContact(v *view, report reporter) {
	help := v.in.Facts.Links[notice.LinkHelp]
	answered := v.words != nil && v.words.reply.MatchString(v.page.text)
	mailbox := slices.ContainsFunc(v.page.anchors, func(a anchor) bool { return strings.HasPrefix(a.target, mailto) })
	if help != "" && slices.Contains(v.links, help) || answered || mailbox || hasTelephone(v.page.text) {
		return
	}
	report(v.whole(), "the notice names no help page, no mailbox and no telephone")
}
