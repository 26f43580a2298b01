package smtptest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
)

// Bounds of what a client can make the server hold.
const (
	maxLine    = 4 << 10
	maxMessage = 32 << 20
)

// errEnd ends a session that is over for no fault of the connection.
var errEnd = errors.New("the session is over")

// session is one connection. Its methods return an error when it is over.
type session struct {
	server *Server
	tcp    net.Conn
	conn   net.Conn // tcp, or TLS over it
	number int
	r      *bufio.Reader
	out    bytes.Buffer // said, and not written yet
	taken  int
	authed bool

	inTransaction      bool
	from, to           string
	mailLine, rcptLine string
}

func serve(server *Server, c net.Conn, number int) {
	s := &session{server: server, tcp: c, number: number}
	s.over(c)
	if server.options.TLS == FromTheStart && s.encrypt() != nil {
		return
	}
	if code, err := s.answer(Connect, "", "220 smtptest ESMTP"); err != nil || code != '2' {
		_ = s.flush() // the client may be gone
		return
	}
	for s.command() == nil {
	}
	_ = s.flush() // the client may be gone
}

// over makes c what the session reads and writes.
func (s *session) over(c net.Conn) {
	s.conn = c
	s.r = bufio.NewReaderSize(c, 64<<10)
}

func (s *session) encrypt() error {
	over := tls.Server(s.tcp, &tls.Config{
		Certificates:                []tls.Certificate{*s.server.options.Certificate},
		DynamicRecordSizingDisabled: true,
	})
	if err := over.Handshake(); err != nil {
		return err
	}
	s.over(over)
	return nil
}

// readLine writes what was said once nothing is left to read, as a server does
// that answers a group of commands together, and then reads a line.
func (s *session) readLine() ([]byte, error) {
	if s.r.Buffered() == 0 {
		if err := s.flush(); err != nil {
			return nil, err
		}
	}
	line, err := s.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return line, nil
}

