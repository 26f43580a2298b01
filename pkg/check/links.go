package check

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"breachnotify/pkg/account"
	"breachnotify/pkg/notice"
)

// linkRules are about where the links of the notices lead.
func linkRules() []rule {
	return []rule{
		{Rule{"link-scheme", SeverityError, "a link that is neither https nor mailto",
			"what is not encrypted can be changed on its way, and other schemes run programs",
			"write the whole address, beginning with https://"}, eachLinked(checkScheme)},
		{Rule{"link-host", SeverityError, "a link to a host outside of official_domains",
			"readers are told to trust your own domains only, and whoever runs another host can change what stands there",
			"lead to a page of your own, or add the domain to official_domains if it is yours"}, eachHost(hostForeign, "is outside of official_domains")},
		{Rule{"link-lookalike", SeverityError, "a link to a host that can be taken for an official one: punycode, mixed scripts, letters that look the same, the official name at the wrong end",
			"this is what a forged notice looks like",
			"write the official domain; if the host is yours, add it to official_domains"}, eachHost(hostLookAlike, "looks like an official domain")},
		{Rule{"link-ip", SeverityError, "a link to an IP address or to a name that is local to its reader",
			"it leads each reader to another machine, such as their own router, and has no certificate that says whose it is",
			"write the public name of the page"}, eachHost(hostLocal, "is no public name")},
		{Rule{"link-userinfo", SeverityError, "a link with a user name before its host",
			"in https://example.com@evil.test/ the host is the last one, and readers see the first",
			"take out everything between // and the host"}, eachURL(checkUserinfo)},
		{Rule{"link-trailing-dot", SeverityError, "a link whose host ends in a dot",
			"it looks odd to the careful, and filters and certificates treat it as another host",
			"take out the dot"}, eachURL(checkTrailingDot)},
		{Rule{"link-port", SeverityError, "a link with a port other than 443",
			"networks of offices block it, and it is what forged pages on borrowed machines have",
			"serve the page at the usual port, and leave the port out"}, eachURL(checkPort)},
		{Rule{"link-shortener", SeverityError, "a link through a shortener or a redirector",
			"nobody sees where it leads, and whoever runs it can change that and counts the readers",
			"write the address of the page itself"}, eachURL(checkRedirect)},
		{Rule{"link-text", SeverityError, "a link that shows one address and leads to another",
			"this is the first thing by which readers are taught to know a forgery",
			"show the address that it leads to, or words"}, each(checkShown)},
		{Rule{"link-reader", SeverityError, "a link that holds the address, an account or the token of its reader",
			"it tells servers and everybody who reads their logs who was affected and who clicked",
			"write one link for everybody"}, each(checkReader)},
		{Rule{"link-tracking", SeverityError, "a link with a query that tracks",
			"a breach notice does not watch its readers",
			"take the tracking out of the query"}, eachURL(checkTracking)},
		{Rule{"link-tracking-maybe", SeverityWarning, "a link with a parameter by which some track, such as ref, source, campaign or uid",
			"a breach notice does not watch its readers, nor looks as if it did",
			"take the parameter out, unless the page needs it"}, eachURL(checkMaybeTracking)},
		{Rule{"link-token", SeverityWarning, "a link with a mail address or what reads like a token",
			"it looks as if it were made for one reader, and a forwarded notice hands it on",
			"write the plain address of the page"}, eachURL(checkToken)},
		{Rule{"link-parts", SeverityError, "a link that the text part or the HTML part alone has",
			"a reader of the other part is told less, and nobody proofreads both",
			"put the link into the Markdown, from which both parts are made"}, each(checkParts)},
		{Rule{"link-bare", SeverityWarning, "the name of somebody else's host in running text",
			"mail readers make a link of it, which leads away from your own domains",
			"leave it out, or say in words what you mean"}, each(checkBare)},
	}
}

