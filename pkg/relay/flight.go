package relay

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"time"

	"breachnotify/pkg/notice"
)

// stageReset is RSET, which stands before MAIL where a transaction was left half
// way. Its failures count as MAIL's.
const stageReset Stage = "rset"

// Reasons why no more replies of a flight came that no system call gives.
var (
	errClosing   = errors.New("the relay closes the session")
	errOutOfStep = fmt.Errorf("%w: commands and replies do not match", errProtocol)
)

// exchange is one command, or a body with its dot, and the reply due to it.
type exchange struct {
	stage Stage
	end   int // of its octets in the flight
}

// flight is what goes out together, in its order.
type flight struct {
	octets    []byte
	dotAt     int // where the final dot stands; meaningless without a body
	exchanges []exchange
	sized     bool // MAIL says how large the message is
}

// flight writes body and next as they go on the wire.
func (s *Session) flight(body *notice.Message, next *Envelope) flight {
	f := flight{octets: s.buffer[:0]}
	add := func(stage Stage) { f.exchanges = append(f.exchanges, exchange{stage, len(f.octets)}) }
	if body != nil {
		f.octets, f.dotAt = appendBody(f.octets, body.Bytes)
		add(StageDot)
	}
	if next != nil {
		if s.stale {
			f.octets = append(f.octets, "RSET\r\n"...)
			add(stageReset)
		}
		f.octets = next.appendMail(f.octets, s.offers)
		f.sized = next.declares(s.offers)
		add(StageMail)
		f.octets = next.appendRcpt(f.octets, s.offers)
		add(StageRcpt)
		f.octets = append(f.octets, "DATA\r\n"...)
		add(StageData)
	}
	s.buffer = f.octets
	return f
}

// fly sends the flight and reads the replies: all at once where the relay
// pipelines, else one exchange after the other, until a command is refused.
func (s *Session) fly(f flight) (l landing) {
	for group := range s.groups(f.exchanges) {
		if l.unasked, l.err = s.unasked(); l.err != nil {
			return l
		}
		var n int
		n, l.err = s.write(f.octets[l.written:group[len(group)-1].end])
		if l.written += n; l.err != nil {
			return l
		}
		for _, x := range group {
			reply, err := s.reply(x.stage)
			if err != nil {
				l.err = err
				return l
			}
			l.replies = append(l.replies, reply)
			if reply.Code == 421 {
				l.err = errClosing
				return l
			}
		}
		if last := l.replies[len(l.replies)-1]; last.Code >= 400 && group[0].stage != StageDot {
			break // in lockstep, what follows a refused command is not sent
		}
	}
	if s.client.Text.R.Buffered() > 0 {
		l.unasked, l.err = s.unasked()
	}
	return l
}

// groups deals the exchanges of a flight into what may go out at once.
func (s *Session) groups(all []exchange) iter.Seq[[]exchange] {
	if s.offers.pipelining {
		return slices.Chunk(all, len(all))
	}
	return slices.Chunk(all, 1)
}

// write sends p in one write and returns how many of its octets were handed over.
// Under TLS an octet counts once its whole record was: a torn record is worth
// nothing to the relay.
func (s *Session) write(p []byte) (int, error) {
	w := s.client.Text.W
	n, err := w.Write(p)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		err = fmt.Errorf("write to the relay: %w", err)
	}
	return n - w.Buffered(), err
}

// reply reads the reply to a command of the given stage. One of a kind that no such
// command can get is errOutOfStep: it belongs to another command, or to none.
func (s *Session) reply(stage Stage) (Reply, error) {
	if err := s.conn.expect(s.patience(stage), replyBudget); err != nil {
		return Reply{}, err
	}
	r, err := readReply(s.client.Text.R)
	if err == nil && !fits(stage, r.Code) {
		return Reply{}, errOutOfStep
	}
	return r, err
}

// fits reports whether a command of the given stage can get a reply with code (RFC
// 5321 section 4.3.2).
func fits(stage Stage, code int) bool {
	switch stage {
	case StageData:
		return code == 354 || code >= 400
	case stageReset:
		return code/100 == 2 || code == 421
	}
	return code/100 != 3
}

func (s *Session) patience(stage Stage) time.Duration {
	switch stage {
	case StageRcpt:
		return s.timeouts.Rcpt
	case StageData:
		return s.timeouts.Data
	case StageDot:
		return s.timeouts.Dot
	}
	return s.timeouts.Mail
}

// unasked returns an error where the relay has spoken, or has closed the
// connection, although no reply is due. It does not wait for that.
func (s *Session) unasked() (Reply, error) {
	r := s.client.Text.R
	if r.Buffered() == 0 {
		if arrived, err := s.conn.arrived(); !arrived {
			return Reply{}, err
		}
	}
	if err := s.conn.expect(glance, replyBudget); err != nil {
		return Reply{}, err
	}
	if _, err := r.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) {
		return Reply{}, nil // what arrived is of TLS itself, such as a session ticket
	}
	reply, err := readReply(r)
	switch {
	case err != nil:
		return Reply{}, err
	case reply.Code == 421:
		return reply, errClosing
	}
	return reply, errOutOfStep
}
