// Package bounce tells from one mail what became of a notice: from the reports that
// mail systems write for machines (RFC 3464, RFC 5965, RFC 8098) and, where there is
// none or it says little, from those that they write for people.
//
// The way of a message is always the same: its MIME tree (treeReader), the words of
// the mail system without the copy of the original (notice), the evidence about its
// kind (classify), the recipients (deliverystatus.go for fields; the recognisers of
// findings.go for words), and what was meant for each (judge). What mail systems say,
// and in which words, is data: rules/wording.txt and rules/phrases.txt.
//
// It guarantees that any bytes at all give a Report, in bounded memory; that a delay, a
// feedback report, an automatic answer, a confirmation and ordinary mail are never a
// bounce; and that a bounce that quotes another message tells of the outer one alone.
// A mail that is no report, and has a whole one attached, tells what that one says.
// go-message decodes transfer encodings and charsets. The tree, the fields and the
// addresses are read here, because real reports are broken in ways in which strict
// readers stop.
//
// It leaves to the ledger what a report means for a campaign: a report can be forged,
// and only the HMAC of a token tells whether it answers one of our notices. It leaves
// to the rooms below it where messages come from.
//
// BUG(bounce): the scripts that write without spaces are not taken as parts of an
// address in running text, only in the fields of a report.
//
// BUG(bounce): of addresses within the sentences of a report only those of its first 32
// kilobytes are found, and Truncated does not tell when there are more. Lists and fields
// have no such hole.
//
// BUG(bounce): a list in words that has each reason above its address, without blank lines
// between them, gives its recipients the reason of the next one, and may miss the last.
//
// BUG(bounce): whoever is away and says so only in the text, neither in
// a field nor in the subject, is taken for ordinary mail.
//
// BUG(bounce): text in UTF-7, which some old systems send, is read as ASCII.
package bounce
