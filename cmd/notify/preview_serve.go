package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/preview"
)

// How long a browser may take to ask and to listen.
const (
	serveHeader = 5 * time.Second
	serveAnswer = time.Minute
)

// serveAt reads the value of --serve. It refuses what leaves open who can reach the page:
// a port without an address, and names other than localhost.
func serveAt(given string) (netip.AddrPort, error) {
	host, port, bad := net.SplitHostPort(given)
	if strings.EqualFold(host, "localhost") {
		host = "127.0.0.1"
	}
	ip, badIP := netip.ParseAddr(host)
	number, badPort := strconv.ParseUint(port, 10, 16)
	if bad != nil || badIP != nil || badPort != nil {
		return netip.AddrPort{}, hint.Wrap(say(errUsage, "--serve is %q: want an IP address and a port", given),
			"for this machine alone: --serve 127.0.0.1:8025")
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(number)), nil
}

// runServe shows the notices as a page until the first signal.
func runServe(ctx context.Context, p *process, g *globals, o previewOptions) (err error) {
	at, err := serveAt(o.serve)
	if err != nil {
		return err
	}
	f, err := openFolder(p, g)
	if err != nil {
		return err
	}
	s := &served{folder: f, process: p}
	if err := s.openBook(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	page, err := s.page(ctx, o)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, at)
	if err != nil {
		return err
	}
	at = netip.AddrPortFrom(at.Addr(), uint16(listener.Addr().(*net.TCPAddr).Port)) // for port 0
	if !at.Addr().IsLoopback() {
		warning{
			fmt.Sprintf("%s is not of this machine alone: what the page shows crosses the network in clear", at),
			fmt.Sprintf("--serve 127.0.0.1:%d with ssh -L %[1]d:127.0.0.1:%[1]d HOST shows it elsewhere too", at.Port()),
		}.show(p)
	}
	if err := newView(p, g).show(s.result(at, page)); err != nil {
		return errors.Join(err, listener.Close())
	}
	return serveUntilStop(ctx, p, listener, page)
}

// result says at which addresses the page is.
func (s *served) result(at netip.AddrPort, page *preview.Handler) serveResult {
	own, err := net.InterfaceAddrs()
	if err != nil {
		own = nil // then the address of the loopback interface is the one that is known
	}
	var urls []string
	for _, a := range reachable(at, own) {
		urls = append(urls, "http://"+a.String()+page.Entry())
	}
	result := serveResult{URL: urls[0], Others: urls[1:]}
	if s.book != nil {
		result.Ledger = s.folder.ledger
	}
	return result
}

// serveUntilStop serves page to whoever connects. Nothing is in flight that would have to
// be finished.
func serveUntilStop(ctx context.Context, p *process, listener net.Listener, page http.Handler) error {
	ctx, cancel := p.untilStop(ctx)
	defer cancel()
	server := &http.Server{
		Handler: page, ReadHeaderTimeout: serveHeader, WriteTimeout: serveAnswer, IdleTimeout: serveAnswer,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	closed := make(chan error, 1)
	go func() {
		<-ctx.Done()
		closed <- server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the preview: %w", err)
	}
	return <-closed
}

// listen opens the port of --serve. The network is that of the address: without it
// 0.0.0.0 is every address of IPv6 too.
func listen(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	network := "tcp6"
	if at.Addr().Is4() {
		network = "tcp4"
	}
	listener, err := new(net.ListenConfig).Listen(ctx, network, at.String())
	switch {
	case err == nil:
		return listener, nil
	case errors.Is(err, syscall.EADDRINUSE):
		err = hint.Wrap(err, "another program has this port: choose another one, or 0 for any that is free")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		err = hint.Wrap(err, "this machine has no such address: for this machine alone take 127.0.0.1")
	case errors.Is(err, syscall.EACCES):
		err = hint.Wrap(err, "choose a port above 1023")
	}
	return nil, fmt.Errorf("serve the preview: %w", err)
}

// reachable returns the addresses at which a browser can open the page: where it listens at
// all of the machine's, those that other machines know it by, of the same family, or that of
// the loopback interface where there are none. own are the addresses of the interfaces.
func reachable(at netip.AddrPort, own []net.Addr) []netip.AddrPort {
	if !at.Addr().IsUnspecified() {
		return []netip.AddrPort{at}
	}
	var all []netip.AddrPort
	for _, a := range own {
		network, err := netip.ParsePrefix(a.String())
		if ip := network.Addr(); err == nil && ip.IsGlobalUnicast() && ip.Is4() == at.Addr().Is4() {
			all = append(all, netip.AddrPortFrom(ip, at.Port()))
		}
	}
	switch {
	case len(all) > 0:
		return all
	case at.Addr().Is4():
		return []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())}
	}
	return []netip.AddrPort{netip.AddrPortFrom(netip.IPv6Loopback(), at.Port())}
}

