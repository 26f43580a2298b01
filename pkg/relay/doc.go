// Package relay speaks SMTP with the organisation's relay: one Session is one
// connection, over which notices go out one after the other.
//
// It guarantees:
//   - Nothing leaves in clear unless the relay is on the loopback interface, and
//     no password leaves before the relay's certificate was verified.
//   - A reply is read for the command that it answers, or for none: a relay that
//     says too much, too little or the wrong thing loses the session.
//   - Whenever the final dot of a message may have left and its reply did not come,
//     the outcome is InDoubt (RFC 1047; RFC 5321 section 4.2.5). Before that it is
//     certain that nobody was mailed.
//   - Every read and write ends by a deadline (RFC 5321 section 4.5.3.2), and what a
//     relay can make this process hold in memory is bounded.
//   - Where the relay offers PIPELINING (RFC 2920) a notice costs one round trip:
//     the end of one transaction and the beginning of the next are one write.
//   - MAIL says how large the message is where the relay offers SIZE (RFC 1870). One that
//     is larger than the relay takes is not sent, and refused like one that it refuses.
//   - A reply that can be about the run as well as about one recipient is told as such
//     (Outcome.Suspect): 5.7.x and throttling under 4.7.x at RCPT, and refusals of a size.
//   - What this program refuses by itself, since the relay could not take it, has a reply
//     without a code whose text begins with "notify: ".
//   - An error holds no mail address. A Reply may: see Reply.String.
//
// go-mail opens the session (greeting, STARTTLS, AUTH); the transactions run over
// that client's Text, since its own way of sending takes five or six round trips.
//
// It leaves to others when a session is opened, what waits and for how long, and
// what is recorded (delivery).
//
// BUG(relay): go-mail matches the keywords of an EHLO reply in upper case only. A
// relay that writes them otherwise is held to offer nothing: over STARTTLS that
// halts the run, and else it costs speed.
package relay
