package delivery_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"breachnotify/pkg/delivery"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

// childVariable makes the test binary play a process that sends, and can be killed.
const childVariable = "DELIVERY_TEST_CHILD"

func TestMain(m *testing.M) {
	if order := os.Getenv(childVariable); order != "" {
		os.Exit(child(order))
	}
	// The trials wait more than they compute. A flag that is given still counts.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// orders are what a child is to do.
type orders struct {
	Path        string
	Port        int // of a relay in clear on 127.0.0.1
	Connections int
	KillAt      int   // the fault point at which it kills itself; 0: none
	Room        int64 // octets that a file may have; 0: any number
}

// child sends, and says "done" or why not, in one line.
func child(order string) int {
	var o orders
	err := json.Unmarshal([]byte(order), &o)
	if err == nil && o.Room > 0 {
		signal.Ignore(unix.SIGXFSZ) // so that the write fails instead
		err = unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: uint64(o.Room), Max: math.MaxUint64})
	}
	if err == nil {
		err = o.send()
	}
	if err != nil {
		fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "), hint.Of(err))
		return 1
	}
	fmt.Println("done")
	return 0
}

func (o orders) send() (err error) {
	ctx := background
	book, err := ledger.Open(ctx, o.Path, ledger.Options{Fault: o.suicide()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	if _, err := book.Begin(ctx, throttle.System{}.Now()); err != nil {
		return err
	}
	mailer, err := relay.New(relay.Options{Host: "127.0.0.1", Port: o.Port, TLS: relay.NoTLS})
	if err != nil {
		return err
	}
	run, err := plainOptions()
	if err != nil {
		return err
	}
	run.Ledger, run.Sender, run.Connections = book, sender{mailer}, o.Connections
	sum, err := delivery.Run(ctx, nil, run)
	if err == nil && sum.End != delivery.Done {
		err = fmt.Errorf("the run ended %s: %s", sum.End, sum.Halted)
	}
	return err
}

// suicide returns the fault that ends the process as a power cut does.
func (o orders) suicide() func(string) error {
	points := 0
	return func(string) error {
		if points++; points == o.KillAt {
			_ = unix.Kill(os.Getpid(), unix.SIGKILL)
			select {} // until the signal arrives
		}
		return nil
	}
}

// start runs a child.
func (o orders) start(tb testing.TB) *process {
	tb.Helper()
	text, err := json.Marshal(o)
	check(tb, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	out, err := cmd.StdoutPipe()
	check(tb, err)
	check(tb, cmd.Start())
	p := &process{cmd: cmd, out: bufio.NewReader(out)}
	tb.Cleanup(p.kill)
	return p
}

// process is a child that runs or has ended.
type process struct {
	cmd *exec.Cmd
	out *bufio.Reader
}

// last waits for the child's end and returns what it said; nothing: it was killed.
func (p *process) last() string {
	line, _ := p.out.ReadString('\n') // the end of a child that says nothing is io.EOF
	_ = p.cmd.Wait()                  // how it ended is told by what it said
	return strings.TrimSpace(line)
}

// kill ends the child with SIGKILL, unless it has ended.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}
