// Package webprobe asks a web page whether it answers, as somebody would find it who
// follows a link of a notice.
//
// It guarantees that a page is asked over https alone, with a verified certificate and
// TLS 1.2 or later; that every answer comes over a connection of its own, so that a front
// end that is gone is seen; that nothing is sent but a GET with an honest User-Agent: no
// cookie, no referer, no credentials; that asking takes no longer than Options.Timeout
// and no more than a bounded number of octets, which are thrown away; that a redirect is
// followed to the hosts only that the caller allows, a few times at most; and that no
// error holds a path, a query or anything that a server wrote.
//
// It leaves to its callers which pages to ask, how often, what follows from an answer,
// and whether a host is one of the organisation's. Proxies of the environment are not
// used: the answer of a proxy says little about the page.
package webprobe
