package postfixtest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// configure writes the configuration. Postfix itself fills its queue with folders.
func (s *Server) configure(tb testing.TB, o Options) {
	tb.Helper()
	owner, err := user.Lookup("nobody")
	noError(tb, err)
	for _, name := range []string{"etc", "mail", "queue"} {
		noError(tb, os.Mkdir(s.path(name), 0o755))
	}
	uid, err := strconv.Atoi(owner.Uid)
	noError(tb, err)
	noError(tb, os.Chown(s.path("mail"), uid, -1))
	settings := s.settings(owner, o)
	if o.Certificate != nil {
		noError(tb, os.WriteFile(s.path("etc/chain.pem"), chainPEM(tb, *o.Certificate), 0o600))
		settings["smtpd_tls_chain_files"] = s.path("etc/chain.pem")
		settings["smtpd_tls_security_level"] = "encrypt"
		settings["smtpd_tls_received_header"] = "yes"
	}
	maps.Copy(settings, o.Settings)
	var main, boxes, hops bytes.Buffer
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&main, "%s = %s\n", key, settings[key])
	}
	for i, mailbox := range s.mailboxes {
		fmt.Fprintf(&boxes, "%s  %s/\n", mailbox, folderOf(i))
	}
	for i, mailbox := range o.Full {
		fmt.Fprintf(&boxes, "%s  full-%d\n", mailbox, i)
		s.fill(tb, fmt.Sprintf("mail/full-%d", i), uid)
	}
	for domain, port := range o.NextHops {
		fmt.Fprintf(&hops, "%s  smtp:[127.0.0.1]:%d\n", domain, port)
	}
	noError(tb, os.WriteFile(s.path("etc/main.cf"), main.Bytes(), 0o644))
	noError(tb, os.WriteFile(s.path("etc/mailboxes"), boxes.Bytes(), 0o644))
	noError(tb, os.WriteFile(s.path("etc/hops"), hops.Bytes(), 0o644))
	noError(tb, os.WriteFile(s.path("etc/master.cf"), fmt.Appendf(nil, masterCF, s.port), 0o644))
}

// folderOf names the Maildir of a mailbox, below the folder of mail.
func folderOf(mailbox int) string { return strconv.Itoa(mailbox) }

// fill makes an mbox file as large as virtual_mailbox_limit allows. It takes no room
// on the disk.
func (s *Server) fill(tb testing.TB, name string, owner int) {
	tb.Helper()
	noError(tb, os.WriteFile(s.path(name), nil, 0o600))
	noError(tb, os.Truncate(s.path(name), mailboxLimit))
	noError(tb, os.Chown(s.path(name), owner, -1))
}

// mailboxLimit is virtual_mailbox_limit in octets. It must exceed message_size_limit,
// and bounds a message only where the mailbox is a Maildir.
const mailboxLimit = 32 << 20

// masterCF lists the services (master(5)). There is no chroot, since that needs files
// of the system inside of it.
const masterCF = `127.0.0.1:%d inet n - n - - smtpd
cleanup  unix      n - n - 0     cleanup
qmgr     unix      n - n 300 1   qmgr
tlsmgr   unix      - - n 1000? 1 tlsmgr
rewrite  unix      - - n - -     trivial-rewrite
bounce   unix      - - n - 0     bounce
defer    unix      - - n - 0     bounce
trace    unix      - - n - 0     bounce
proxymap unix      - - n - -     proxymap
error    unix      - - n - -     error
discard  unix      - - n - -     discard
retry    unix      - - n - -     error
virtual  unix      - n n - -     virtual
smtp     unix      - - n - -     smtp
anvil    unix      - - n - 1     anvil
showq    unix      n - n - -     showq
postlog  unix-dgram n - n - 1    postlogd
`

func (s *Server) settings(owner *user.User, o Options) map[string]string {
	return map[string]string{
		"compatibility_level":   "3.6",
		"queue_directory":       s.path("queue"),
		"data_directory":        s.path("data"),
		"maillog_file":          s.path("log"),
		"maillog_file_prefixes": s.dir,
		"myhostname":            "mx.test.example",

		"inet_interfaces":          "127.0.0.1",
		"inet_protocols":           "ipv4",
		"smtpd_peername_lookup":    "no", // no DNS
		"smtpd_relay_restrictions": "reject_unauth_destination",
		"default_transport":        "error:5.4.4 no mail leaves a test",
		"relay_transport":          "error:5.4.4 no mail leaves a test",
		"local_transport":          "error:5.4.4 there are no local users in a test",
		"mydestination":            "",
		"mynetworks":               "",
		"relay_domains":            strings.Join(slices.Sorted(maps.Keys(o.NextHops)), ", "),
		"alias_maps":               "",
		"local_recipient_maps":     "",

		"transport_maps":                  "texthash:" + s.path("etc/hops"),
		"smtp_bind_address":               "127.0.0.1",
		"smtp_connection_cache_on_demand": "no", // there is no scache(8)

		"recipient_delimiter":     "+",
		"virtual_mailbox_domains": strings.Join(domainsOf(s.mailboxes, o.Full), ", "),
		"virtual_mailbox_maps":    "texthash:" + s.path("etc/mailboxes"),
		"virtual_mailbox_base":    s.path("mail"),
		"virtual_mailbox_limit":   strconv.Itoa(mailboxLimit),
		"virtual_uid_maps":        "static:" + owner.Uid,
		"virtual_gid_maps":        "static:" + owner.Gid,
	}
}

func domainsOf(mailboxes ...[]string) []string {
	var domains []string
	for _, mailbox := range slices.Concat(mailboxes...) {
		domains = append(domains, mailbox[strings.LastIndexByte(mailbox, '@')+1:])
	}
	slices.Sort(domains)
	return slices.Compact(domains)
}

// chainPEM writes a key and its certificates in the order that
// smtpd_tls_chain_files wants.
func chainPEM(tb testing.TB, certificate tls.Certificate) []byte {
	tb.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	noError(tb, err)
	chain := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	for _, der := range certificate.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return chain
}
