package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"breachnotify/pkg/campaign"
)

func TestALinkIsNoWayPastTheLock(t *testing.T) {
	path := planned(t, frozen(), people(4))
	link := filepath.Join(filepath.Dir(path), "other.ledger")
	must(t, os.Symlink(path, link))
	opened(t, path, Options{})
	if _, err := Open(t.Context(), link, Options{}); !errors.Is(err, ErrHeld) {
		t.Errorf("a symbolic link to a held ledger opens with %v, want ErrHeld", err)
	}
	must(t, os.Remove(link))
	must(t, os.Link(path, link))
	if _, err := Open(t.Context(), link, Options{}); !errors.Is(err, errTwoNames) {
		t.Errorf("a ledger with two names opens with %v, want errTwoNames", err)
	}
}

func TestFilesThatArePulledAwayStopTheWriter(t *testing.T) {
	for name, pull := range map[string]func(path string) error{
		"the ledger is removed":  os.Remove,
		"the ledger is replaced": func(path string) error { return errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o600)) },
		"the lock is removed":    func(path string) error { return os.Remove(lockPath(path)) },
	} {
		t.Run(name, func(t *testing.T) {
			path := planned(t, frozen(), people(4))
			l, err := Open(t.Context(), path, Options{})
			must(t, err)
			t.Cleanup(func() { l.Close() }) // whose error is about the file that is gone
			must(t, pull(path))
			if err := l.Record(t.Context(), to(1, campaign.Pending, campaign.Sending)); !errors.Is(err, errReplaced) {
				t.Errorf("Record = %v, want errReplaced", err)
			}
			if err := l.Record(t.Context(), to(2, campaign.Pending, campaign.Sending)); !errors.Is(err, ErrStopped) {
				t.Errorf("the next Record = %v, want ErrStopped", err)
			}
		})
	}
}
