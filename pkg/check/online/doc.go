// Package online asks the relay, the DNS and the web, before anything goes out, whether
// notices can arrive: whether the relay takes them, whether receivers find that they are
// genuine, whether bounces find a way back, and whether the pages answer that everybody
// is sent to.
//
// It guarantees that
//   - no recipient is named and no message leaves: the relay gets MAIL, RSET and QUIT;
//   - what could not be asked is told apart from what is not there: a time-out or a
//     failure of DNS is a finding of its own, and never taken for an answer;
//   - everything ends within Options.Timeouts, however dead a server is;
//   - neither facts nor findings hold a password, a private key or the address of a
//     reader; what servers said is cleaned of control characters and of addresses.
//
// Facts say what was seen, findings what breaks a rule; a rule can be read (Rules). The
// relay is found as send finds it. Everything else is looked up through Options.Resolver,
// since what matters there is what the world sees.
//
// It leaves to others the rendering of the messages, the sending, and what follows from
// a finding.
//
// BUG(online): the organisational domain of DMARC is that of the public suffix list (RFC
// 7489 section 3.2), which is what most receivers go by; the walk up the DNS tree that
// newer drafts ask for can give another one.
package online