// serveResult says where the page is.
type serveResult struct {
	URL    string   `json:"url"`
	Others []string `json:"other_urls,omitempty"` // of the same page, at further addresses of this machine
	Ledger string   `json:"ledger,omitempty"`     // none: the accounts are made up
}

func (r serveResult) human(w io.Writer) {
	fmt.Fprintf(w, "preview   %s\n", r.URL)
	for _, other := range r.Others {
		fmt.Fprintf(w, "or        %s\n", other)
	}
	if r.Ledger != "" {
		fmt.Fprintf(w, "plan      %s\n", r.Ledger)
	} else {
		fmt.Fprintln(w, "plan      none yet: samples with made-up accounts")
	}
	fmt.Fprintln(w, "          the address works once, in one browser; Ctrl-C ends the preview")
}

// served is the plan that a page shows.
type served struct {
	*folder
	process *process
	book    *ledger.Reader // nil: there is no plan
	file    os.FileInfo    // the ledger as it was opened
}

var _ preview.Plan = (*served)(nil)

// openBook opens the ledger, where there is one, and holds the folder against it.
func (s *served) openBook(ctx context.Context) error {
	planned, err := s.hasLedger()
	if err != nil || !planned {
		return err
	}
	if s.file, err = os.Stat(s.ledger); err != nil {
		return fmt.Errorf("look for the ledger: %w", err)
	}
	s.book, err = s.openPlan(ctx)
	return err
}

func (s *served) close() error {
	if s.book == nil {
		return nil
	}
	return s.book.Close()
}

// Status implements preview.Plan. It refuses a plan that is not the one of the ledger any
// more.
func (s *served) Status(ctx context.Context) (campaign.Status, error) {
	now, err := os.Stat(s.ledger)
	if err == nil && !os.SameFile(now, s.file) {
		err = hint.Wrap(say(errRefused, "there is a new plan"), "end notify preview with Ctrl-C and start it again")
	}
	if err != nil {
		return campaign.Status{}, err
	}
	return s.book.Status(ctx, s.process.now())
}

// Find implements preview.Plan.
func (s *served) Find(ctx context.Context, id string) (notice.Recipient, error) {
	n, err := s.book.NoticeOf(ctx, id)
	if errors.Is(err, ledger.ErrNoAccount) || errors.Is(err, ledger.ErrExcluded) {
		return notice.Recipient{}, say(preview.ErrNoNotice, "%v", err)
	}
	if err != nil {
		return notice.Recipient{}, err
	}
	return n.Recipient(s.process.now()), nil
}

// page makes the page with what the command line asks for in front.
func (s *served) page(ctx context.Context, o previewOptions) (*preview.Handler, error) {
	groups, err := s.groups(ctx)
	if err != nil {
		return nil, err
	}
	options := preview.Options{
		Campaign: s.config.Campaign, Notices: s.notices, Groups: groups, Random: s.process.random,
		First: preview.Choice{Account: o.account, View: serveViews[o.format], Case: firstOf(groups, account.Class(o.class))},
	}
	if s.book != nil {
		options.Plan = s
	}
	if o.account != "" { // said here rather than in the browser
		if _, err := s.recipientOf(ctx, s.process, o.account); err != nil {
			return nil, err
		}
	}
	return preview.New(options)
}

// serveViews are the values of --format as the page calls them.
var serveViews = map[string]preview.View{"text": preview.Text, "html": preview.HTML, "eml": preview.Source}

// firstOf returns the first case of a class, or nothing.
func firstOf(groups []preview.Group, class account.Class) string {
	for _, g := range groups {
		if class != "" && g.Class == class && len(g.Cases) > 0 {
			return g.Cases[0].Key
		}
	}
	return ""
}