// eachURL makes a check of everything out of one of a single link to the web. what is empty where there is
// nothing to say.
func eachURL(check func(link *url.URL) (what string)) func(*inspected, reporter) {
	return eachLinked(func(v *view, report reporter) {
		for _, target := range v.links {
			link, ok := parseLink(target)
			if !ok || link.Scheme == "mailto" {
				continue
			}
			if what := check(link); what != "" {
				report(v.findLink(target), "the link %s %s", shownLink(target), what)
			}
		}
	})
}

// eachHost finds links to hosts of one kind.
func eachHost(wrong hostKind, what string) func(*inspected, reporter) {
	return eachLinked(func(v *view, report reporter) {
		for _, target := range v.links {
			host := hostOf(target)
			if host == "" {
				continue // for link-scheme
			}
			if judged, why := v.in.judgeHost(host); judged == wrong {
				if why != "" {
					why = ": " + why
				}
				report(v.findLink(target), "the host %s of a link %s%s", host, what, why)
			}
		}
	})
}

// shownLink returns a link for a finding: without anybody's address.
func shownLink(target string) string {
	if link, ok := parseLink(target); ok && strings.Contains(target, "%25") && somebody.MatchString(unescaped(unescaped(target))) {
		return link.Scheme + "://" + link.Host + "/…" // escaped twice, so that masking does not see it
	}
	return account.MaskText(target)
}

func checkScheme(v *view, report reporter) {
	for _, target := range v.links {
		link, ok := parseLink(target)
		if !ok || link.Scheme != "https" && link.Scheme != "mailto" || hostOf(target) == "" {
			report(v.findLink(target), "the link %s is not https", shownLink(target))
		}
	}
}

func checkUserinfo(link *url.URL) string {
	if link.User == nil {
		return ""
	}
	return "has a user name before its host " + link.Hostname()
}

func checkTrailingDot(link *url.URL) string {
	if !strings.HasSuffix(link.Hostname(), ".") {
		return ""
	}
	return "has a host that ends in a dot"
}

func checkPort(link *url.URL) string {
	if port := link.Port(); port != "" && port != "443" {
		return "has the port " + port
	}
	return ""
}

// bareAddress is a web address or mailbox as it is shown: with or without a scheme.
var bareAddress = regexp.MustCompile(`(?i)^(?:[a-z][a-z0-9+.-]*://)?[^\s/@]+(?:\.[^\s/@.]+)+(?:[/?#]\S*)?$|^[^\s@/]+@[^\s@/]+$`)

func checkShown(v *view, report reporter) {
	for _, a := range v.page.anchors {
		if bareAddress.MatchString(a.words) && !sameAddress(a.words, a.target) {
			report(v.find(a.words), "the link %s leads to %s", shownLink(a.words), shownLink(a.target))
		}
	}
}

// sameAddress reports whether the words of a link are where it leads. They may leave
// the scheme, www. and a slash at the end out, and then also everything after the host.
func sameAddress(words, target string) bool {
	if address, ok := strings.CutPrefix(strings.ToLower(target), mailto); ok {
		return strings.EqualFold(strings.TrimPrefix(strings.ToLower(words), mailto), address)
	}
	if strings.Contains(words, "@") {
		return words == target
	}
	whole := strings.Contains(words, "://")
	if !whole {
		words = "https://" + words
	}
	shown, ok := parseLink(words)
	link, also := parseLink(target)
	if !ok || !also || bareHost(shown) != bareHost(link) || usualPort(shown) != usualPort(link) {
		return false
	}
	rest := func(u *url.URL) string { return strings.TrimSuffix(u.RequestURI(), "/") + "#" + u.Fragment }
	return rest(shown) == rest(link) || !whole && rest(shown) == "#"
}

// usualPort returns the port of a link, empty for that of https.
func usualPort(u *url.URL) string {
	if u.Scheme == "https" && u.Port() == "443" {
		return ""
	}
	return u.Port()
}

func bareHost(u *url.URL) string { return strings.TrimPrefix(canonicalHost(u.Hostname()), "www.") }

