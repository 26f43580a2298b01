// Package preview is a page in a browser on which people look at the notices of a
// campaign before these are sent: each class and language, telling cases, and the notice
// of any account; as HTML, text and source.
//
// It guarantees that
//   - only whoever has the address that Entry returns gets in, once: the first visit
//     takes the token in it for a cookie, a second one is refused;
//   - nothing is changed and nothing is sent: there is no method but GET;
//   - the page loads nothing and leads nowhere but to itself; the notice stands in a
//     sandboxed frame under a policy of its own, in which nothing runs, nothing is
//     fetched and no link can be followed;
//   - nothing is kept by the browser (Cache-Control: no-store), and no other site can
//     frame, read or, by making its name point here, reach it;
//   - addresses and account ids in lists are masked. The notice itself is as it is.
//
// It leaves to others where to listen, what the cases are, and whether links lead to the
// organisation (campaign checks that). Whoever listens beyond the loopback interface
// serves personal data in clear.
package preview
