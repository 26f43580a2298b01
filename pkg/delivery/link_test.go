package delivery

import (
	"context"
	"errors"
	"testing"

	"breachnotify/pkg/campaign"
)

func TestTheLedgerLearnsOverWhatARunSends(t *testing.T) {
	m, s := newMemory(t, 10, mailboxes(10, "one.example")...), newServer()
	o := options(m, s)
	o.Connections, o.PerSession = 1, 2
	mustRun(t, o)
	if s.opens < 5 {
		t.Fatalf("%d sessions were opened", s.opens)
	}
	if len(m.opened) != 1 {
		t.Fatalf("the ledger was told of %d sessions over one link, want 1", len(m.opened))
	}
	got := m.opened[0]
	if got.Host != "relay.example.org:587" || got.Peer != "192.0.2.1:587" || got.Encryption == "" || got.At.IsZero() {
		t.Errorf("the ledger was told of %+v", got)
	}
}

func TestNothingIsSentOverASessionThatIsNotOnRecord(t *testing.T) {
	m, s := newMemory(t, 10, mailboxes(10, "one.example")...), newServer()
	m.deaf = true
	sum, err := Run(context.Background(), nil, options(m, s))
	if !errors.Is(err, errDisk) {
		t.Errorf("the run ended with %v", err)
	}
	wantEnd(t, sum, Failed)
	m.want(t, map[campaign.State]int{campaign.Pending: 10})
	if s.sessions != 0 {
		t.Errorf("%d sessions are left open", s.sessions)
	}
}