func checkReader(v *view, report reporter) {
	signs := v.readerSigns()
	for _, target := range v.links {
		link, ok := parseLink(target)
		if !ok || link.Scheme == "mailto" {
			continue
		}
		for _, piece := range pieces(link) {
			if what, found := signs[piece]; found {
				report(v.findLink(target), "a link to %s holds %s", link.Hostname(), what)
			}
		}
	}
}

// readerSigns returns what a link could hold of the reader, in lower case.
func (v *view) readerSigns() map[string]string {
	signs := map[string]string{}
	to := strings.ToLower(v.Recipient.To.Wire())
	for _, form := range []string{v.Recipient.To.Wire(), to} {
		if form == "" {
			continue
		}
		sum5, sum1, sum256 := md5.Sum([]byte(form)), sha1.Sum([]byte(form)), sha256.Sum256([]byte(form))
		for _, sum := range [][]byte{sum5[:], sum1[:], sum256[:]} {
			signs[hex.EncodeToString(sum)] = "a hash of the address of its reader"
		}
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			signs[strings.ToLower(encoding.EncodeToString([]byte(form)))] = "the address of its reader"
		}
	}
	local, _, _ := strings.Cut(to, "@")
	for _, a := range v.Recipient.Accounts {
		signs[strings.ToLower(a.ID)] = "an account of its reader"
	}
	signs[strings.ToLower(v.Recipient.ID)] = "the token of its reader"
	signs[to], signs[local] = "the address of its reader", "the address of its reader"
	delete(signs, "")
	return signs
}

// pieces returns what a link consists of beside its host, in lower case: the segments
// of its path and fragment, and the values of its query.
func pieces(link *url.URL) []string {
	all := strings.FieldsFunc(link.Path+"/"+link.Fragment, func(r rune) bool { return strings.ContainsRune("/?&=;", r) })
	for key, values := range link.Query() {
		all = append(append(all, key), values...)
	}
	for i := range all {
		all[i] = strings.ToLower(all[i])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// bareName finds what reads like the name of a host: no mail address, and no link that
// has a scheme.
var bareName = regexp.MustCompile(`(?i)(?:^|[\s("'“„])((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,})(?:[\s/?#),;:!'"”“.]|$)`)

func checkBare(v *view, report reporter) {
	text := v.page.text
	for _, at := range bareName.FindAllStringSubmatchIndex(text, -1) {
		name, rest := text[at[2]:at[3]], text[at[3]:]
		host := strings.ToLower(name)
		if suffix, public := publicsuffix.PublicSuffix(host); !public || suffix == host {
			continue
		}
		judged, _ := v.in.judgeHost(host)
		alone := rest == "" || !strings.ContainsRune("/?#", rune(rest[0]))
		if judged == hostLookAlike || judged == hostForeign && !(alone && notHost.MatchString(name)) {
			report(v.find(name), "the text names the host %s", host)
		}
	}
}

// notHost finds names that read like those of hosts and are meant for something else: files
// with endings that are domains too, and companies such as Amazon.com.
var notHost = regexp.MustCompile(`^[\w-]+\.(?:md|zip|py|sh|rs|pl|mov|so|cc|ps)$|^[A-Z][A-Za-z0-9-]*[a-z][A-Za-z0-9-]*\.com$`)

func checkParts(v *view, report reporter) {
	inPage, inText := map[string]bool{}, map[string]bool{}
	for _, a := range v.page.anchors {
		inPage[notice.CanonicalURL(a.target)] = true
	}
	for _, address := range addressesIn(v.Message.Text) {
		inText[notice.CanonicalURL(address)] = true
	}
	for _, target := range v.links {
		switch {
		case !inPage[notice.CanonicalURL(target)]:
			report(v.findLink(target), "the link %s is none in the HTML part", shownLink(target))
		case strings.HasPrefix(target, mailto):
			if !strings.Contains(v.Message.Text, strings.TrimPrefix(target, mailto)) {
				report(v.findLink(target), "the text part lacks the link %s", shownLink(target))
			}
		case !inText[notice.CanonicalURL(target)]:
			report(v.findLink(target), "the text part lacks the link %s", shownLink(target))
		}
	}
}