func (s *session) flush() error {
	if s.out.Len() == 0 {
		return nil
	}
	s.server.flushed()
	for s.out.Len() > 0 {
		if _, err := s.conn.Write(s.out.Next(s.server.fragment())); err != nil {
			return err
		}
		if s.out.Len() == 0 {
			break
		}
		if err := s.server.pause(s.server.options.Pace); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) say(reply string) { s.out.WriteString(reply + "\r\n") }

// answer asks the script and says its reply, or else the usual one. It returns the
// first digit of what was said, 0 for silence.
func (s *session) answer(stage Stage, line, usual string) (byte, error) {
	return s.act(s.server.options.Script(s.event(stage, line)), usual)
}

func (s *session) event(stage Stage, line string) Event {
	return Event{Conn: s.number, Stage: stage, Line: line, From: s.from, To: s.to, Taken: s.taken}
}

func (s *session) act(a Action, usual string) (code byte, err error) {
	if err := s.wait(a); err != nil {
		return 0, err
	}
	if a.Reply != "" {
		usual = a.Reply
	}
	if !a.Silent && usual != "" {
		code = usual[0]
		s.say(usual)
	}
	return code, s.end(a.Then)
}

// wait writes what was said before and then waits as the action asks, or until the
// server closes.
func (s *session) wait(a Action) error {
	if a.Delay == 0 && a.Until == nil {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	if a.Until != nil {
		select {
		case <-a.Until:
		case <-s.server.closing:
			return errEnd
		}
	}
	return s.server.pause(a.Delay)
}

func (s *session) end(how End) error {
	if how == Stay {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	switch how {
	case Abort:
		if tcp, ok := s.tcp.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // else it is an ordinary close
		}
		_ = s.tcp.Close() // over TLS too, without its farewell
	case Stall:
		<-s.server.closing
	}
	return errEnd
}

// command reads one command and answers it.
func (s *session) command() error {
	raw, err := s.readLine()
	if err != nil {
		return err
	}
	line := strings.TrimRight(string(raw), "\r\n")
	verb, rest, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	if verb == "AUTH" {
		mechanism, _, _ := strings.Cut(rest, " ")
		s.server.note("AUTH " + mechanism)
	} else {
		s.server.note(line)
	}
	if s.r.Buffered() > 0 && !s.mayFollow(verb) {
		s.say("503 5.5.0 improper pipelining")
		return errEnd
	}
	return s.handle(verb, line, rest)
}

// mayFollow reports whether a client may have sent more after a command without
// waiting for its reply (RFC 2920 section 3.1).
func (s *session) mayFollow(verb string) bool {
	return slices.Contains(s.server.options.Extensions, "PIPELINING") &&
		slices.Contains([]string{"MAIL", "RCPT", "RSET"}, verb)
}

func (s *session) handle(verb, line, rest string) error {
	switch verb {
	case "EHLO":
		return s.only(s.answer(EHLO, line, s.greeting()))
	case "HELO":
		return s.only(s.answer(HELO, line, "250 smtptest"))
	case "STARTTLS":
		return s.startTLS(line)
	case "AUTH":
		return s.auth(line, rest)
	case "MAIL":
		return s.mail(line, rest)
	case "RCPT":
		return s.rcpt(line, rest)
	case "DATA":
		return s.data(line)
	case "RSET":
		s.clear()
		return s.only(s.answer(Reset, line, "250 2.0.0 flushed"))
	case "NOOP":
		return s.only(s.answer(Noop, line, "250 2.0.0 done"))
	case "QUIT":
		if _, err := s.answer(Quit, line, "221 2.0.0 goodbye"); err != nil {
			return err
		}
		return errEnd
	}
	s.say("500 5.5.2 unknown command")
	return nil
}

func (s *session) only(_ byte, err error) error { return err }

func (s *session) greeting() string {
	lines := append([]string{"smtptest"}, s.server.options.Extensions...)
	_, encrypted := s.conn.(*tls.Conn)
	if s.server.options.TLS == WithSTARTTLS && !encrypted {
		lines = append(lines, "STARTTLS")
	}
	if s.server.options.Username != "" && (encrypted || s.server.options.TLS == Clear) {
		lines = append(lines, "AUTH "+strings.Join(s.server.options.Mechanisms, " "))
	}
	for i, line := range lines[:len(lines)-1] {
		lines[i] = "250-" + line
	}
	lines[len(lines)-1] = "250 " + lines[len(lines)-1]
	return strings.Join(lines, "\r\n")
}

func (s *session) startTLS(line string) error {
	if s.server.options.TLS != WithSTARTTLS {
		s.say("502 5.5.1 no TLS here")
		return nil
	}
	code, err := s.answer(STARTTLS, line, "220 2.0.0 go ahead")
	if err != nil || code != '2' {
		return err
	}
	if err := s.flush(); err != nil {
		return err
	}
	return s.encrypt()
}

func (s *session) clear() {
	s.inTransaction, s.from, s.to, s.mailLine, s.rcptLine = false, "", "", "", ""
}

func (s *session) mail(line, rest string) error {
	switch {
	case s.server.options.Username != "" && !s.authed:
		s.say("530 5.7.0 authentication required")
		return nil
	case s.inTransaction:
		s.say("503 5.5.1 nested MAIL command")
		return nil
	}
	s.from = path(rest)
	code, err := s.answer(Mail, line, "250 2.1.0 sender ok")
	if s.inTransaction = code == '2'; !s.inTransaction {
		s.from = ""
	}
	s.mailLine = line
	return err
}

func (s *session) rcpt(line, rest string) error {
	if !s.inTransaction {
		s.say("503 5.5.1 MAIL first")
		return nil
	}
	s.to = path(rest)
	code, err := s.answer(Rcpt, line, "250 2.1.5 recipient ok")
	if code != '2' {
		s.to = ""
	}
	s.rcptLine = line
	return err
}

func (s *session) data(line string) error {
	usual := "354 go ahead"
	switch {
	case !s.inTransaction:
		usual = "503 5.5.1 MAIL first"
	case s.to == "":
		usual = "554 5.5.1 no valid recipients"
	}
	code, err := s.answer(Data, line, usual)
	if err != nil || code != '3' {
		return err
	}
	if _, err := s.answer(Body, "", ""); err != nil {
		return err
	}
	return s.body()
}

func (s *session) body() error {
	m := Message{Conn: s.number, From: s.from, To: s.to, MailLine: s.mailLine, RcptLine: s.rcptLine}
	for {
		line, err := s.readLine()
		if err != nil {
			return err
		}
		if string(line) == ".\r\n" {
			break
		}
		m.Data = append(m.Data, bytes.TrimPrefix(line, []byte("."))...)
		if len(m.Data) > maxMessage {
			return errEnd
		}
	}
	usual := "250 2.0.0 queued"
	if m.To == "" {
		usual = "554 5.5.1 no valid recipients"
	}
	return s.dot(m, usual)
}

// dot records the message before its reply can be read, so that who has read the
// reply finds the message.
func (s *session) dot(m Message, usual string) error {
	a := s.server.options.Script(s.event(Dot, "."))
	s.clear()
	if err := s.wait(a); err != nil {
		s.server.keep(m)
		return err
	}
	a.Delay, a.Until = 0, nil
	if a.Reply != "" {
		usual = a.Reply
	}
	if !a.Silent {
		m.Reply = usual
	}
	s.server.keep(m)
	if m.taken() {
		s.taken++
	}
	return s.only(s.act(a, usual))
}

// path takes the address out of FROM:<…> or TO:<…> with whatever follows.
func path(rest string) string {
	start := strings.IndexByte(rest, '<')
	end := strings.LastIndexByte(rest, '>')
	if start < 0 || end < start {
		return ""
	}
	return rest[start+1 : end]
}
