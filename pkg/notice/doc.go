// Package notice turns Markdown templates and the facts of an incident into one
// MIME message for one mailbox.
//
// A template is compiled once, into the source of an html/template and of a
// text/template, so that the two parts of a message always say the same. Template
// actions are opaque while the Markdown is read, and data is put in afterwards,
// escaped by its context. go-mail writes what stands around the parts, once for each
// notice of the campaign; a message is that with its own values put in (see stencil).
//
// It guarantees that
//   - the same Set and Recipient give the same bytes, from any goroutine;
//   - nothing of an account's data becomes markup, a link, a header, a template
//     action or another line;
//   - a Set that Load returned renders every notice, in every language, with the
//     links that its class needs and no other scheme than https and mailto, and
//     that no SSO notice leads to the page of the password reset;
//   - a message refers to nothing remote: no image, script, style sheet or form.
//
// It leaves to others whether the hosts of links are the organisation's own
// (Set.Links lists them all, and where each stands), the envelope, dot-stuffing and sending.
package notice
