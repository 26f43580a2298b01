// Package dnstest is a DNS server on a free port of 127.0.0.1, for tests: it answers
// from records in the form of a zone file, and fails where it is told to.
//
// It guarantees that a name without a record is answered as one that does not exist,
// that one with records of other types is answered with none, and that nothing runs on
// after Close. It is authoritative for every name, follows no CNAME to another name, and
// knows no wildcards.
package dnstest

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// Options describe a server.
type Options struct {
	// Records are records as in a zone file (RFC 1035 section 5.1), one a line, with
	// full names: example.com. TXT "v=spf1 -all"
	Records string
	// Broken are names that are answered with SERVFAIL, Refused with REFUSED, and Silent
	// ones are not answered at all. A dot is every name that has no record.
	Broken, Refused, Silent []string
}

// Server is a running server.
type Server struct {
	records map[string][]dns.RR
	faults  map[string]int
	udp     *dns.Server
	tcp     *dns.Server
	address string
	running sync.WaitGroup

	mu      sync.Mutex
	queries []string
}

// silence is the response code that stands for no response.
const silence = -1

// ttl of records that name none.
const ttl = "$TTL 60\n"

// Start runs a server. It returns an error for records that cannot be read.
func Start(o Options) (*Server, error) {
	s := &Server{records: map[string][]dns.RR{}, faults: map[string]int{}}
	parser := dns.NewZoneParser(strings.NewReader(ttl+o.Records+"\n"), ".", "records")
	for record, ok := parser.Next(); ok; record, ok = parser.Next() {
		name := dns.CanonicalName(record.Header().Name)
		s.records[name] = append(s.records[name], record)
	}
	if err := parser.Err(); err != nil {
		return nil, fmt.Errorf("read the records: %w", err)
	}
	for code, names := range map[int][]string{dns.RcodeServerFailure: o.Broken, dns.RcodeRefused: o.Refused, silence: o.Silent} {
		for _, name := range names {
			s.faults[dns.CanonicalName(name)] = code
		}
	}
	return s, s.listen()
}

// listen serves UDP and TCP on one port: what does not fit into a datagram is asked for
// again over TCP.
func (s *Server) listen() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.address = listener.Addr().String()
	packets, err := net.ListenPacket("udp", s.address)
	if err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), listener.Close())
	}
	s.tcp = &dns.Server{Listener: listener, Handler: s}
	s.udp = &dns.Server{PacketConn: packets, Handler: s}
	for _, server := range []*dns.Server{s.tcp, s.udp} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		s.running.Go(func() { _ = server.ActivateAndServe() }) // it ends by Shutdown
		<-started
	}
	return nil
}

// Addr returns the address as host:port.
func (s *Server) Addr() string { return s.address }

// Queries returns what was asked, such as "TXT example.com.", in the order in which it
// came.
func (s *Server) Queries() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.queries...)
}

// Close ends the server.
func (s *Server) Close() error {
	err := errors.Join(s.udp.Shutdown(), s.tcp.Shutdown())
	s.running.Wait()
	return err
}

// ServeDNS answers one query.
func (s *Server) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	if len(query.Question) != 1 {
		return
	}
	question := query.Question[0]
	name := dns.CanonicalName(question.Name)
	s.note(dns.TypeToString[question.Qtype] + " " + name)
	answer := new(dns.Msg).SetReply(query)
	answer.Authoritative = true
	code := s.answer(answer, name, question.Qtype)
	if code == silence {
		return
	}
	answer.Rcode = code
	if w.LocalAddr().Network() == "udp" {
		size := dns.MinMsgSize
		if extended := query.IsEdns0(); extended != nil {
			size = int(extended.UDPSize())
		}
		answer.Truncate(size)
	}
	_ = w.WriteMsg(answer) // who asked may be gone
}

// answer fills in the records and returns the response code.
func (s *Server) answer(m *dns.Msg, name string, kind uint16) int {
	if fault, ok := s.faults[name]; ok {
		return fault
	}
	records, known := s.records[name]
	if !known {
		if fault, ok := s.faults["."]; ok {
			return fault
		}
		return dns.RcodeNameError
	}
	for _, record := range records {
		if record.Header().Rrtype == kind {
			m.Answer = append(m.Answer, record)
		}
	}
	return dns.RcodeSuccess
}

func (s *Server) note(query string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries = append(s.queries, query)
}
