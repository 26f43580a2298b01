// Package check looks for what is wrong with a campaign while nothing has gone out:
// with its notices as they are rendered, with its plan, and with what the law of the
// readers asks for.
//
// A rule is small, has a name, and can be read (Rules). A check never ends early: it
// returns everything that it finds, each with the place to change and how to mend it.
//
// It guarantees that
//   - the same Subject gives the same Report, in the same order;
//   - no finding holds an address, a name or any other value of an account;
//   - nothing is fetched, resolved or dialled;
//   - it never says that a notice satisfies a law. It says what was found, declared,
//     attested, missing or prohibited, which is no legal advice.
//
// It leaves to others the filling of a Subject, the recording of rules that somebody
// overrides, and everything that needs a network.
package check
