// Package smtptest is an SMTP server on the loopback interface that misbehaves on
// request: for tests, and for the demonstration.
//
// It guarantees that what it says it took (Messages) is what it answered 2xx to,
// that it holds clients to the protocol (a command out of sequence, or one sent
// ahead without PIPELINING, is refused), and that Close returns only when all of
// its goroutines have ended. It delivers nothing and keeps everything in memory.
//
// What it answers is decided by a Script; a nil Script is a server that takes
// everything. Ready scripts are combined with Chain.
package smtptest
