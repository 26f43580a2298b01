// Package delivery sends what a ledger holds: one batch at a time, paced, over
// several SMTP sessions, resumable after any end.
//
// It guarantees that no body leaves before the intent to send it is durable, that
// what became of a notice and the intent of the next one on the same session are
// one write to the ledger, and that whatever ends a run (a signal, a halt, a
// ledger that fails) leaves at most one notice a session whose fate is unknown.
// A notice is on its way over one session only. While the ledger commits, a session takes
// the notice that comes next and has its message composed, so that nothing but the relay
// keeps it waiting then; should the run end, that notice goes back as if never taken.
//
// It leaves SMTP and the judgement of replies to relay, storage to ledger, wording
// to notice, arithmetic to throttle, and signals, consent and screens to the
// command line.
//
// # Pace
//
// Notices go in the order of the ledger, except that one whose domain has to wait
// lets the others pass. To find others, a batch is read ahead by up to 8 pages of
// 1,000 notices. A batch that begins with more notices than that to one slow domain
// goes at the pace of that domain until fewer are left. A batch ends with its last
// notice, so the slowest domain of a batch decides when the next one begins.
//
// A destination whose replies ask for patience again and again is slowed by itself, and
// paused where they say for how long (throttle.Pacer.Slow). A batch does not wait for a
// pause of more than a minute: the next one begins, and the notices left behind go out
// beside it when their time has come. They count against the read-ahead, so that a
// destination with more than that waits for its pause after all. The relay's own
// complaints slow the run as a whole, and close it for a while as any failure of the
// relay does.
//
// At most Options.PerDomain transactions with one domain are under way. A session that
// ends one begins the next to the same domain in the same flight, which is no second
// one: the relay sees them one after the other.
//
// What replies did to the pace is forgotten when a run ends; the rate and the ramp are
// not, if the next run is told of the last attempt (Pace.Since) and of Summary.Ramped.
//
// Deferred notices whose time has come go out together with the pending ones of the
// batch under way. During the pause between batches nothing goes.
//
// # Complaints
//
// Some replies to one notice seem to be about all: a policy (5.7.x) or throttling (4.7.x)
// at RCPT, a refusal of the size, and whatever at RCPT, DATA or the dot is about the
// sender's quota, authentication or standing. What they mean is known from the others:
//
//	the notice's                  | others since accepted | the run             | the notice
//	first one                     | in this run, RCPT     | goes on; 4.7.x slows | put off, uncounted
//	                              | and sizes only        | the destination     |
//	first one                     | otherwise             | backs off or halts  | put off, uncounted
//	fifth in a row, of two        | no                    | backs off or halts  | put off, uncounted
//	destinations                  |                       |                     |
//	refused for its size          | in this run           | goes on             | rejected
//	next one                      | yes                   | goes on             | 5xx rejected; 4xx and
//	                              |                       |                     | quotas put off, counted
//	any, and all others that are  | no, but earlier       | goes on             | put off, counted
//	left have met one             |                       |                     |
//	next one                      | no                    | backs off or halts  | put off, uncounted
//
// A notice that is put off uncounted is due after retry.first, or what the reply asks for
// where the run goes on, and the next run begins with the others. So one recipient stops a
// campaign once at most, and a relay that turns on everybody stops it with nobody charged.
// MAIL refused for another reason than a size halts the run and touches no notice.
//
// BUG(delivery): a notice that a quota met twice, with others accepted in between, is put
// off by an attempt that counts, though it was the quota both times; after Retry.Attempts
// of these it is rejected.
//
// # Pages
//
// With Options.Prober the pages that notices lead to are asked beside the sending, which
// they do not slow. No notice is begun before the first answer, nor while a page does not
// answer: what is on its way is finished, idle sessions are closed after a while, and the
// run goes on by itself, at its rate, when all pages answer again. A pause counts against
// no notice, never halts the run, and has no longest time.
package delivery
